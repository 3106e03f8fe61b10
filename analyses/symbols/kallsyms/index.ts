/**
 * The symbols of a Linux kernel from its own compressed table (kallsyms) in guest RAM: they are there whatever kernel
 * the guest boots, and nobody has to find a vmlinux that fits. 32-bit kernels; found by its shape, not by version.
 */
import type { RamRegion } from '../../../formats/state.js';
import { findAddresses } from './addresses.js';
import { findNames } from './names.js';
import { findTokenTables, type TokenTable } from './tokens.js';

export interface KernelSymbol {
  address: number;
  /** As in `nm`: T and t are functions, D and d data, and so on. */
  type: string;
  name: string;
}

export interface GuestMemory {
  ram: readonly RamRegion[];
  readPhysical(address: number, length: number): Uint8Array;
}

/** How much memory is searched at a time. */
const CHUNK = 4 << 20;
/** More than the names, markers, tokens and offsets of a large kernel take on either side of the tokens' start. */
const BEFORE = 8 << 20;
const AFTER = 2 << 20;
/** A token table and its index are smaller, so that one across two chunks is in their overlap. */
const OVERLAP = 16 << 10;
/** Every kernel has these; a table without is not one. */
const WELL_KNOWN = ['_stext', '_etext', 'start_kernel'];

/** Symbols in ascending order of address, or null when no table is found. */
export function readKallsyms(memory: GuestMemory): KernelSymbol[] | null {
  for (const region of memory.ram) {
    for (let chunk = 0; chunk < region.size; chunk += CHUNK) {
      const from = Math.max(0, chunk - OVERLAP);
      const bytes = memory.readPhysical(region.start + from, Math.min(CHUNK + OVERLAP, region.size - from));
      for (const tokens of findTokenTables(bytes)) {
        const symbols = readAround(memory, region, from + tokens.start, tokens.end - tokens.start);
        if (symbols !== null) return symbols;
      }
    }
  }
  return null;
}

/** @param start offset in the region of a token table of `length` bytes, index included */
function readAround(memory: GuestMemory, region: RamRegion, start: number, length: number): KernelSymbol[] | null {
  const from = Math.max(0, start - BEFORE);
  const to = Math.min(region.size, start + length + AFTER);
  const bytes = Buffer.from(memory.readPhysical(region.start + from, to - from));
  for (const tokens of findTokenTables(bytes.subarray(start - from))) {
    const here: TokenTable = { ...tokens, start: tokens.start + start - from, end: tokens.end + start - from };
    return here.start === start - from ? readTables(bytes, here) : null;
  }
  return null;
}

function readTables(bytes: Buffer, tokens: TokenTable): KernelSymbol[] | null {
  const names = findNames(bytes, tokens);
  if (names === null) return null;
  const addresses = findAddresses(bytes, names.names.length, names.countAt, tokens.end);
  if (addresses === null) return null;
  const symbols = names.names.map((name, i) => ({ address: addresses[i]!, type: name[0]!, name: name.slice(1) }));
  const known = new Set(symbols.map(({ name }) => name));
  return WELL_KNOWN.every((name) => known.has(name)) ? symbols : null;
}
