/** What memory an instruction may touch, seen from its code and the registers before it. */
import iced from 'iced-x86';
import type { CpuState } from '../../formats/state.js';
import { newDecoder } from '../disassemble.js';
import type { LinearStretch } from '../explain/operands.js';

export interface Touched {
  /** Bytes of the instruction. */
  length: number;
  stretches: LinearStretch[];
}

const ECX = 1;
const DIRECTION = 0x400;
const VM = 0x20000;
/** What has no size, such as FXSAVE's image, is not more than this. */
const LARGEST = 512;
/** ENTER, PUSHA and the like: around the stack's top. */
const STACK_BYTES = 256;
const ESP = 4;
const SS = 2;
const TSS_BYTES = 104;

/**
 * Instructions that something beside registers and RAM takes part in, or that are the relog's own events: they are neither
 * tried nor healed.
 */
const OUTSIDE =
  /^(In|Out|Ins|Outs|Int|Hlt|Rd|Wr|Cpuid|Iret|Sysenter|Sysexit|Syscall|Sysret|Ud|Mwait|Monitor|Invd|Wbinvd)/;
const WITH_EVENTS =
  /^(Pushf|Lahf|F(n?stsw|n?stenv|n?save|xsave)|Fptan|Fpatan|F2xm1|Fyl2x|Fprem|Fsin|Fcos|Rsqrt|Rcp|Sti|Popf)/;

/** @returns null when it is no instruction, or none that can be tried by itself */
export function touchedBy(code: Uint8Array, bits: 16 | 32, state: CpuState): Touched | null {
  const decoder = newDecoder(bits, code);
  const instruction = decoder.decode();
  const factory = new iced.InstructionInfoFactory();
  try {
    if (instruction.code === iced.Code.INVALID) return null;
    const mnemonic = iced.Mnemonic[instruction.mnemonic];
    if (OUTSIDE.test(mnemonic) || WITH_EVENTS.test(mnemonic)) return null;
    const info = factory.info(instruction);
    const memory = info.usedMemory() as iced.UsedMemory[];
    const narrow = memory.some(({ base, index }) => is16(base) || is16(index));
    const repeats = instruction.isStringInstruction && (instruction.hasRepPrefix || instruction.hasRepnePrefix);
    const mask = narrow ? 0xffff : 0xffffffff;
    const times = repeats ? (state.gpr[ECX]! & mask) >>> 0 : 1;
    const stretches = memory.map((each) => stretchOf(each, state, mask, times));
    if (memory.length > 0) {
      const top = (state.segments[SS]!.base + state.gpr[ESP]!) >>> 0;
      stretches.push({ linear: (top - STACK_BYTES) >>> 0, length: 2 * STACK_BYTES });
    }
    memory.forEach((each) => each.free());
    info.free();
    if (loadsSegments(state, instruction)) stretches.push(...tables(state));
    return { length: instruction.length, stretches };
  } finally {
    factory.free();
    instruction.free();
    decoder.free();
  }
}

const is16 = (register: iced.Register): boolean => register >= iced.Register.AX && register <= iced.Register.DI;
const numberOf = (register: iced.Register): number =>
  register === iced.Register.None ? -1 : register - (is16(register) ? iced.Register.AX : iced.Register.EAX);

function stretchOf(used: iced.UsedMemory, state: CpuState, mask: number, times: number): LinearStretch {
  const { segment, base, index, scale, displacement, memorySize } = used;
  const part = (register: iced.Register): number => (numberOf(register) < 0 ? 0 : state.gpr[numberOf(register)]!);
  const offset = ((part(base) + Math.imul(part(index), scale) + Number(BigInt.asIntN(32, displacement))) & mask) >>> 0;
  const from = segment === iced.Register.None ? 0 : state.segments[segment - iced.Register.ES]!.base;
  const size = iced.MemorySizeExt.size(memorySize) || LARGEST;
  const down = times > 1 && (state.eflags & DIRECTION) !== 0;
  const linear = from + offset - (down ? (times - 1) * size : 0);
  return { linear: linear >>> 0, length: size * times };
}

/** A segment register may get another value, or control go to another segment. */
function loadsSegments({ cr0, eflags }: CpuState, instruction: iced.Instruction): boolean {
  if ((cr0 & 1) === 0 || (eflags & VM) !== 0) return false;
  const text = iced.Mnemonic[instruction.mnemonic];
  if (/^(L[defgs]s|Lss|Lldt|Ltr|Lar|Lsl|Verr|Verw|Retf)$/.test(text)) return true;
  if (/^(Jmp|Call)$/.test(text)) return instruction.flowControl !== iced.FlowControl.Next;
  return (
    /^(Mov|Pop)$/.test(text) &&
    instruction.op0Register >= iced.Register.ES &&
    instruction.op0Register <= iced.Register.GS
  );
}

function tables({ gdtr, ldtr, tr }: CpuState): LinearStretch[] {
  return [
    { linear: gdtr.base, length: gdtr.limit + 1 },
    { linear: ldtr.base, length: Math.min(ldtr.limit + 1, 0x10000) },
    { linear: tr.base, length: TSS_BYTES },
  ];
}
