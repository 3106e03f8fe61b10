/** Prefixes: LOCK stands before some instructions only, and no instruction is longer than 15 bytes. */
import { codeByte, isPrefix, length, LONGEST, mayLock } from './decode';
import {
  analyze, analyze0f, generalProtection, generate, generateGeneralProtection, generateUndefined, run, TAKEN, UNDEFINED,
  undefinedOpcode,
} from './engine';
import { eip, is32, previousEip } from './registers';

@external('v86', 'cpu::run_prefix_instruction$original') declare function runPrefixOriginal(): void;
@external('v86', 'cpu::segment_prefix_op$original') declare function segmentPrefixOriginal(segment: i32): void;

const LOCK: i32 = 0xf0;
/** With fewer prefixes none is too long: 11 bytes is the most that follows them. */
const FEW: i32 = 5;

/** Whether the instruction under way, of whose bytes some prefixes were read, is too long: then it has faulted. */
function isTooLong(): bool {
  if (eip() - previousEip() != FEW || length(previousEip(), is32() != 0, false) <= LONGEST) return false;
  generalProtection(0);
  return true;
}

export function runPrefix(): void {
  if (!isTooLong()) runPrefixOriginal();
}

export function runSegmentPrefix(segment: i32): void {
  if (!isTooLong()) segmentPrefixOriginal(segment);
}

export function runLock(opcode: i32): void {
  if (mayLock(eip(), false)) run(opcode | TAKEN);
  else undefinedOpcode();
}

/** Of the reader of code: its address, and whether operands have 32 bits unless prefixes say otherwise. */
const READER_STATE: usize = 9;
/** Of the context of an instruction that is generated: the reader, and where it began. */
const READER: usize = 32;
const START: usize = 44;

const FINE: i32 = 0;
const TOO_LONG: i32 = 1;
const NOT_LOCKABLE: i32 = 2;

/** @param start the first of the prefixes @param cpu the reader */
function verdict(start: i32, cpu: usize): i32 {
  if (length(start, (load<u8>(cpu + READER_STATE) & 1) != 0, true) > LONGEST) return TOO_LONG;
  let address = start;
  while (codeByte(address, true) != LOCK) {
    if (!isPrefix(codeByte(address++, true))) return FINE;
  }
  return mayLock(address + 1, true) ? FINE : NOT_LOCKABLE;
}

/** The prefixes of the instruction that is being analyzed were looked at, by the handler of the first. */
let inside: bool = false;

export function analyzePrefix(opcode: i32, cpu: usize, analysis: usize): void {
  if (inside) {
    analyze(opcode | TAKEN, cpu, analysis);
    return;
  }
  if (verdict(load<i32>(cpu) - 1, cpu) != FINE) {
    analyze0f(UNDEFINED, cpu, analysis);
    return;
  }
  inside = true;
  analyze(opcode | TAKEN, cpu, analysis);
  inside = false;
}

export function generatePrefix(opcode: i32, context: usize, flags: usize): void {
  const cpu = load<usize>(context + READER);
  const start = load<i32>(context + START);
  // Those behind the first one were looked at.
  const found = load<i32>(cpu) - 1 == start ? verdict(start, cpu) : FINE;
  if (found == FINE) generate(opcode | TAKEN, context, flags);
  else if (found == TOO_LONG) generateGeneralProtection(context);
  else generateUndefined(context);
}
