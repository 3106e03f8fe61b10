/** Runs FPU instructions in the same states in the simulator and on the processor of this computer. */
import { loadNative, type NativeSimulator } from '../../../../engines/unicorn/native.js';
import { packState, unpackState } from '../../../../engines/unicorn/packing.js';
import { packRegions } from '../../../../engines/unicorn/ram.js';
import { EventWriter } from '../../../../formats/event-writer.js';
import type { CpuState } from '../../../../formats/state.js';
import { type Form, fpuForms } from './fpu-forms.js';
import { Oracle, ORACLE, OracleRecord } from './fpu-oracle.js';
import { FpuStates, seeded } from './fpu-values.js';
import { guest, RAM } from './guest.js';

export interface FpuDifference {
  form: string;
  bytes: string;
  /** What differs, with the processor's value first. */
  what: string;
  before: { fcw: number; fsw: number; mxcsr: number };
}

export interface FpuResult {
  forms: number;
  instances: number;
  /** Instances that raised an exception, which is compared, too. */
  exceptions: number;
  differences: FpuDifference[];
}

/** The machine has approximations of its own, and the relog says what stores its state. */
const NOT_COMPARED =
  /^(F2xm1|Fyl2x|Fptan|Fpatan|Fyl2xp1|Fsincos|Fsin|Fcos|Fprem1|Fprem|Fnstsw|Fnsave|Fnstenv|Fxsave|Rcp[ps]s|Rsqrt[ps]s)/;

const STATUS_FLAGS = 0x8d5;
const BATCH = 4096;

export function compareFpu(options: { instances: number; seed: number; only?: RegExp }): FpuResult {
  const random = seeded(options.seed);
  const forms = fpuForms({ variants: 6, random }).filter(
    ({ name }) => !NOT_COMPARED.test(name) && (options.only?.test(name) ?? true),
  );
  const differences: FpuDifference[] = [];
  const result = { forms: new Set(forms.map(({ name }) => name)).size, instances: 0, exceptions: 0, differences };
  const oracle = new Oracle(forms.map(({ bytes }) => bytes));
  const runner = new Runner(forms);
  const states = new FpuStates(random);
  try {
    for (let done = 0; done < options.instances; done += BATCH) {
      const count = Math.min(BATCH, options.instances - done);
      const records = new Uint8Array(count * ORACLE.recordBytes);
      for (let i = 0; i < count; i++) states.fill(recordAt(records, i), (done + i) % forms.length);
      const after = oracle.run(records);
      for (let i = 0; i < count; i++) {
        const before = recordAt(records, i);
        const expected = recordAt(after, i);
        const what = runner.run(before, expected);
        result.instances++;
        if (expected.vector !== 0) result.exceptions++;
        if (what !== null) differences.push(describe(forms[before.slot]!, before, what));
      }
    }
  } finally {
    oracle.close();
    runner.close();
  }
  return result;
}

function recordAt(records: Uint8Array, index: number): OracleRecord {
  return new OracleRecord(records.subarray(index * ORACLE.recordBytes, (index + 1) * ORACLE.recordBytes));
}

