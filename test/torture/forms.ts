/**
 * Every form of an instruction that a code segment of 32 or 16 bits can hold, found by decoding all opcodes with all
 * prefixes and operands: what iced-x86 knows is the list, nothing here is.
 */
import {
  Code,
  CpuidFeature,
  Decoder,
  DecoderOptions,
  FlowControl,
  type Instruction,
  InstructionInfoFactory,
  Mnemonic,
  OpKind,
  Register,
  type UsedRegister,
} from 'iced-x86';

export type Bits = 16 | 32;

export interface Encoding {
  /** iced-x86's name of the instruction, where its operand lies, its prefixes, bits of the code segment. */
  form: string;
  bytes: Uint8Array;
  bits: Bits;
  memory: boolean;
  stack: boolean;
  repeated: boolean;
  fpu: boolean;
  /** Bits of EFLAGS that the manual leaves open. */
  undefinedFlags: number;
  /** Whether CPUID of the machine names all that it needs. */
  supported: boolean;
  /** Whether a processor in another system may rightly do something else: selectors, counters, approximations. */
  system: boolean;
  /** Only the system may run it. */
  privileged: boolean;
  /** Goes elsewhere. */
  branch: boolean;
  /** Takes the selector of a code segment from the stack. */
  far: boolean;
}

/** What the machine's CPUID says it has. */
const FEATURES = new Set([
  ...[CpuidFeature.INTEL8086, CpuidFeature.INTEL8086_ONLY, CpuidFeature.INTEL186, CpuidFeature.INTEL286],
  ...[CpuidFeature.INTEL286_ONLY, CpuidFeature.INTEL386, CpuidFeature.INTEL386_ONLY, CpuidFeature.INTEL486],
  ...[CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387, CpuidFeature.TSC, CpuidFeature.MSR],
  ...[CpuidFeature.CX8, CpuidFeature.CMOV, CpuidFeature.MMX, CpuidFeature.FXSR, CpuidFeature.SSE, CpuidFeature.SSE2],
  ...[CpuidFeature.SSE3, CpuidFeature.CPUID, CpuidFeature.SEP, CpuidFeature.POPCNT, CpuidFeature.MULTIBYTENOP],
  ...[CpuidFeature.PAUSE, CpuidFeature.PREFETCHW, CpuidFeature.CET_IBT, CpuidFeature.CET_SS],
]);

const FLOATS = new Set([
  ...[CpuidFeature.FPU, CpuidFeature.FPU287, CpuidFeature.FPU387, CpuidFeature.MMX, CpuidFeature.SSE],
  ...[CpuidFeature.SSE2, CpuidFeature.SSE3, CpuidFeature.FXSR, CpuidFeature.AVX],
]);

const SYSTEM = new Set([
  ...[Mnemonic.Cpuid, Mnemonic.Rdtsc, Mnemonic.Rdpmc, Mnemonic.Lar, Mnemonic.Lsl, Mnemonic.Verr, Mnemonic.Verw],
  ...[Mnemonic.Sgdt, Mnemonic.Sidt, Mnemonic.Sldt, Mnemonic.Str, Mnemonic.Smsw, Mnemonic.Iret, Mnemonic.Iretd],
  ...[Mnemonic.Rsqrtps, Mnemonic.Rsqrtss, Mnemonic.Rcpps, Mnemonic.Rcpss],
  ...[Mnemonic.Fsin, Mnemonic.Fcos, Mnemonic.Fsincos, Mnemonic.Fptan, Mnemonic.Fpatan, Mnemonic.F2xm1],
  ...[Mnemonic.Fyl2x, Mnemonic.Fyl2xp1, Mnemonic.Fxsave, Mnemonic.Fnsave, Mnemonic.Fnstenv, Mnemonic.Fldenv],
  // Where a virtual machine runs, EIP behind it is not what the processor says.
  Mnemonic.Int1,
  ...[Mnemonic.Lds, Mnemonic.Les, Mnemonic.Lfs, Mnemonic.Lgs, Mnemonic.Lss, Mnemonic.Retf],
]);

