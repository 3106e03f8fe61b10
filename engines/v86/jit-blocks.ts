/**
 * The basic blocks of generated modules. A JIT module counts a whole block when it enters it; leaving in the middle
 * (a fault, code that changes itself, POPF that lets an interrupt in) counts too much, and only the block's
 * instructions tell by how much.
 *
 * The blocks are read from the engine's own map while it generates: `HashMap<u32, BasicBlock>` of v86 0.5.462
 * (src/rust/jit.rs), laid out by hashbrown: control bytes upwards, entries downwards from the same pointer.
 */
import { iced } from '../../formats/iced.js';

const ENTRY_WORDS = 13;
const WORD = { key: 0, address: 7, last: 9, end: 10, count: 11 } as const;
const MAX_BLOCK_BYTES = 4096;

interface Block {
  /** Physical addresses, first byte and past the last. */
  address: number;
  end: number;
  /** Instructions. */
  count: number;
  code: Uint8Array;
}

interface Module {
  index: number;
  blocks: Block[];
  bits: 16 | 32;
}

/** Where JIT code was left: null where nothing is mapped; and whether the instruction there began. */
export interface Left {
  physical: number | null;
  began: boolean;
}

export class JitBlocks {
  private fresh: Block[] = [];
  private freshIndex = -1;
  private readonly modules = new Map<number, Module>();
  private readonly liveAt = new Map<number, number>();

  /**
   * A module is about to be generated.
   * @param map address of the map in WASM memory
   * @param ram guest RAM
   * @throws Error when the map does not look as it must: another build of v86
   */
  generating(memory: ArrayBuffer, map: number, index: number, ram: Uint8Array): void {
    this.fresh = readBlocks(memory, map, ram);
    this.freshIndex = index;
  }

  /** The module just generated got this number. */
  generated(serial: number, is32: boolean): void {
    if (this.freshIndex < 0) throw new Error('a module was generated without basic blocks');
    this.modules.set(serial, { index: this.freshIndex, blocks: this.fresh, bits: is32 ? 32 : 16 });
    this.freshIndex = -1;
  }

  /** The module became live; the one before it in the same slot is gone. */
  live(serial: number): void {
    const module = this.modules.get(serial);
    if (module === undefined) return;
    const before = this.liveAt.get(module.index);
    if (before !== undefined) this.modules.delete(before);
    this.liveAt.set(module.index, serial);
  }

  /**
   * How many instructions module `serial` counted that it did not retire, when it was left at `address`.
   * @param address physical address of the first instruction that was not retired
   * @param began that instruction began and was broken off: the block that holds it was entered
   */
  overcount(serial: number, address: number, began: boolean): number {
    const module = this.modules.get(serial);
    if (module === undefined) throw new Error(`JIT module ${serial} is not known`);
    const places: Place[] = [];
    for (const block of module.blocks) {
      if (address < block.address || address >= block.end) continue;
      const place = placeIn(block, address, module.bits);
      if (place !== null) places.push(place);
    }
    if (began && places.length === 0)
      throw new Error(`an instruction at 0x${address.toString(16)}, outside the blocks of JIT module ${serial}`);
    // At the start of a block: it was not entered, the block before was done to its end. Blocks that share an
    // instruction (one begins with the STI before it) share all behind it.
    const [place] = places;
    return place === undefined || (!began && places.some((one) => one.first)) ? 0 : place.left;
  }
}

/** An instruction in a block. */
interface Place {
  first: boolean;
  /** How many instructions of the block there are from it on. */
  left: number;
}

/** Null when no instruction of the block begins at `address`. */
function placeIn(block: Block, address: number, bits: number): Place | null {
  const { Decoder, Instruction } = iced();
  const decoder = new Decoder(bits, block.code, 0);
  const instruction = new Instruction();
  try {
    let at = block.address;
    for (let i = 0; i < block.count; i++) {
      if (at === address) return { first: i === 0, left: block.count - i };
      if (at > address || !decoder.canDecode) return null;
      decoder.decodeOut(instruction);
      at += instruction.length;
    }
    return null;
  } finally {
    instruction.free();
    decoder.free();
  }
}

function readBlocks(memory: ArrayBuffer, map: number, ram: Uint8Array): Block[] {
  const words = new Uint32Array(memory);
  const [control, mask, , items] = words.subarray(map >>> 2, (map >>> 2) + 4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  if (((mask + 1) & mask) !== 0 || items > mask + 1 || control % 4 !== 0) throw unexpected();
  const used = new Uint8Array(memory, control, mask + 1);
  const blocks: Block[] = [];
  for (let i = 0; i <= mask; i++) {
    if (used[i]! >= 0x80) continue;
    const at = (control >>> 2) - (i + 1) * ENTRY_WORDS;
    const address = words[at + WORD.address]!;
    const end = words[at + WORD.end]!;
    const count = words[at + WORD.count]!;
    const last = words[at + WORD.last]!;
    const sound =
      words[at + WORD.key] === address &&
      last >= address &&
      last < end &&
      end - address <= MAX_BLOCK_BYTES &&
      end <= ram.length;
    if (!sound || count < 1 || count > end - address) throw unexpected();
    blocks.push({ address, end, count, code: ram.slice(address, end) });
  }
  if (blocks.length !== items) throw unexpected();
  return blocks;
}

function unexpected(): Error {
  return new Error('the basic blocks of the engine are not where they are in v86 0.5.462');
}
