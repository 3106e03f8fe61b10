/** Executables and libraries of 32-bit x86 guests: their code, and the functions in it (System V ABI, chapters 4, 5). */
import { FunctionTable, type FunctionSymbol } from './functions.js';

const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const MACHINE_386 = 3;
const TYPE_EXECUTABLE = 2;
const TYPE_DYNAMIC = 3;
const SEGMENT_LOAD = 1;
const SEGMENT_EXECUTABLE = 1;
const SECTION_SYMTAB = 2;
const SECTION_DYNSYM = 11;
const SYMBOL_FUNCTION = 2;
const SYMBOL_IFUNC = 10;
const PAGE = 0x1000;

/** A loadable stretch of the file with code in it. */
export interface CodeSegment {
  /** Linear address it is linked for. */
  address: number;
  bytes: Uint8Array;
}

export class ElfFile {
  /** Linked for any address (a PIE or a library): addresses are relative to where it was loaded. */
  readonly relocatable: boolean;
  /** Lowest address of what is loaded, rounded down to a page, and where it ends. */
  readonly base: number;
  readonly end: number;
  readonly entry: number;
  readonly code: readonly CodeSegment[];
  readonly functions: FunctionTable;

  private constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.relocatable = view.getUint16(16, true) === TYPE_DYNAMIC;
    this.entry = view.getUint32(24, true);
    const segments = loadSegments(view, bytes);
    this.code = segments.filter(({ executable }) => executable).map(({ address, bytes }) => ({ address, bytes }));
    this.base = Math.floor(Math.min(...segments.map(({ address }) => address)) / PAGE) * PAGE;
    this.end = Math.max(...segments.map(({ address, memorySize }) => address + memorySize));
    this.functions = new FunctionTable(functionSymbols(view, bytes), this.end);
  }

  /** The file in `bytes`, or null when that is no executable or library for 32-bit x86. */
  static parse(bytes: Uint8Array): ElfFile | null {
    if (!isElf32(bytes)) return null;
    try {
      const file = new ElfFile(bytes);
      return file.code.length > 0 ? file : null;
    } catch (error) {
      // DataView says so when an offset in the file points outside of it.
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  /**
   * `length` bytes of code at `address` (as linked), or null when they are not all in one segment of code.
   */
  codeAt(address: number, length: number): Uint8Array | null {
    for (const { address: start, bytes } of this.code) {
      const offset = address - start;
      if (offset >= 0 && offset + length <= bytes.length) return bytes.subarray(offset, offset + length);
    }
    return null;
  }
}

function isElf32(bytes: Uint8Array): boolean {
  if (bytes.length < 52) return false;
  const magic = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  if (!magic || bytes[4] !== CLASS_32 || bytes[5] !== LITTLE_ENDIAN) return false;
  const type = bytes[16]! | (bytes[17]! << 8);
  const machine = bytes[18]! | (bytes[19]! << 8);
  return machine === MACHINE_386 && (type === TYPE_EXECUTABLE || type === TYPE_DYNAMIC);
}

interface Segment extends CodeSegment {
  executable: boolean;
  memorySize: number;
}

function loadSegments(view: DataView, bytes: Uint8Array): Segment[] {
  const [offset, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
  const segments: Segment[] = [];
  for (let i = 0; i < count; i++) {
    const at = offset + i * size;
    if (view.getUint32(at, true) !== SEGMENT_LOAD) continue;
    const fileOffset = view.getUint32(at + 4, true);
    segments.push({
      address: view.getUint32(at + 8, true),
      bytes: bytes.subarray(fileOffset, fileOffset + view.getUint32(at + 16, true)),
      memorySize: view.getUint32(at + 20, true),
      executable: (view.getUint32(at + 24, true) & SEGMENT_EXECUTABLE) !== 0,
    });
  }
  return segments;
}

function* functionSymbols(view: DataView, bytes: Uint8Array): Generator<FunctionSymbol> {
  const [offset, size, count] = [view.getUint32(32, true), view.getUint16(46, true), view.getUint16(48, true)];
  const section = (index: number) => {
    const at = offset + index * size;
    return {
      type: view.getUint32(at + 4, true),
      offset: view.getUint32(at + 16, true),
      size: view.getUint32(at + 20, true),
      link: view.getUint32(at + 24, true),
    };
  };
  for (let i = 0; i < count; i++) {
    const table = section(i);
    if (table.type !== SECTION_SYMTAB && table.type !== SECTION_DYNSYM) continue;
    const names = section(table.link);
    for (let at = table.offset; at + 16 <= table.offset + table.size; at += 16) {
      const type = view.getUint8(at + 12) & 15;
      const defined = view.getUint16(at + 14, true) !== 0;
      if (!defined || (type !== SYMBOL_FUNCTION && type !== SYMBOL_IFUNC)) continue;
      const name = text(bytes, names.offset + view.getUint32(at, true), names.offset + names.size);
      yield { address: view.getUint32(at + 4, true), size: view.getUint32(at + 8, true), name };
    }
  }
}

function text(bytes: Uint8Array, start: number, limit: number): string {
  let end = start;
  while (end < limit && bytes[end] !== 0) end++;
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
