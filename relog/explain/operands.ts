/** What an instruction writes, seen from its code and the registers before it. */
import iced from 'iced-x86';
import { newDecoder } from '../disassemble.js';

/** A stretch of linear addresses. */
export interface LinearStretch {
  linear: number;
  length: number;
}

interface MemoryOperand {
  /** Numbers of registers, or -1 for none. */
  segment: number;
  base: number;
  index: number;
  scale: number;
  displacement: number;
  bytes: number;
}

export interface Decoded {
  /** Bytes. */
  length: number;
  /** Bits of EFLAGS that it gives a value. */
  flags: number;
  /** A string instruction with a REP prefix; and one that compares. */
  repeated: boolean;
  compares: boolean;
  code: Uint8Array;
  writes: MemoryOperand[];
  /** Writes a string at ES:EDI. */
  string: boolean;
  /** Address size: 16 or 32 bits. */
  mask: number;
}

/** Bits of EFLAGS (SDM vol. 1, 3.4.3), by the decoder's names for them. */
const FLAG_BITS: readonly [iced.RflagsBits, number][] = [
  [iced.RflagsBits.CF, 0x1],
  [iced.RflagsBits.PF, 0x4],
  [iced.RflagsBits.AF, 0x10],
  [iced.RflagsBits.ZF, 0x40],
  [iced.RflagsBits.SF, 0x80],
  [iced.RflagsBits.IF, 0x200],
  [iced.RflagsBits.DF, 0x400],
  [iced.RflagsBits.OF, 0x800],
];
const WRITING: ReadonlySet<iced.OpAccess> = new Set([
  iced.OpAccess.Write,
  iced.OpAccess.CondWrite,
  iced.OpAccess.ReadWrite,
  iced.OpAccess.ReadCondWrite,
]);
const EDI = 7;
/** The largest of a string. */
const ELEMENT_BYTES = 4;
const MOST_CACHED = 100_000;

export class Decoding {
  private readonly cache = new Map<number, Decoded>();
  private readonly information = new iced.InstructionInfoFactory();

  /** @param code what stands at `linear`; null when it is no instruction, or not all of it */
  at(linear: number, code: Uint8Array, bits: 16 | 32): Decoded | null {
    const known = this.cache.get(linear);
    if (known !== undefined && sameStart(known.code, code)) return known;
    const decoded = this.decode(code, bits);
    if (this.cache.size >= MOST_CACHED) this.cache.clear();
    if (decoded !== null) this.cache.set(linear, decoded);
    return decoded;
  }

  close(): void {
    this.information.free();
  }

  private decode(code: Uint8Array, bits: 16 | 32): Decoded | null {
    const decoder = newDecoder(bits, code);
    const instruction = decoder.decode();
    try {
      if (instruction.code === iced.Code.INVALID) return null;
      const string = instruction.isStringInstruction;
      const given = instruction.rflagsWritten | instruction.rflagsCleared | instruction.rflagsSet;
      const info = this.information.info(instruction);
      const memory = info.usedMemory() as iced.UsedMemory[];
      const writes = memory.filter(({ access }) => WRITING.has(access)).map(operandOf);
      const narrow = memory.some(({ base, index }) => is16(base) || is16(index));
      memory.forEach((each) => each.free());
      info.free();
      const mnemonic = iced.Mnemonic[instruction.mnemonic];
      return {
        length: instruction.length,
        flags: FLAG_BITS.reduce((all, [bit, flag]) => all | (given & bit ? flag : 0), 0),
        repeated: string && (instruction.hasRepPrefix || instruction.hasRepnePrefix),
        compares: string && /^(Cmps|Scas)/.test(mnemonic),
        code: code.slice(0, instruction.length),
        writes: string ? [] : writes,
        string: string && /^(Movs|Stos|Ins)/.test(mnemonic),
        mask: narrow ? 0xffff : 0xffffffff,
      };
    } finally {
      instruction.free();
      decoder.free();
    }
  }
}

/** Where the instruction writes, strings apart, by the registers before it. */
export function written(decoded: Decoded, before: Registers): LinearStretch[] {
  return decoded.writes.map((operand) => stretchOf(operand, before, decoded.mask));
}

/** Where a string instruction wrote: between EDI before and after, and an element more on either side. */
export function stringTarget(
  { mask }: Decoded,
  base: number,
  before: ArrayLike<number>,
  after: ArrayLike<number>,
): LinearStretch {
  const [a, b] = [(before[EDI]! & mask) >>> 0, (after[EDI]! & mask) >>> 0];
  const from = Math.min(a, b);
  return { linear: (base + from - ELEMENT_BYTES) >>> 0, length: Math.max(a, b) - from + 2 * ELEMENT_BYTES };
}

/** The registers that addresses are made of. */
export interface Registers {
  gpr: ArrayLike<number>;
  base: (segment: number) => number;
}

function stretchOf(
  { segment, base, index, scale, displacement, bytes }: MemoryOperand,
  from: Registers,
  mask: number,
): LinearStretch {
  const part = (register: number): number => (register < 0 ? 0 : from.gpr[register]!);
  const offset = ((part(base) + Math.imul(part(index), scale) + displacement) & mask) >>> 0;
  return { linear: (offset + (segment < 0 ? 0 : from.base(segment))) >>> 0, length: bytes };
}

function operandOf({ segment, base, index, scale, displacement, memorySize }: iced.UsedMemory): MemoryOperand {
  return {
    segment: segment === iced.Register.None ? -1 : segment - iced.Register.ES,
    base: generalNumber(base),
    index: generalNumber(index),
    scale,
    displacement: Number(BigInt.asIntN(32, displacement)),
    // What has no size, such as FXSAVE's image, is not more than this.
    bytes: iced.MemorySizeExt.size(memorySize) || 512,
  };
}

const is16 = (register: iced.Register): boolean => register >= iced.Register.AX && register <= iced.Register.DI;

function generalNumber(register: iced.Register): number {
  if (register === iced.Register.None) return -1;
  return register - (is16(register) ? iced.Register.AX : iced.Register.EAX);
}

function sameStart(start: Uint8Array, whole: Uint8Array): boolean {
  if (start.length > whole.length) return false;
  for (let i = 0; i < start.length; i++) if (start[i] !== whole[i]) return false;
  return true;
}
