/**
 * Writes the events of a relog (docs/formats/relog.md): a CBOR sequence, head by head, as there are hundreds of thousands
 * a second and a general encoder would be the slowest part of the stage.
 */
import { encode } from './cbor.js';
import { digestEvents, NO_EVENTS } from './event-digest.js';
import { EVENT } from './events.js';
import type { CpuState } from './state.js';

const UINT = 0x00;
const BYTES = 0x40;
const ARRAY = 0x80;
const NULL = 0xf6;
/** More than any event takes, its byte strings apart. */
const ROOM = 128;

export class EventWriter {
  /** Events written since the start of the run. */
  count = 0;
  /** Events by kind. */
  readonly byKind = new Map<number, number>();
  private buffer = Buffer.allocUnsafe(1 << 16);
  private at = 0;
  private last = 0;
  /** Of the events since the last check or keyframe mark, as far as `digested`. */
  private digest = NO_EVENTS;
  private digested = 0;

  constructor(position: number) {
    this.restart(position);
  }

  /** Bytes of the payload so far. */
  get bytes(): number {
    return this.at;
  }

  portRead(port: number, size: number, value: number): void {
    this.begin(EVENT.portRead, 4);
    this.head(UINT, port);
    this.head(UINT, size);
    this.head(UINT, value >>> 0);
  }

  mmioRead(address: number, size: number, value: number): void {
    this.begin(EVENT.mmioRead, 4);
    this.head(UINT, address >>> 0);
    this.head(UINT, size);
    this.head(UINT, value >>> 0);
  }

  tsc(low: number, high: number): void {
    this.begin(EVENT.tsc, 2);
    this.u64(low, high);
  }

  cpuid(leaf: number, subleaf: number, results: readonly [number, number, number, number]): void {
    this.begin(EVENT.cpuid, 7);
    this.head(UINT, leaf >>> 0);
    this.head(UINT, subleaf >>> 0);
    for (const value of results) this.head(UINT, value >>> 0);
  }

  msr(index: number, low: number, high: number): void {
    this.begin(EVENT.msr, 3);
    this.head(UINT, index >>> 0);
    this.u64(low, high);
  }

  random(value: number): void {
    this.begin(EVENT.random, 2);
    this.head(UINT, value >>> 0);
  }

  flagsImage(eflags: number): void {
    this.begin(EVENT.flagsImage, 2);
    this.head(UINT, eflags >>> 0);
  }

  x87(opcode: number, st0: Uint8Array, st1: Uint8Array, fsw: number): void {
    this.begin(EVENT.x87, 5);
    this.head(UINT, opcode);
    this.blob(st0);
    this.blob(st1);
    this.head(UINT, fsw);
  }

  x87Status(fsw: number): void {
    this.begin(EVENT.x87Status, 2);
    this.head(UINT, fsw);
  }

  /** @param fields FCW, FSW, FTW, FOP, FIP, FCS, FDP, FDS, MXCSR mask */
  x87Environment(fields: readonly number[]): void {
    this.begin(EVENT.x87Environment, 10);
    for (const field of fields) this.head(UINT, field >>> 0);
  }

  interrupt(position: number, vector: number, eip: number, eflags: number, rep: number | null): void {
    this.beginAt(EVENT.interrupt, 6, position);
    this.head(UINT, vector);
    this.head(UINT, eip >>> 0);
    this.head(UINT, eflags >>> 0);
    this.optional(rep);
  }

  exception(
    position: number,
    vector: number,
    eip: number,
    eflags: number,
    error: number | null,
    cr2: number | null,
  ): void {
    this.beginAt(EVENT.exception, 7, position);
    this.head(UINT, vector);
    this.head(UINT, eip >>> 0);
    this.head(UINT, eflags >>> 0);
    this.optional(error);
    this.optional(cr2);
  }

  softwareInterrupt(position: number, vector: number, eip: number, eflags: number): void {
    this.beginAt(EVENT.softwareInterrupt, 5, position);
    this.head(UINT, vector);
    this.head(UINT, eip >>> 0);
    this.head(UINT, eflags >>> 0);
  }

  dma(position: number, address: number, data: Uint8Array, rep: number | null): void {
    this.beginAt(EVENT.dma, 5, position);
    this.head(UINT, address >>> 0);
    this.blob(data);
    this.optional(rep);
  }

  state(position: number, state: CpuState): void {
    this.beginAt(EVENT.state, 3, position);
    this.blob(encode(state));
  }

