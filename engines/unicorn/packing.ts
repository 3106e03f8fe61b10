/** A CPU state as the addon takes it: the fields of `CpuState` in native/state.h, one after the other. */
import type { CpuState, Segment } from '../../formats/state.js';

const SEGMENTS = 8;
const ST_BYTES = 80;
const XMM_BYTES = 128;

class Words {
  private at = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  put(...values: number[]): void {
    for (const value of values) {
      this.view.setUint32(this.at, value >>> 0, true);
      this.at += 4;
    }
  }

  putBytes(values: Uint8Array, length: number): void {
    this.bytes.set(values.subarray(0, length), this.at);
    this.at += length;
  }

  take(): number {
    const value = this.view.getUint32(this.at, true);
    this.at += 4;
    return value;
  }

  takeMany(count: number): number[] {
    return Array.from({ length: count }, () => this.take());
  }

  takeBytes(length: number): Uint8Array {
    const values = this.bytes.slice(this.at, this.at + length);
    this.at += length;
    return values;
  }
}

export function packState(state: CpuState, size: number): Uint8Array {
  const words = new Words(new Uint8Array(size));
  words.put(...state.gpr, state.eip, state.eflags);
  for (const segment of [...state.segments, state.ldtr, state.tr]) {
    words.put(segment.selector, segment.base, segment.limit, segment.attributes);
  }
  words.put(state.gdtr.base, state.gdtr.limit, state.idtr.base, state.idtr.limit);
  words.put(state.cr0, state.cr2, state.cr3, state.cr4, ...state.dr, ...state.sysenter);
  const { x87 } = state;
  words.put(x87.fcw, x87.fsw, x87.ftw, x87.fop, x87.fip, x87.fcs, x87.fdp, x87.fds);
  words.put(state.mxcsr, state.halted ? 1 : 0);
  words.putBytes(x87.st, ST_BYTES);
  words.putBytes(state.xmm, XMM_BYTES);
  return words.bytes;
}

export function unpackState(bytes: Uint8Array): CpuState {
  const words = new Words(bytes);
  const gpr = words.takeMany(8);
  const eip = words.take();
  const eflags = words.take();
  const segments = Array.from({ length: SEGMENTS }, () => takeSegment(words));
  const [tr, ldtr] = [segments.pop()!, segments.pop()!];
  const gdtr = { base: words.take(), limit: words.take() };
  const idtr = { base: words.take(), limit: words.take() };
  const [cr0, cr2, cr3, cr4] = [words.take(), words.take(), words.take(), words.take()];
  const dr = words.takeMany(8);
  const sysenter = words.takeMany(3);
  const [fcw, fsw, ftw, fop] = [words.take(), words.take(), words.take(), words.take()];
  const [fip, fcs, fdp, fds] = [words.take(), words.take(), words.take(), words.take()];
  const mxcsr = words.take();
  const halted = words.take() !== 0;
  const st = words.takeBytes(ST_BYTES);
  const xmm = words.takeBytes(XMM_BYTES);
  const x87 = { fcw, fsw, ftw, fop, fip, fcs, fdp, fds, st };
  return {
    gpr,
    eip,
    eflags,
    segments,
    ldtr,
    tr,
    gdtr,
    idtr,
    cr0,
    cr2,
    cr3,
    cr4,
    dr,
    sysenter,
    x87,
    mxcsr,
    xmm,
    halted,
  };
}

function takeSegment(words: Words): Segment {
  return { selector: words.take(), base: words.take(), limit: words.take(), attributes: words.take() };
}
