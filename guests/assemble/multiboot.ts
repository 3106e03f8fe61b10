/**
 * One file that starts Linux at once: an ELF file with a multiboot header, holding the unpacked kernel, its initrd,
 * its boot_params and a stub that enters it by the 32-bit boot protocol (Documentation/x86/boot.rst). A multiboot
 * loader copies the segments to their addresses and jumps to the stub in protected mode.
 */
import type { BzImage } from './bzimage.js';
import { readElfSegments, type LoadSegment } from './elf.js';

export const PAGE = 4096;
const BOOT_PARAMS = 0x10000;
const STUB = 0x11000;
const COMMAND_LINE = 0x20000;
/** From here to 1 MB there is the BIOS, its data and video memory. */
export const LOW_MEMORY_END = 0x9f000;
export const HIGH_MEMORY = 0x100000;
const E820_RAM = 1;
const E820_RESERVED = 2;
/** Multiboot's magic number and where in the file it stands (anywhere aligned in the first 8 kB). */
export const MULTIBOOT_MAGIC = 0x1badb002;
const MULTIBOOT_OFFSET = 0x800;

export interface MultibootInput {
  kernel: BzImage;
  initrd: Buffer | null;
  commandLine: string;
  /** Bytes of RAM. */
  memory: number;
}

/** Throws RangeError when it does not all fit into the memory. */
export function buildMultibootImage(input: MultibootInput): Buffer {
  const { entry, segments } = readElfSegments(input.kernel.vmlinux);
  const kernelEnd = Math.max(...segments.map((segment) => segment.address + segment.memorySize));
  const initrdSize = input.initrd?.length ?? 0;
  const initrdAt = placeInitrd(kernelEnd, initrdSize, input.memory);
  const commandLine = Buffer.from(`${input.commandLine}\0`, 'latin1');
  if (commandLine.length > LOW_MEMORY_END - COMMAND_LINE) throw new RangeError('the kernel command line is too long');
  const all: LoadSegment[] = [
    ...[segment(BOOT_PARAMS, bootParams(input, initrdAt)), segment(STUB, stub(entry))],
    segment(COMMAND_LINE, commandLine),
    ...segments,
  ];
  if (input.initrd !== null) all.push(segment(initrdAt, input.initrd));
  return writeElf(all, STUB);
}

export function segment(address: number, data: Buffer): LoadSegment {
  return { address, data, memorySize: data.length };
}

/** The kernel reserves memory right behind itself early on, so the initrd goes to the middle or as high as it must. */
function placeInitrd(kernelEnd: number, size: number, memory: number): number {
  const align = 1 << 22;
  const lowest = Math.ceil(kernelEnd / align) * align;
  const highest = Math.floor((memory - PAGE - size) / PAGE) * PAGE;
  const middle = Math.floor(memory / 2 / align) * align;
  const place = Math.min(Math.max(lowest, middle), highest);
  if (place < lowest) {
    throw new RangeError(
      `kernel (up to ${kernelEnd} bytes) and initrd (${size} bytes) do not fit into ${memory} bytes`,
    );
  }
  return place;
}