/** What would leave the program, or wait: system calls, and instructions that never end. */
const LEFT_OUT = new Set([Mnemonic.Sysenter, Mnemonic.Syscall, Mnemonic.Sysexit]);

const SEGMENTS = new Set([Register.ES, Register.CS, Register.SS, Register.DS, Register.FS, Register.GS]);

const PREFIXES: readonly (readonly number[])[] = [
  ...[[], [0x66], [0xf3], [0xf2], [0x66, 0xf3], [0x66, 0xf2]],
  ...[[0xf0], [0xf0, 0x66], [0x67], [0x66, 0x67], [0xf3, 0x67], [0x26], [0x2e], [0x36], [0x3e], [0x65], [0x64]],
];

const MAPS: readonly (readonly number[])[] = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];

export interface FormOptions {
  /** Encodings of each form, at most. */
  variants: number;
  random: () => number;
  bits: Bits;
}

/** How memory is addressed: what the operand is, in the row's registers (see harness.c). */
function memoryOperand(bits: Bits, narrow: boolean, reg: number, random: () => number): number[] {
  const below = (n: number): number => Math.floor(random() * n);
  const modrm = (mod: number, rm: number): number => (mod << 6) | (reg << 3) | rm;
  if ((bits === 16) !== narrow) {
    const rm = [4, 5, 7][below(3)]!;
    return [[modrm(0, rm)], [modrm(1, rm), below(64)], [modrm(2, rm), below(64), 0]][below(3)]!;
  }
  const base = [3, 6, 7][below(3)]!;
  return [
    [modrm(0, base)],
    [modrm(1, base), below(64)],
    [modrm(2, base), below(64), 0, 0, 0],
    [modrm(0, 4), 0x20 | base],
    [modrm(1, 4), (below(4) << 6) | 0x08 | base, below(32)],
    [modrm(0, 4), (below(4) << 6) | (below(8) << 3) | base],
  ][below(6)]!;
}

/** Every form once or more; encodings of a form follow each other. */
export function everyForm({ variants, random, bits }: FormOptions): Encoding[] {
  const byForm = new Map<string, { seen: number; kept: Encoding[] }>();
  const info = new InstructionInfoFactory();
  const add = (bytes: readonly number[]): void => {
    const encoding = decode(bytes, bits, info, random);
    if (encoding === null) return;
    let known = byForm.get(encoding.form);
    if (known === undefined) byForm.set(encoding.form, (known = { seen: 0, kept: [] }));
    known.seen++;
    // Each encoding of a form is kept with the same probability.
    if (known.kept.length < variants) known.kept.push(encoding);
    else {
      const place = Math.floor(random() * known.seen);
      if (place < variants) known.kept[place] = encoding;
    }
  };
  for (const prefix of PREFIXES) {
    const narrow = prefix.includes(0x67);
    for (const map of MAPS) {
      for (let opcode = 0; opcode < 0x100; opcode++) {
        for (let reg = 0; reg < 8; reg++) {
          for (let k = 0; k < 3; k++) {
            const rm = Math.floor(random() * 8);
            add([...prefix, ...map, opcode, 0xc0 | (reg << 3) | rm]);
          }
          for (let k = 0; k < 3; k++) add([...prefix, ...map, opcode, ...memoryOperand(bits, narrow, reg, random)]);
        }
      }
    }
  }
  info.free();
  return [...byForm.values()].flatMap(({ kept }) => kept);
}

/** Displacement of every branch: see LANDING in harness.c. */
const LANDING = 0x10;

function decode(
  start: readonly number[],
  bits: Bits,
  info: InstructionInfoFactory,
  random: () => number,
): Encoding | null {
  const tail = Array.from({ length: 15 - start.length }, () => Math.floor(random() * 256));
  const bytes = Uint8Array.from([...start, ...tail]);
  const decoder = new Decoder(bits, bytes, DecoderOptions.None);
  const instruction = decoder.decode();
  try {
    return describe(bytes, bits, decoder, instruction, info);
  } finally {
    instruction.free();
    decoder.free();
  }
}