function describe(form: Form, before: OracleRecord, what: string): FpuDifference {
  const view = viewOf(before.image);
  const bytes = Buffer.from(form.bytes).toString('hex');
  const [fcw, fsw, mxcsr] = [view.getUint16(0, true), view.getUint16(2, true), view.getUint32(24, true)];
  return { form: form.name, bytes, what, before: { fcw, fsw, mxcsr } };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The simulator, with the same code at the same addresses. */
class Runner {
  private readonly native: NativeSimulator;
  private readonly stateSize: number;
  private readonly base: CpuState;
  private readonly page = new Uint8Array(4096);
  private clearsCodes = false;

  constructor(private readonly forms: readonly Form[]) {
    const { Simulator, stateSize } = loadNative();
    this.native = new Simulator(packRegions(RAM));
    this.native.setExactFloat(true);
    this.stateSize = stateSize;
    const { memory, state } = guest('start: jmp start', {});
    // Each is followed by a jump to itself, so that it makes a block.
    forms.forEach(({ bytes }, i) => {
      memory.write(ORACLE.code + i * ORACLE.slotBytes, [...bytes, 0xeb, 0xfe]);
    });
    this.native.writePages(memory.content.numbers, memory.content.data);
    state.cr0 |= 0x20;
    this.base = state;
    const events = new EventWriter(0);
    events.end(1_000_000, null);
    this.native.feed(events.take());
    this.native.finish();
  }

  /** Null when all is as expected. */
  run(before: OracleRecord, expected: OracleRecord): string | null {
    this.page.set(before.memory);
    this.native.writePages(Uint32Array.of(ORACLE.memory >>> 12), this.page);
    this.native.loadState(packState(this.stateOf(before), this.stateSize), 0n);
    const stop = this.native.run(2n);
    let vector = 0;
    if (stop === 'diverged') {
      const { what, got } = this.native.divergence();
      const raised = /vector=(\d+)/.exec(got);
      if (what !== 'an unexpected exception' || raised === null) return `${what}: ${got}`;
      vector = Number(raised[1]);
    } else if (stop !== 'limit') {
      return stop;
    }
    this.clearsCodes = this.forms[before.slot]!.name.startsWith('Fnclex');
    if (vector !== expected.vector) return `vector ${expected.vector} ${vector}`;
    return this.compare(unpackState(this.native.readState()), expected);
  }

  private compare(state: CpuState, expected: OracleRecord): string | null {
    const image = viewOf(expected.image);
    const found: string[] = [];
    const compare = (name: string, wanted: number, got: number): void => {
      if (wanted !== got) found.push(`${name} ${wanted.toString(16)} ${got.toString(16)}`);
    };
    compare('fcw', image.getUint16(0, true), state.x87.fcw);
    // FNCLEX leaves C0 to C3 undefined; docs/formats/relog.md says what they are here.
    const codes = this.clearsCodes ? 0x4700 : 0;
    compare('fsw', image.getUint16(2, true) & ~codes, state.x87.fsw);
    let valid = 0;
    for (let i = 0; i < 8; i++) if (((state.x87.ftw >> (2 * i)) & 3) !== 3) valid |= 1 << i;
    compare('tags', expected.image[4]!, valid);
    compare('mxcsr', image.getUint32(24, true), state.mxcsr);
    if (expected.vector === 0) {
      compare('eflags', expected.eflags & STATUS_FLAGS, state.eflags & STATUS_FLAGS);
      for (const i of [0, 1, 2, 3, 6, 7]) compare(`gpr${i}`, expected.gpr(i), state.gpr[i]! >>> 0);
    }
    for (let i = 0; i < 8; i++) {
      const st = [expected.image.subarray(32 + 16 * i, 42 + 16 * i), state.x87.st.subarray(10 * i, 10 * i + 10)];
      if (hexOf(st[0]!) !== hexOf(st[1]!)) found.push(`st${i} ${hexOf(st[0]!)} ${hexOf(st[1]!)}`);
      const xmm = [expected.image.subarray(160 + 16 * i, 176 + 16 * i), state.xmm.subarray(16 * i, 16 * i + 16)];
      if (hexOf(xmm[0]!) !== hexOf(xmm[1]!)) found.push(`xmm${i} ${hexOf(xmm[0]!)} ${hexOf(xmm[1]!)}`);
    }
    const memory = this.native.readPhysical(ORACLE.memory, ORACLE.memoryBytes)!;
    const at = memory.findIndex((byte, i) => byte !== expected.memory[i]);
    if (at >= 0) {
      const part = [at & ~15, (at & ~15) + 16] as const;
      found.push(`memory ${at} ${hexOf(expected.memory.subarray(...part))} ${hexOf(memory.subarray(...part))}`);
    }
    return found.length === 0 ? null : found.join(', ');
  }

  private stateOf(before: OracleRecord): CpuState {
    const image = viewOf(before.image);
    let ftw = 0;
    for (let i = 0; i < 8; i++) if (((before.image[4]! >> i) & 1) === 0) ftw |= 3 << (2 * i);
    const st = new Uint8Array(80);
    for (let i = 0; i < 8; i++) st.set(before.image.subarray(32 + 16 * i, 42 + 16 * i), 10 * i);
    const fcw = image.getUint16(0, true);
    let fsw = image.getUint16(2, true);
    if ((fsw & ~fcw & 0x3f) !== 0) fsw |= 0x8080;
    return {
      ...this.base,
      gpr: this.base.gpr.map((value, i) => (i === 4 || i === 5 ? value : before.gpr(i))),
      eip: ORACLE.code + before.slot * ORACLE.slotBytes,
      eflags: before.eflags,
      x87: { ...this.base.x87, fcw, fsw, ftw, st },
      mxcsr: image.getUint32(24, true),
      xmm: before.image.slice(160, 288),
    };
  }

  close(): void {
    this.native.close();
  }
}