/** struct boot_params, the "zero page": arch/x86/include/uapi/asm/bootparam.h. */
function bootParams(input: MultibootInput, initrdAt: number): Buffer {
  const page = Buffer.alloc(PAGE);
  input.kernel.setupHeader.copy(page, 0x1f1);
  page.writeUInt8(0xff, 0x210); // type_of_loader: none of the registered ones
  page.writeUInt32LE(COMMAND_LINE, 0x228);
  if (input.initrd !== null) {
    page.writeUInt32LE(initrdAt, 0x218);
    page.writeUInt32LE(input.initrd.length, 0x21c);
  }
  // screen_info: VGA text mode 3, 80 × 25, 16 pixel high characters
  page.writeUInt8(3, 0x06);
  page.writeUInt8(80, 0x07);
  page.writeUInt8(25, 0x0e);
  page.writeUInt8(1, 0x0f);
  page.writeUInt16LE(16, 0x10);
  const map: [number, number, number][] = [
    [0, LOW_MEMORY_END, E820_RAM],
    [LOW_MEMORY_END, HIGH_MEMORY - LOW_MEMORY_END, E820_RESERVED],
    [HIGH_MEMORY, input.memory - HIGH_MEMORY, E820_RAM],
  ];
  page.writeUInt8(map.length, 0x1e8);
  map.forEach(([start, length, type], index) => {
    const at = 0x2d0 + 20 * index;
    page.writeBigUInt64LE(BigInt(start), at);
    page.writeBigUInt64LE(BigInt(length), at + 8);
    page.writeUInt32LE(type, at + 16);
  });
  return page;
}

/** Loads the flat segments the protocol wants (code 0x10, data 0x18), points ESI at boot_params, jumps to the kernel. */
function stub(entry: number): Buffer {
  const gdtPointer = STUB + 0x78;
  const gdt = STUB + 0x80;
  const head = [0xfa, 0x0f, 0x01, 0x15, ...u32(gdtPointer)]; // cli; lgdt [gdtPointer]
  const next = STUB + head.length + 7;
  const code = [
    ...head,
    ...[0xea, ...u32(next), 0x10, 0], // jmp 0x10:next
    ...[0xb8, 0x18, 0, 0, 0], // mov eax, 0x18
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8, 0x8e, 0xd0], // mov ds, es, fs, gs, ss, ax
    ...[0xbe, ...u32(BOOT_PARAMS)], // mov esi, boot_params
    ...[0x31, 0xdb, 0x31, 0xed, 0x31, 0xff], // xor ebx, ebx; xor ebp, ebp; xor edi, edi
    ...[0xb8, ...u32(entry), 0xff, 0xe0], // mov eax, entry; jmp eax
  ];
  const out = Buffer.alloc(0xa0);
  out.set(code);
  out.writeUInt16LE(0x1f, gdtPointer - STUB);
  out.writeUInt32LE(gdt, gdtPointer - STUB + 2);
  out.set([0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0], gdt - STUB + 0x10); // flat 4 GB code
  out.set([0xff, 0xff, 0, 0, 0, 0x92, 0xcf, 0], gdt - STUB + 0x18); // flat 4 GB data
  return out;
}

export function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

/**
 * An ELF file with a multiboot header that asks for nothing.
 * @param entry physical address
 */
export function writeElf(segments: LoadSegment[], entry: number): Buffer {
  const header = Buffer.alloc(PAGE);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]); // ELF, 32 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // executable
  header.writeUInt16LE(3, 18); // i386
  header.writeUInt32LE(1, 20);
  header.writeUInt32LE(entry, 24);
  header.writeUInt32LE(52, 28); // program headers follow
  header.writeUInt16LE(52, 40);
  header.writeUInt16LE(32, 42);
  header.writeUInt16LE(segments.length, 44);
  header.writeUInt16LE(40, 46);
  header.writeUInt32LE(MULTIBOOT_MAGIC, MULTIBOOT_OFFSET);
  header.writeUInt32LE(0, MULTIBOOT_OFFSET + 4);
  header.writeUInt32LE(-MULTIBOOT_MAGIC >>> 0, MULTIBOOT_OFFSET + 8);
  const parts: Buffer[] = [header];
  let offset = PAGE;
  segments.forEach((each, index) => {
    const fields = [1, offset, each.address, each.address, each.data.length, each.memorySize, 7, PAGE];
    fields.forEach((field, position) => header.writeUInt32LE(field, 52 + 32 * index + 4 * position));
    const size = Math.ceil(each.data.length / PAGE) * PAGE;
    parts.push(each.data, Buffer.alloc(size - each.data.length));
    offset += size;
  });
  return Buffer.concat(parts);
}