function describe(
  bytes: Uint8Array,
  bits: Bits,
  decoder: Decoder,
  instruction: Instruction,
  factory: InstructionInfoFactory,
): Encoding | null {
  if (instruction.isInvalid || LEFT_OUT.has(instruction.mnemonic)) return null;
  // Where ESP points is no code.
  const indirect =
    instruction.flowControl === FlowControl.IndirectBranch || instruction.flowControl === FlowControl.IndirectCall;
  if (indirect && [Register.ESP, Register.SP].includes(instruction.op0Register)) return null;
  const offsets = decoder.getConstantOffsets(instruction);
  const place = (offset: number, size: number, value: number): void => {
    for (let i = 0; i < size; i++) bytes[offset + i] = i === 0 ? value : 0;
  };
  const flow = instruction.flowControl;
  const nearBranch = [OpKind.NearBranch16, OpKind.NearBranch32].includes(instruction.opKind(0));
  if (nearBranch && offsets.hasImmediate) place(offsets.immediateOffset, offsets.immediateSize, LANDING);
  // INT 80h asks the system for something.
  if (instruction.mnemonic === Mnemonic.Int && bytes[offsets.immediateOffset] === 0x80) return null;
  offsets.free();
  const used = factory.info(instruction);
  let memory = false;
  for (let i = 0; i < instruction.opCount; i++) memory ||= instruction.opKind(i) >= OpKind.MemorySegSI;
  const features = instruction.cpuidFeatures();
  let segments = false;
  for (const register of used.usedRegisters() as UsedRegister[]) {
    if (SEGMENTS.has(register.register) && isOperand(instruction, register.register)) segments = true;
    register.free();
  }
  used.free();
  const prefixes = [
    ...(instruction.hasLockPrefix ? ['lock'] : []),
    ...(instruction.hasRepPrefix ? ['rep'] : []),
    ...(instruction.hasRepnePrefix ? ['repne'] : []),
    ...(bytes[0] === 0x67 || bytes[1] === 0x67 ? ['67'] : []),
    ...(instruction.segmentPrefix === Register.None ? [] : [Register[instruction.segmentPrefix].toLowerCase()]),
  ];
  return {
    form: [Code[instruction.code], memory ? 'mem' : 'reg', ...prefixes, bits].join(' '),
    bytes: bytes.slice(0, instruction.length),
    bits,
    memory,
    stack: instruction.isStackInstruction,
    repeated: instruction.hasRepPrefix || instruction.hasRepnePrefix,
    fpu: features.some((one) => FLOATS.has(one)) || instruction.mnemonic === Mnemonic.Wait,
    undefinedFlags: flagsOf(instruction.rflagsUndefined),
    supported: features.every((one) => FEATURES.has(one)),
    system: SYSTEM.has(instruction.mnemonic) || segments || instruction.isPrivileged || isFar(instruction),
    privileged: instruction.isPrivileged,
    branch: flow !== FlowControl.Next,
    far: [Mnemonic.Iret, Mnemonic.Iretd, Mnemonic.Retf].includes(instruction.mnemonic),
  };
}

function isOperand(instruction: Instruction, register: Register): boolean {
  for (let i = 0; i < instruction.opCount; i++) {
    if (instruction.opKind(i) === OpKind.Register && instruction.opRegister(i) === register) return true;
  }
  return false;
}

function isFar(instruction: Instruction): boolean {
  return instruction.isCallFar || instruction.isCallFarIndirect || instruction.isJmpFar || instruction.isJmpFarIndirect;
}

/** iced-x86's bits of flags: OF, SF, ZF, AF, CF, PF are its lowest six. */
function flagsOf(bits: number): number {
  return [0x800, 0x80, 0x40, 0x10, 0x1, 0x4].reduce((all, flag, i) => ((bits >> i) & 1 ? all | flag : all), 0);
}
