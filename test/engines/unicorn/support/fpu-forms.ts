/** Every form of the FPU's, MMX and SSE instructions that 32-bit code can hold, as iced-x86 decodes them. */
import { Code, CpuidFeature, Decoder, DecoderOptions, type Instruction, OpKind, Register } from 'iced-x86';

export interface Form {
  /** iced-x86's name of the encoding, with "mem" or "reg" behind it where it can be both. */
  name: string;
  bytes: Uint8Array;
  memory: boolean;
}

const FEATURES = new Set([
  CpuidFeature.FPU,
  CpuidFeature.FPU287,
  CpuidFeature.FPU387,
  CpuidFeature.MMX,
  CpuidFeature.SSE,
  CpuidFeature.SSE2,
  CpuidFeature.SSE3,
  CpuidFeature.FXSR,
]);

/** FCMOV has this one, too; CMOV has it alone. */
const CONDITIONAL = new Set([CpuidFeature.CMOV]);

const PREFIXES = [[], [0x66], [0xf3], [0xf2]];
/** ModR/M operands in memory at [ESI] and around, all the same address as ESI and EDI are set (see fpu-instances.ts). */
const MEMORY_FORMS = [
  (reg: number): number[] => [0x06 | (reg << 3)],
  (reg: number): number[] => [0x46 | (reg << 3), 0x10],
  (reg: number): number[] => [0x86 | (reg << 3), 0x20, 0, 0, 0],
  (reg: number): number[] => [0x44 | (reg << 3), 0x26, 0x30],
  (reg: number): number[] => [0x84 | (reg << 3), 0x4e, 0x40, 0, 0, 0],
];

export interface FormOptions {
  /** Encodings of the same form, at most. */
  variants: number;
  random: () => number;
}

/** One in each list is a form; several lists of bytes may share a name. */
export function fpuForms({ variants, random }: FormOptions): Form[] {
  const byName = new Map<string, Form[]>();
  const add = (bytes: number[]): void => {
    const form = decode(bytes);
    if (form === null) return;
    const known = byName.get(form.name);
    if (known === undefined) byName.set(form.name, [form]);
    else known.push(form);
  };
  for (let escape = 0xd8; escape <= 0xdf; escape++) everyModrm([], [escape], add);
  for (const prefix of PREFIXES) {
    for (let opcode = 0; opcode < 0x100; opcode++) everyModrm(prefix, [0x0f, opcode], add);
  }
  return [...byName.values()].flatMap((forms) => choose(forms, variants, random));
}

function everyModrm(prefix: number[], opcode: number[], add: (bytes: number[]) => void): void {
  // CMPPS and its kin have eight predicates.
  const immediates = opcode[1] === 0xc2 ? [0, 1, 2, 3, 4, 5, 6, 7] : [0x1b];
  for (const immediate of immediates) {
    for (let modrm = 0xc0; modrm <= 0xff; modrm++) add([...prefix, ...opcode, modrm, immediate]);
    for (let reg = 0; reg < 8; reg++) {
      for (const form of MEMORY_FORMS) add([...prefix, ...opcode, ...form(reg), immediate]);
    }
  }
}

/** Registers of the host's that a form may not touch, and those that point to memory. */
const KEPT = new Set([Register.ESP, Register.EBP, Register.ESI, Register.EDI, Register.SP, Register.BP]);

function decode(bytes: number[]): Form | null {
  const decoder = new Decoder(32, Uint8Array.from(bytes), DecoderOptions.None);
  const instruction = decoder.decode();
  try {
    if (instruction.isInvalid) return null;
    const features = instruction.cpuidFeatures();
    if (!features.every((one) => FEATURES.has(one) || CONDITIONAL.has(one))) return null;
    if (!features.some((one) => FEATURES.has(one))) return null;
    if (!sameIn64(bytes, instruction)) return null;
    let memory = false;
    for (let i = 0; i < instruction.opCount; i++) {
      const kind = instruction.opKind(i);
      if (kind === OpKind.Register && KEPT.has(instruction.opRegister(i))) return null;
      if (kind === OpKind.Memory) memory = true;
    }
    const name = `${Code[instruction.code]} ${memory ? 'mem' : 'reg'}`;
    return { name, bytes: Uint8Array.from(bytes.slice(0, instruction.length)), memory };
  } finally {
    instruction.free();
    decoder.free();
  }
}

/** The host runs 64-bit code; its processor takes these bytes for the same there. */
function sameIn64(bytes: number[], instruction: Instruction): boolean {
  const decoder = new Decoder(64, Uint8Array.from(bytes), DecoderOptions.None);
  const other = decoder.decode();
  const same = other.code === instruction.code && other.length === instruction.length;
  other.free();
  decoder.free();
  return same;
}

function choose(forms: Form[], count: number, random: () => number): Form[] {
  if (forms.length <= count) return forms;
  const left = [...forms];
  return Array.from({ length: count }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
}
