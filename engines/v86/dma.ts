/**
 * What devices write to the guest's memory: noticed at the seam, where they write by the engine's exports or tell the
 * JIT which code they are about to change, and read back once they are done.
 */
import { FRAME_BUFFER_ADDRESS, FRAME_BUFFER_BYTES } from './layout.js';
import type { EngineExports, Imports, SeamFunction } from './seam.js';

/** Bytes handed out at once, at the most. */
const PIECE_BYTES = 256 << 10;
/** Registers of the Bochs VBE extensions. */
const VBE_INDEX_PORT = 0x1ce;
const VBE_DATA_PORT = 0x1cf;
const VBE_ENABLE = 4;

export class DmaTracker {
  private ranges: [number, number][] = [];
  private ramAddress = 0;
  private ramBytes = 0;
  private frameBufferAddress = 0;

  /** @param memory of the engine; it may grow and get another buffer */
  constructor(private readonly memory: () => ArrayBuffer) {}

  /** The same exports, watched. */
  exports(exports: EngineExports): Record<string, SeamFunction> {
    const call = (name: string): SeamFunction => exports[name] as SeamFunction;
    const write = (name: string, bytes: number): SeamFunction => {
      const inner = call(name);
      return (address = 0, value = 0) => {
        this.touched(address >>> 0, (address >>> 0) + bytes);
        return inner(address, value);
      };
    };
    return {
      allocate_memory: (bytes = 0) => {
        this.ramBytes = bytes;
        this.ramAddress = call('allocate_memory')(bytes) >>> 0;
        return this.ramAddress;
      },
      svga_allocate_memory: (bytes = 0) => {
        this.frameBufferAddress = call('svga_allocate_memory')(bytes) >>> 0;
        return this.frameBufferAddress;
      },
      jit_dirty_cache: (start = 0, end = 0) => {
        this.touched(start >>> 0, end >>> 0);
        return call('jit_dirty_cache')(start, end);
      },
      write8: write('write8', 1),
      write16: write('write16', 2),
      write32: write('write32', 4),
    };
  }

  /**
   * Switching a mode of the Bochs VBE extensions on fills the frame buffer with zeros, unless bit 7 says not to. The
   * device does so behind the engine's back.
   */
  watchFrameBuffer(env: Imports): void {
    const inner = env.io_port_write16 as SeamFunction;
    let register = 0;
    env.io_port_write16 = (port = 0, value = 0) => {
      if (port === VBE_INDEX_PORT) register = value;
      if (port === VBE_DATA_PORT && register === VBE_ENABLE && (value & 0x81) === 1) {
        this.touched(FRAME_BUFFER_ADDRESS, FRAME_BUFFER_ADDRESS + FRAME_BUFFER_BYTES);
      }
      return inner(port, value);
    };
  }

  get pending(): boolean {
    return this.ranges.length > 0;
  }

  /** Loading images and snapshots writes, too. */
  forget(): void {
    this.ranges = [];
  }

  /** What was written since the last time: copies, by physical address, in the order of writing. */
  *take(): Generator<{ address: number; data: Uint8Array }> {
    const { ranges } = this;
    this.ranges = [];
    for (const [start, end] of ranges) {
      for (let address = start; address < end; address += PIECE_BYTES) {
        const data = this.bytesAt(address, Math.min(end - address, PIECE_BYTES));
        if (data.length > 0) yield { address, data };
      }
    }
  }

  ram(): Uint8Array {
    return new Uint8Array(this.memory(), this.ramAddress, this.ramBytes);
  }

  /** Less than `length` where RAM or the frame buffer ends before. */
  private bytesAt(address: number, length: number): Uint8Array {
    if (address < FRAME_BUFFER_ADDRESS) return this.ram().slice(address, address + length);
    const offset = address - FRAME_BUFFER_ADDRESS;
    return new Uint8Array(this.memory(), this.frameBufferAddress, FRAME_BUFFER_BYTES).slice(offset, offset + length);
  }

  private touched(start: number, end: number): void {
    if (end > start) this.ranges.push([start, end]);
  }
}
