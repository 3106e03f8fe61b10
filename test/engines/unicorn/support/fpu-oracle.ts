/** The processor of this computer, which runs FPU instructions to compare with: a C program, see fpu-oracle.c. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Linear addresses that the program shares with the simulated guest. */
export const ORACLE = { code: 0x30000, memory: 0x20000, slotBytes: 32, memoryBytes: 512, recordBytes: 1088 } as const;

const SOURCE = fileURLToPath(new URL('../../../../../test/engines/unicorn/support/fpu-oracle.c', import.meta.url));
const MOST_BYTES = 1 << 30;

/** Offsets in a record. */
const AT = { slot: 0, vector: 4, eflags: 8, gpr: 16, memory: 64, image: 576 } as const;

/** One state: what an instruction runs in, or what it leaves. */
export class OracleRecord {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get slot(): number {
    return this.view.getUint32(AT.slot, true);
  }
  set slot(value: number) {
    this.view.setUint32(AT.slot, value, true);
  }
  /** Vector of the exception that it raised; 0 for none. */
  get vector(): number {
    return this.view.getUint32(AT.vector, true);
  }
  get eflags(): number {
    return this.view.getUint32(AT.eflags, true);
  }
  set eflags(value: number) {
    this.view.setUint32(AT.eflags, value, true);
  }
  gpr(index: number): number {
    return this.view.getUint32(AT.gpr + 4 * index, true);
  }
  setGpr(index: number, value: number): void {
    this.view.setUint32(AT.gpr + 4 * index, value >>> 0, true);
  }
  get memory(): Uint8Array {
    return this.bytes.subarray(AT.memory, AT.memory + ORACLE.memoryBytes);
  }
  /** As FXSAVE stores it. */
  get image(): Uint8Array {
    return this.bytes.subarray(AT.image, AT.image + 512);
  }
}

export class Oracle {
  private readonly folder = mkdtempSync(join(tmpdir(), 'decouple-oracle-'));
  private readonly program = join(this.folder, 'oracle');

  constructor(private readonly slots: readonly Uint8Array[]) {
    execFileSync('gcc', ['-O1', '-no-pie', '-o', this.program, SOURCE]);
  }

  /** Runs each record's slot in its state; returns what each leaves. */
  run(records: Uint8Array): Uint8Array {
    const head = new Uint8Array(4 + this.slots.length * ORACLE.slotBytes);
    new DataView(head.buffer).setUint32(0, this.slots.length, true);
    this.slots.forEach((code, i) => head.set([...code, 0xc3], 4 + i * ORACLE.slotBytes));
    const input = Buffer.concat([head, records]);
    const { status, stdout, stderr } = spawnSync(this.program, { input, maxBuffer: MOST_BYTES });
    if (status !== 0 || stdout.length !== records.length) throw new Error(`the oracle failed: ${stderr.toString()}`);
    return stdout;
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}