  /** @param after and `writes` encoded (effect.ts) */
  effect(position: number, eip: number, code: Uint8Array, after: Uint8Array, writes: Uint8Array): void {
    this.beginAt(EVENT.effect, 6, position);
    this.head(UINT, eip >>> 0);
    for (const bytes of [code, after, writes]) this.blob(bytes);
  }

  /** An event that was read, as it is; one with a position gets the distance from the event before it here. */
  copy(kind: number, position: number, fields: number, body: Uint8Array): void {
    if (kind >= EVENT.interrupt) this.beginAt(kind, fields, position);
    else this.begin(kind, fields);
    this.reserve(ROOM + body.length);
    this.buffer.set(body, this.at);
    this.at += body.length;
    if (kind === EVENT.keyframeMark) this.restartDigest();
  }

  keyframeMark(position: number, index: number, rep: number | null): void {
    this.beginAt(EVENT.keyframeMark, 4, position);
    this.head(UINT, index);
    this.optional(rep);
    this.restartDigest();
  }

  end(position: number, rep: number | null): void {
    this.beginAt(EVENT.end, 3, position);
    this.optional(rep);
  }

  check(position: number, eip: number, eflags: number, gpr: ArrayLike<number>, rep: number | null): void {
    this.digestAll();
    const { digest } = this;
    this.beginAt(EVENT.check, 7, position);
    this.head(UINT, eip >>> 0);
    this.head(UINT, eflags >>> 0);
    this.head(ARRAY, 8);
    for (let i = 0; i < 8; i++) this.head(UINT, gpr[i]! >>> 0);
    this.optional(rep);
    this.head(UINT, digest);
    this.restartDigest();
  }

  /** The payload of an `events` frame; the next one counts from `position`. */
  take(): Uint8Array {
    this.digestAll();
    const payload = Uint8Array.from(this.buffer.subarray(0, this.at));
    this.restart(this.last);
    return payload;
  }

  private restart(position: number): void {
    this.at = 0;
    this.last = position;
    this.head(UINT, position);
    this.digested = this.at;
  }

  private digestAll(): void {
    this.digest = digestEvents(this.digest, this.buffer, this.digested, this.at);
    this.digested = this.at;
  }

  private restartDigest(): void {
    this.digest = NO_EVENTS;
    this.digested = this.at;
  }

  private begin(kind: number, length: number): void {
    this.reserve(ROOM);
    this.count++;
    this.byKind.set(kind, (this.byKind.get(kind) ?? 0) + 1);
    this.head(ARRAY, length);
    this.head(UINT, kind);
  }

  private beginAt(kind: number, length: number, position: number): void {
    if (position < this.last) throw new Error(`an event at ${position} comes after one at ${this.last}`);
    this.begin(kind, length);
    this.head(UINT, position - this.last);
    this.last = position;
  }

  private optional(value: number | null): void {
    if (value === null) this.buffer[this.at++] = NULL;
    else this.head(UINT, value >>> 0);
  }

  private blob(bytes: Uint8Array): void {
    this.reserve(ROOM + bytes.length);
    this.head(BYTES, bytes.length);
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  private u64(low: number, high: number): void {
    if (high === 0) {
      this.head(UINT, low >>> 0);
      return;
    }
    this.buffer[this.at] = UINT | 27;
    this.buffer.writeUInt32BE(high >>> 0, this.at + 1);
    this.buffer.writeUInt32BE(low >>> 0, this.at + 5);
    this.at += 9;
  }

  /** The head of an item: major type and argument (RFC 8949, 3), in its shortest form. */
  private head(major: number, value: number): void {
    const { buffer } = this;
    if (value < 24) buffer[this.at++] = major | value;
    else if (value < 0x100) {
      buffer[this.at++] = major | 24;
      buffer[this.at++] = value;
    } else if (value < 0x10000) {
      buffer[this.at++] = major | 25;
      buffer[this.at++] = value >> 8;
      buffer[this.at++] = value & 0xff;
    } else if (value < 0x100000000) {
      buffer[this.at] = major | 26;
      buffer.writeUInt32BE(value, this.at + 1);
      this.at += 5;
    } else {
      buffer[this.at] = major | 27;
      buffer.writeUInt32BE(Math.floor(value / 0x100000000), this.at + 1);
      buffer.writeUInt32BE(value % 0x100000000, this.at + 5);
      this.at += 9;
    }
  }

  private reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(larger, 0, 0, this.at);
    this.buffer = larger;
  }
}
