/**
 * What the machine makes of one instruction: the machine that made the recording, given the registers and the memory that
 * the instruction finds, runs it by itself.
 */
import { Observer } from '../../engines/v86/index.js';
import type { Simulator } from '../../engines/unicorn/index.js';
import { EventWriter } from '../../formats/event-writer.js';
import { PAGE_BYTES } from '../../formats/pages.js';
import type { Written } from '../../formats/relog.js';
import type { CpuState } from '../../formats/state.js';
import type { DiskPaths } from '../disks/recorded-disks.js';
import { instrumentedEngine } from '../engine-modules.js';
import { ramParts } from '../machine-ram.js';
import { Replayer } from '../replayer.js';
import { touchedBy } from './accesses.js';

export interface Answer {
  code: Uint8Array;
  before: CpuState;
  after: CpuState;
  writes: Written[];
  /** Pages that the instruction may have changed, by number, with what they hold now. */
  pages: Map<number, Uint8Array>;
}

/** More than any instruction touches but for string instructions, which may touch many. */
const MOST_PAGES = 600;
const PAGING = 0x80000000;
const PAE = 0x20;
const LARGE = 0x80;
const PRESENT = 1;
const POINTERS_BYTES = 32;

export class Oracle {
  private constructor(
    readonly replayer: Replayer,
    private readonly observer: Observer,
    private readonly events: EventWriter,
  ) {}

  /** @throws DecoupleError what opening a recording throws; engine-differs */
  static async open(recording: string, disks: DiskPaths): Promise<Oracle> {
    const events = new EventWriter(0);
    const observer = new Observer((repairs) => instrumentedEngine(repairs, { stepping: true }), events);
    const replayer = await Replayer.open(recording, { probe: observer, disks });
    observer.reset();
    return new Oracle(replayer, observer, events);
  }

  /** What kind of machine it is, as the header of its relogs says. */
  get kind(): ReturnType<Observer['kind']> {
    return this.observer.kind();
  }

  /**
   * @param simulator where it stands: before the instruction
   * @returns null when the instruction cannot be tried by itself, or does not complete
   */
  ask(simulator: Simulator): Answer | null {
    const before = simulator.readState();
    const linear = (before.segments[1]!.base + before.eip) >>> 0;
    const { code: bytes, bits } = simulator.codeAt(linear);
    const touched = touchedBy(bytes, bits, before);
    if (touched === null) return null;
    const code = bytes.slice(0, touched.length);
    const memory = new Memory(simulator, this.replayer, before);
    const data = memory.pagesOf(touched.stretches);
    if (data === null || memory.pagesOf([{ linear, length: code.length }]) === null) return null;
    const pages = new Map(data.map((number) => [number, memory.page(number)!]));
    const pointers = (before.cr0 & PAGING) !== 0 && (before.cr4 & PAE) !== 0 ? memory.pointers() : null;
    this.observer.enabled = true;
    const completed = this.observer.runOne(before, code[0]!, pointers);
    this.observer.enabled = false;
    const asked = this.events.bytes > 9;
    this.events.take();
    if (!completed || asked) return null;
    const { after, writes } = memory.changes(this.replayer.machine.cpuState(), pages);
    return { code, before, after, writes, pages: memory.now(pages.keys()) };
  }

  close(): void {
    this.replayer.close();
  }
}

/** Guest memory, brought page by page from the simulator to the machine. */
class Memory {
  private readonly parts: { start: number; bytes: Buffer }[];
  private readonly brought = new Map<number, Uint8Array>();

  constructor(
    private readonly simulator: Simulator,
    replayer: Replayer,
    private readonly state: CpuState,
  ) {
    this.parts = ramParts(replayer.machine);
  }

  /** The pages that a stretch lies in, with what leads to them; null when they are too many or no RAM. */
  pagesOf(stretches: readonly { linear: number; length: number }[]): number[] | null {
    const numbers = new Set<number>();
    for (const { linear, length } of stretches) {
      if (length > MOST_PAGES * PAGE_BYTES) return null;
      const end = linear + length;
      for (let at = linear; at < end; at = (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES) {
        const wrapped = at % 2 ** 32;
        if (!this.bringTables(wrapped)) return null;
        const physical = this.simulator.translate(wrapped);
        // What is not mapped is not touched, or raises a page fault, which the relog has.
        if (physical === null) continue;
        const number = Math.floor(physical / PAGE_BYTES);
        if (this.page(number) === null || numbers.size >= MOST_PAGES) return null;
        numbers.add(number);
      }
    }
    return [...numbers];
  }

  /** Brings a page, and returns what it holds; null where there is no RAM. */
  page(number: number): Uint8Array | null {
    const known = this.brought.get(number);
    if (known !== undefined) return known;
    const bytes = this.simulator.readPage(number);
    const there = this.machinePage(number);
    if (bytes === null || there === null) return null;
    there.set(bytes);
    this.brought.set(number, bytes);
    return bytes;
  }

  pointers(): Uint8Array | null {
    return this.simulator.readPhysical(this.state.cr3 & ~31, POINTERS_BYTES);
  }

  /** What the machine has changed. */
  changes(after: CpuState, pages: ReadonlyMap<number, Uint8Array>): { after: CpuState; writes: Written[] } {
    const writes: Written[] = [];
    for (const [number, before] of pages) {
      const now = this.machinePage(number)!;
      for (let at = 0; at < PAGE_BYTES; at++) {
        if (now[at] === before[at]) continue;
        let end = at + 1;
        while (end < PAGE_BYTES && now[end] !== before[end]) end++;
        writes.push([number * PAGE_BYTES + at, Uint8Array.from(now.subarray(at, end))]);
        at = end;
      }
    }
    return { after, writes };
  }

  now(numbers: Iterable<number>): Map<number, Uint8Array> {
    return new Map([...numbers].map((number) => [number, Uint8Array.from(this.machinePage(number)!)]));
  }

  private bringTables(linear: number): boolean {
    const { cr0, cr3, cr4 } = this.state;
    if ((cr0 & PAGING) === 0) return true;
    const wide = (cr4 & PAE) !== 0;
    let table: number;
    let shift: number;
    if (wide) {
      const pointer = this.entry((cr3 & ~31) >>> 0, linear >>> 30, 8);
      if (pointer === null || (pointer & PRESENT) === 0) return pointer !== null;
      table = (pointer & ~0xfff) >>> 0;
      shift = 21;
    } else {
      table = (cr3 & ~0xfff) >>> 0;
      shift = 22;
    }
    const indexMask = wide ? 0x1ff : 0x3ff;
    const size = wide ? 8 : 4;
    const directory = this.entry(table, (linear >>> shift) & indexMask, size);
    if (directory === null) return false;
    if ((directory & PRESENT) === 0 || (directory & LARGE) !== 0) return true;
    return this.entry((directory & ~0xfff) >>> 0, (linear >>> 12) & indexMask, size) !== null;
  }

  /** The lower half of a table's entry. */
  private entry(table: number, index: number, size: number): number | null {
    const bytes = this.page(Math.floor(table / PAGE_BYTES));
    if (bytes === null) return null;
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32((table % PAGE_BYTES) + index * size, true);
  }

  private machinePage(number: number): Buffer | null {
    const address = number * PAGE_BYTES;
    const part = this.parts.find(
      ({ start, bytes }) => address >= start && address + PAGE_BYTES <= start + bytes.length,
    );
    return part?.bytes.subarray(address - part.start, address - part.start + PAGE_BYTES) ?? null;
  }
}
