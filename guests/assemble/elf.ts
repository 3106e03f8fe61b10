/** The little of ELF (32-bit, little endian) that is needed here: segments to load, sections by name. */

const PT_LOAD = 1;

export interface LoadSegment {
  /** Physical address. */
  address: number;
  data: Buffer;
  /** Bytes in memory; zeros follow the data. */
  memorySize: number;
}

export interface ElfSegments {
  /** As the header has it: a virtual address. */
  entry: number;
  /** The same as a physical one. */
  physicalEntry: number;
  segments: LoadSegment[];
}

export function readElfSegments(elf: Buffer): ElfSegments {
  const tableOffset = elf.readUInt32LE(28);
  const entrySize = elf.readUInt16LE(42);
  const segments: LoadSegment[] = [];
  const entry = elf.readUInt32LE(24);
  let physicalEntry = entry;
  for (let index = 0; index < elf.readUInt16LE(44); index++) {
    const at = tableOffset + index * entrySize;
    if (elf.readUInt32LE(at) !== PT_LOAD) continue;
    const offset = elf.readUInt32LE(at + 4);
    const data = elf.subarray(offset, offset + elf.readUInt32LE(at + 16));
    const [virtual, address, memorySize] = [8, 12, 20].map((field) => elf.readUInt32LE(at + field)) as [
      number,
      number,
      number,
    ];
    segments.push({ address, data, memorySize });
    if (entry >= virtual && entry < virtual + memorySize) physicalEntry = entry - virtual + address;
  }
  return { entry, physicalEntry, segments };
}

/** Content of a section, or null when there is none of that name. */
export function readElfSection(elf: Buffer, name: string): Buffer | null {
  const tableOffset = elf.readUInt32LE(32);
  const entrySize = elf.readUInt16LE(46);
  const header = (index: number): { name: number; offset: number; size: number } => {
    const at = tableOffset + index * entrySize;
    return { name: elf.readUInt32LE(at), offset: elf.readUInt32LE(at + 16), size: elf.readUInt32LE(at + 20) };
  };
  const names = header(elf.readUInt16LE(50));
  for (let index = 1; index < elf.readUInt16LE(48); index++) {
    const section = header(index);
    const start = names.offset + section.name;
    if (elf.toString('latin1', start, elf.indexOf(0, start)) === name) {
      return elf.subarray(section.offset, section.offset + section.size);
    }
  }
  return null;
}
