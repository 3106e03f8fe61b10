/** What an observed machine's FPU computed and stored, where processors and engines differ. */
import type { EventWriter } from '../../formats/event-writer.js';
import { LAYOUT } from './layout.js';
import { translate } from './page-walk.js';
import { readX87, statusWord } from './registers.js';

/** The machine that the FPU is a part of. */
export interface ObservedMachine {
  /** Nothing is written while this is off. */
  enabled(): boolean;
  /** Whether it computes as a processor does, but for what the manual leaves open. */
  exact(): boolean;
  memory(): ArrayBuffer;
  ram(): Uint8Array;
  /** Of the FPU, 16 bits. */
  tagWord(): number;
  /** An event whose order is all that counts. */
  write(event: (events: EventWriter) => void): void;
}

const LONGEST_INSTRUCTION = 15;
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);
/** FXAM, constants but 0 and 1, and all that computes: where processors and engines differ in results. */
const FSQRT = 0xd9fa;
const CHECKED_X87 = new Set([
  ...[0xd9e5, 0xd9e9, 0xd9ea, 0xd9eb, 0xd9ec, 0xd9ed],
  ...[0xd9f0, 0xd9f1, 0xd9f2, 0xd9f3, 0xd9f4, 0xd9f5],
  ...[0xd9f8, 0xd9f9, FSQRT, 0xd9fb, 0xd9fc, 0xd9fd, 0xd9fe, 0xd9ff],
]);

/** Transcendental functions, and the remainders that may be partial ones. */
const OPEN_X87 = new Set([0xd9f0, 0xd9f1, 0xd9f2, 0xd9f3, 0xd9f5, 0xd9f8, 0xd9f9, 0xd9fb, 0xd9fe, 0xd9ff]);

export class X87Observer {
  private environment: number[] | null = null;

  constructor(private readonly machine: ObservedMachine) {}

  /** Those of the instrumented engine's hooks that are for it. */
  hooks(): Record<'d_x87' | 'd_environment' | 'd_stored' | 'd_status', CallableFunction> {
    return {
      d_x87: (opcode: number) => this.computed(opcode),
      d_environment: (kind: number) => this.environmentToStore(kind),
      d_stored: () => this.environmentStored(),
      d_status: () => this.statusStored(),
    };
  }

  /** An instruction of this opcode was done. */
  computed(opcode: number): void {
    const told = this.machine.exact() ? OPEN_X87 : CHECKED_X87;
    if (!told.has(opcode) || !this.machine.enabled()) return;
    const u8 = new Uint8Array(this.machine.memory(), 0, LAYOUT.end);
    const register = (i: number): Uint8Array => {
      const at = LAYOUT.st + 16 * ((u8[LAYOUT.fpuTop]! + i) & 7);
      return u8.slice(at, at + 10);
    };
    const [st0, st1] = [register(0), register(1)];
    // FSQRT is exact, but of negative numbers.
    if (opcode === FSQRT && (st0[9]! & 0x7f) !== 0x7f) return;
    const fsw = statusWord(u8, new DataView(this.machine.memory(), 0, LAYOUT.end));
    this.machine.write((events) => events.x87(opcode, st0, st1, fsw));
  }

  /** FNSTSW stored the status word. */
  statusStored(): void {
    if (!this.machine.enabled()) return;
    const fsw = statusWord(
      new Uint8Array(this.machine.memory(), 0, LAYOUT.end),
      new DataView(this.machine.memory(), 0, LAYOUT.end),
    );
    this.machine.write((events) => events.x87Status(fsw));
  }

  /** Whether the instruction under way is FNSTSW: DF E0, or DD /7 with an operand in memory. */
  storesStatus(): boolean {
    if (!this.machine.enabled()) return false;
    const [memory, ram] = [this.machine.memory(), this.machine.ram()];
    const linear = new DataView(memory).getUint32(LAYOUT.previousEip, true);
    const at = translate(memory, ram, linear);
    if (at === null) return false;
    const code = ram.subarray(at, at + LONGEST_INSTRUCTION);
    let i = 0;
    while (PREFIXES.has(code[i]!)) i++;
    const [opcode, modrm] = [code[i]!, code[i + 1] ?? 0];
    const toMemory = opcode === 0xdd && ((modrm >> 3) & 7) === 7 && modrm < 0xc0;
    return toMemory || (opcode === 0xdf && modrm === 0xe0);
  }

  /** @param kind 0 FSTENV and FSAVE, 1 FXSAVE: what they are about to store */
  environmentToStore(kind: number): void {
    if (!this.machine.enabled()) return;
    const memory = this.machine.memory();
    const state = readX87(new Uint8Array(memory, 0, LAYOUT.end), new DataView(memory, 0, LAYOUT.end));
    const tags = this.machine.tagWord();
    const mask = kind === 1 ? 0xffff : 0;
    const { fcw, fsw, fop, fip, fcs, fdp, fds } = state;
    this.environment = [fcw, fsw, tags, fop, fip, fcs, fdp, fds, mask];
  }

  /** It was stored. */
  environmentStored(): void {
    const fields = this.environment;
    if (fields !== null) this.machine.write((events) => events.x87Environment(fields));
  }
}
