/**
 * Any multiboot kernel (Multiboot Specification 0.6.96) with a command line and a module: one file that holds all of it, and that a loader
 * which knows neither can load. A stub points the kernel at what a loader would have told it.
 */
import { readElfSegments, type LoadSegment } from './elf.js';
import { HIGH_MEMORY, LOW_MEMORY_END, MULTIBOOT_MAGIC, PAGE, segment, u32, writeElf } from './multiboot.js';

export interface MultibootKernel {
  kernel: Buffer;
  module: Buffer | null;
  commandLine: string;
  /** Bytes of RAM. */
  memory: number;
}

/** Where the kernel's header may be. */
const SEARCHED_BYTES = 8192;
/** Bits of its flags: what it needs of a loader. */
const KNOWN_NEEDS = 0b111;
const OWN_ADDRESSES = 1 << 16;
/** What a loader says in EAX. */
const LOADED = 0x2badb002;
/** Of the information: memory, command line, modules, map of memory, name of the loader. */
const INFORMATION_FLAGS = 0x1 | 0x4 | 0x8 | 0x40 | 0x200;
const INFORMATION_BYTES = 116;
const MAP_RAM = 1;
const LOADER_NAME = 'decouple';
/** Where the stub and what the kernel is told go, unless it is loaded there itself. */
const PLACE = 0x10000;
const ENTRY_WORDS = 6;

export function isMultiboot(bytes: Buffer): boolean {
  return findHeader(bytes) !== null;
}

/** Where its header is. */
function findHeader(bytes: Buffer): number | null {
  for (let at = 0; at + 12 <= Math.min(bytes.length, SEARCHED_BYTES); at += 4) {
    if (bytes.readUInt32LE(at) !== MULTIBOOT_MAGIC) continue;
    const sum = MULTIBOOT_MAGIC + bytes.readUInt32LE(at + 4) + bytes.readUInt32LE(at + 8);
    if (sum % 2 ** 32 === 0) return at;
  }
  return null;
}

/** Throws RangeError with what is the matter, when it does not fit into the memory or needs what there is not. */
export function wrapMultibootKernel({ kernel, module, commandLine, memory }: MultibootKernel): Buffer {
  const { entry, segments } = loaded(kernel);
  const end = Math.max(...segments.map(({ address, memorySize }) => address + memorySize));
  const modulePlace = Math.ceil(end / PAGE) * PAGE;
  const moduleEnd = modulePlace + (module?.length ?? 0);
  const free = Math.ceil(moduleEnd / PAGE) * PAGE;
  const command = Buffer.from(`${commandLine}\0`, 'latin1');
  const size = PAGE + command.length;
  const used = segments.some(({ address, memorySize }) => address < PLACE + size && address + memorySize > PLACE);
  const place = used || PLACE + size > LOW_MEMORY_END ? free : PLACE;
  if (Math.max(free, place + size) > memory) throw new RangeError(`it does not fit into ${memory} bytes of memory`);
  const told = information({ place, command, module: module && { start: modulePlace, end: moduleEnd }, memory, entry });
  const all = [...segments, segment(place, told)];
  if (module !== null) all.push(segment(modulePlace, module));
  return writeElf(all, place);
}

/** What of the kernel goes where. */
function loaded(kernel: Buffer): { entry: number; segments: LoadSegment[] } {
  const at = findHeader(kernel);
  if (at === null) throw new RangeError('it is no multiboot kernel');
  const flags = kernel.readUInt32LE(at + 4);
  const unknown = flags & 0xffff & ~KNOWN_NEEDS;
  if (unknown !== 0)
    throw new RangeError(`its multiboot header needs what no loader here has (flags ${flags.toString(16)}h)`);
  if ((flags & OWN_ADDRESSES) === 0) {
    const { physicalEntry, segments } = readElfSegments(kernel);
    return { entry: physicalEntry, segments };
  }
  const [header, load, loadEnd, bssEnd, entry] = [12, 16, 20, 24, 28].map((field) =>
    kernel.readUInt32LE(at + field),
  ) as [number, number, number, number, number];
  const from = at - (header - load);
  const data = kernel.subarray(from, loadEnd === 0 ? kernel.length : from + loadEnd - load);
  return { entry, segments: [{ address: load, data, memorySize: Math.max(data.length, bssEnd - load) }] };
}

interface Told {
  place: number;
  command: Buffer;
  module: { start: number; end: number } | null;
  memory: number;
  entry: number;
}

/** The stub, and behind it the information structure (3.3) with what it points to. */
function information({ place, command, module, memory, entry }: Told): Buffer {
  const page = Buffer.alloc(PAGE);
  const at = ENTRY_WORDS * 4;
  const modules = at + INFORMATION_BYTES;
  const map = modules + 16;
  const name = map + 2 * 24;
  page.set([0xb8, ...u32(LOADED), 0xbb, ...u32(place + at), 0xb9, ...u32(entry), 0xff, 0xe1]); // mov eax, …; mov ebx, …; mov ecx, entry; jmp ecx
  page.write(`${LOADER_NAME}\0`, name, 'latin1');
  const put = (field: number, value: number): void => void page.writeUInt32LE(value, at + field);
  put(0, INFORMATION_FLAGS);
  put(4, LOW_MEMORY_END >> 10);
  put(8, (memory - HIGH_MEMORY) >> 10);
  put(16, place + PAGE);
  put(20, module === null ? 0 : 1);
  put(24, place + modules);
  put(44, 2 * 24);
  put(48, place + map);
  put(64, place + name);
  if (module !== null) {
    page.writeUInt32LE(module.start, modules);
    page.writeUInt32LE(module.end, modules + 4);
    page.writeUInt32LE(place + name, modules + 8);
  }
  const ram: [number, number][] = [
    [0, LOW_MEMORY_END],
    [HIGH_MEMORY, memory - HIGH_MEMORY],
  ];
  ram.forEach(([start, length], index) => {
    const entryAt = map + 24 * index;
    page.writeUInt32LE(20, entryAt);
    page.writeBigUInt64LE(BigInt(start), entryAt + 4);
    page.writeBigUInt64LE(BigInt(length), entryAt + 12);
    page.writeUInt32LE(MAP_RAM, entryAt + 20);
  });
  return Buffer.concat([page, command]);
}
