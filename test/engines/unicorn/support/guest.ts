/** A machine for small guest programs: flat segments, two privilege levels, an IDT, a TSS, and page tables on demand. */
import type { CpuState, RamRegion, Segment } from '../../../../formats/state.js';
import { assemble, type Program } from './assembler.js';

/** Where things lie in physical memory. */
export const MAP = {
  gdt: 0x1000,
  tss: 0x1800,
  idt: 0x2000,
  stack0: 0x9000,
  stack3: 0xb000,
  code: 0x10000,
  data: 0x20000,
  directory: 0x40000,
  tables: 0x41000,
  /** Behind the first region of RAM: device memory. */
  device: 0xa0000,
  high: 0x100000,
} as const;

export const RAM: RamRegion[] = [
  { start: 0, size: 0xa0000 },
  { start: MAP.high, size: 0x100000 },
];

export const SELECTOR = { code0: 0x08, data0: 0x10, code3: 0x1b, data3: 0x23, tss: 0x28 } as const;
const PRESENT = 0x80;
const GRANULAR_32 = 0xc000;

export const PAGE = {
  present: 1,
  writable: 2,
  user: 4,
  accessed: 0x20,
  dirty: 0x40,
  large: 0x80,
  global: 0x100,
} as const;

export interface GuestOptions {
  /** Labels of handlers, by vector; all may be called with INT from ring 3. */
  handlers?: Record<number, string>;
  /** Begins in ring 3. */
  user?: boolean;
  /** Paging with 4 KiB pages; the first 4 MiB are mapped to themselves. */
  paging?: boolean;
  /** Changes to the state at the start. */
  state?: (state: CpuState, program: Program) => void;
  /** Changes to memory at the start. */
  memory?: (memory: Memory, program: Program) => void;
}

/** Physical memory being set up. */
export class Memory {
  readonly pages = new Map<number, Uint8Array>();

  write(address: number, bytes: Uint8Array | number[]): void {
    bytes.forEach((byte, i) => {
      const at = address + i;
      let page = this.pages.get(at >>> 12);
      if (page === undefined) this.pages.set(at >>> 12, (page = new Uint8Array(4096)));
      page[at & 0xfff] = byte;
    });
  }

  write32(address: number, ...values: number[]): void {
    const bytes = new Uint8Array(values.length * 4);
    const view = new DataView(bytes.buffer);
    values.forEach((value, i) => view.setUint32(4 * i, value >>> 0, true));
    this.write(address, bytes);
  }

  /** Page numbers and contents, as the simulator takes them. */
  get content(): { numbers: Uint32Array; data: Uint8Array } {
    const numbers = Uint32Array.from(this.pages.keys());
    const data = new Uint8Array(numbers.length * 4096);
    [...this.pages.values()].forEach((page, i) => data.set(page, i * 4096));
    return { numbers, data };
  }
}

export interface Guest {
  program: Program;
  memory: Memory;
  state: CpuState;
}

/** A program, ready to run from its label `start` (or its first byte). */
export function guest(source: string, options: GuestOptions = {}): Guest {
  const program = assemble(source, MAP.code);
  const memory = new Memory();
  memory.write(program.base, program.bytes);
  memory.write(MAP.data, [0]);
  writeTables(memory, program, options);
  const state = initialState(options);
  state.eip = labelOr(program, 'start', program.base);
  options.memory?.(memory, program);
  options.state?.(state, program);
  return { program, memory, state };
}

/** Points the page table's entry for a linear address below 4 MiB at a physical page. */
export function mapPage(memory: Memory, linear: number, physical: number, flags: number): void {
  memory.write32(MAP.tables + (linear >>> 12) * 4, physical | flags);
}

function labelOr(program: Program, label: string, otherwise: number): number {
  try {
    return program.at(label);
  } catch {
    return otherwise;
  }
}

function descriptor(base: number, limit: number, access: number, flags: number): number[] {
  const low = ((base & 0xffff) << 16) | (limit & 0xffff);
  const high = (base & 0xff000000) | (flags << 20) | (limit & 0xf0000) | (access << 8) | ((base >>> 16) & 0xff);
  return [low, high];
}

function writeTables(memory: Memory, program: Program, options: GuestOptions): void {
  const flat = (access: number): number[] => descriptor(0, 0xfffff, access, 0xc);
  const tss = descriptor(MAP.tss, 0x67, 0x8b, 0);
  memory.write32(MAP.gdt, 0, 0, ...flat(0x9b), ...flat(0x93), ...flat(0xfb), ...flat(0xf3), ...tss);
  memory.write32(MAP.tss + 4, MAP.stack0, SELECTOR.data0);
  for (const [vector, label] of Object.entries(options.handlers ?? {})) {
    const offset = program.at(label);
    // An interrupt gate for 32 bits that ring 3 may use.
    memory.write32(
      MAP.idt + Number(vector) * 8,
      (SELECTOR.code0 << 16) | (offset & 0xffff),
      (offset & 0xffff0000) | 0xee00,
    );
  }
  if (options.paging) {
    memory.write32(MAP.directory, MAP.tables | PAGE.present | PAGE.writable | PAGE.user);
    for (let page = 0; page < 1024; page++) {
      mapPage(memory, page << 12, page << 12, PAGE.present | PAGE.writable | PAGE.user);
    }
  }
}

function flatSegment(selector: number, access: number): Segment {
  return { selector, base: 0, limit: 0xffffffff, attributes: GRANULAR_32 | access };
}

function initialState(options: GuestOptions): CpuState {
  const [code, data] = options.user
    ? [flatSegment(SELECTOR.code3, 0xfb), flatSegment(SELECTOR.data3, 0xf3)]
    : [flatSegment(SELECTOR.code0, 0x9b), flatSegment(SELECTOR.data0, 0x93)];
  const nothing = { selector: 0, base: 0, limit: 0, attributes: 0 };
  return {
    gpr: [0, 0, 0, 0, options.user ? MAP.stack3 : MAP.stack0, 0, 0, 0],
    eip: MAP.code,
    eflags: 0x202,
    segments: [data, code, { ...data }, { ...data }, { ...data }, { ...data }],
    ldtr: nothing,
    tr: { selector: SELECTOR.tss, base: MAP.tss, limit: 0x67, attributes: PRESENT | 0xb },
    gdtr: { base: MAP.gdt, limit: 0x2f },
    idtr: { base: MAP.idt, limit: 0x7ff },
    cr0: options.paging ? 0x80010011 : 0x11,
    cr2: 0,
    cr3: options.paging ? MAP.directory : 0,
    cr4: 0x600,
    dr: [0, 0, 0, 0, 0, 0, 0xffff0ff0, 0x400],
    sysenter: [SELECTOR.code0, MAP.stack0, 0],
    x87: { fcw: 0x37f, fsw: 0, ftw: 0xffff, fop: 0, fip: 0, fcs: 0, fdp: 0, fds: 0, st: new Uint8Array(80) },
    mxcsr: 0x1f80,
    xmm: new Uint8Array(128),
    halted: false,
  };
}
