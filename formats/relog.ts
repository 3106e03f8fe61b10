/** What a relog holds, frame by frame (docs/formats/relog.md). */
import { decode, encode } from './cbor.js';
import { damaged, parseFrame, type ContainerReader, type ContainerWriter } from './container/index.js';
import { encodablePages, PAGE_BYTES, pagesOf, type Pages } from './pages.js';
import { bool, bytes, list, record, ShapeError, text, u16, u32, uint } from './shape.js';
import type { CpuState, RamRegion, Segment, TableRegister } from './state.js';

export const RELOG_FRAME = { header: 1, pages: 2, keyframe: 3, events: 4 } as const;
export interface RelogHeader {
  /** Position of the first keyframe. */
  start: number;
  ram: RamRegion[];
  /** What ran, for people and for finding symbols. */
  guest: { name: string; hash: string };
  /** Whether flags that the manual leaves undefined are as docs/formats/relog.md has them, "The CPU". */
  flags?: 'defined';
  /** Whether x87 and SSE are as docs/formats/relog.md has them there. */
  float?: 'processor';
}

/** How much of a processor the machine is. */
export type MachineKind = Pick<RelogHeader, 'flags' | 'float'>;

export interface Keyframe {
  index: number;
  position: number;
  state: CpuState;
}

export type RelogItem =
  { kind: 'pages'; pages: Pages } | { kind: 'keyframe'; keyframe: Keyframe } | { kind: 'events'; payload: Uint8Array };

export function writeRelogHeader(writer: ContainerWriter, header: RelogHeader): void {
  writer.frame(RELOG_FRAME.header, encode({ ...header, ...writer.storeHint }), BigInt(header.start));
}

export function writePages(writer: ContainerWriter, pages: Pages, position: number): void {
  writer.contents(RELOG_FRAME.pages, encode(encodablePages(pages)), BigInt(position));
}

export function writeKeyframe(writer: ContainerWriter, keyframe: Keyframe): void {
  writer.frame(RELOG_FRAME.keyframe, encode(keyframe), BigInt(keyframe.position));
}

/** @returns bytes written */
export function writeEvents(writer: ContainerWriter, payload: Uint8Array, position: number): number {
  return writer.frame(RELOG_FRAME.events, payload, BigInt(position), 6);
}

/** @throws DecoupleError damaged */
export function readRelogHeader(reader: ContainerReader): RelogHeader {
  const frame = reader.next();
  if (frame === null || frame.kind !== RELOG_FRAME.header) throw damaged(reader.path, 'its header is missing');
  return parseFrame(reader, frame, headerOf);
}

/**
 * Everything after the header, in order.
 * @param wantsEvents asked before each frame of events: those that are not wanted are not unpacked, nor handed out
 * @throws DecoupleError damaged
 */
export function* readRelog(reader: ContainerReader, wantsEvents = () => true): Generator<RelogItem> {
  for (;;) {
    const events = wantsEvents();
    const frame = reader.next(({ kind }) => events || kind !== RELOG_FRAME.events);
    if (frame === null) return;
    if (frame.kind === RELOG_FRAME.pages) yield { kind: 'pages', pages: parseFrame(reader, frame, pagesOf) };
    else if (frame.kind === RELOG_FRAME.keyframe)
      yield { kind: 'keyframe', keyframe: parseFrame(reader, frame, keyframeOf) };
    else if (frame.kind === RELOG_FRAME.events && events) yield { kind: 'events', payload: frame.payload };
  }
}

function headerOf(value: unknown): RelogHeader {
  const map = record(value, 'the header');
  const guest = record(map.guest, 'guest');
  const ram = list(map.ram, 'ram', (item, what) => {
    const region = record(item, what);
    return { start: u32(region.start, `${what}.start`), size: uint(region.size, `${what}.size`, 2 ** 32) };
  });
  const ends = ram.map(({ start, size }) => start + size);
  const sound = ram.every(
    ({ start, size }, i) =>
      start % PAGE_BYTES === 0 &&
      size % PAGE_BYTES === 0 &&
      size > 0 &&
      ends[i]! <= 2 ** 32 &&
      (i === 0 || start >= ends[i - 1]!),
  );
  if (!sound || ram.length === 0 || ram.length > 64) throw new ShapeError('the map of RAM is impossible');
  return {
    start: uint(map.start, 'start'),
    ram,
    guest: { name: text(guest.name, 'guest.name'), hash: text(guest.hash, 'guest.hash') },
    ...(map.flags !== undefined && { flags: only('defined', map.flags, 'flags') }),
    ...(map.float !== undefined && { float: only('processor', map.float, 'float') }),
  };
}

function only<T extends string>(right: T, value: unknown, field: string): T {
  if (value !== right) throw new ShapeError(`${field} is to be "${right}", or not to be told of`);
  return right;
}

/** @throws ShapeError */
export function keyframeOf(value: unknown): Keyframe {
  const map = record(value, 'a keyframe');
  return { index: u32(map.index, 'index'), position: uint(map.position, 'position'), state: stateOf(map.state) };
}

/** What a `state` event holds. @throws ShapeError */
export function readCpuState(encoded: Uint8Array): CpuState {
  let value: unknown;
  try {
    value = decode(encoded);
  } catch {
    throw new ShapeError('the state is not CBOR');
  }
  return stateOf(value);
}

/** What an instruction wrote: physical addresses, all of it in RAM. */
export type Written = [address: number, data: Uint8Array];

/** An instruction's effect, as an `effect` event states it. */
export interface Effect {
  eip: number;
  code: Uint8Array;
  /** What of the registers is not as before; EIP and EFLAGS always. */
  after: Uint8Array;
  writes: Uint8Array;
}

/** @param before and `after` the instruction at `before.eip` */
export function encodeEffect(code: Uint8Array, before: CpuState, after: CpuState, writes: readonly Written[]): Effect {
  const keys = (Object.keys(after) as (keyof CpuState)[]).filter(
    (key) => key === 'eip' || key === 'eflags' || !Buffer.from(encode(before[key])).equals(encode(after[key])),
  );
  const changed = Object.fromEntries(keys.map((key) => [key, after[key]]));
  return { eip: before.eip, code, after: encode(changed), writes: encode(writes) };
}

/** The state after an effect. @throws ShapeError */
export function stateAfter(before: CpuState, encoded: Uint8Array): CpuState {
  let value: unknown;
  try {
    value = decode(encoded);
  } catch {
    throw new ShapeError('what follows an effect is not CBOR');
  }
  const { eip, eflags, ...rest } = record(value, 'what follows an effect');
  return stateOf({ ...before, ...rest, eip, eflags });
}

function stateOf(value: unknown): CpuState {
  const map = record(value, 'state');
  const x87 = record(map.x87, 'x87');
  const segment = (item: unknown, what: string): Segment => {
    const fields = record(item, what);
    return {
      selector: u16(fields.selector, what),
      base: u32(fields.base, what),
      limit: u32(fields.limit, what),
      attributes: u16(fields.attributes, what),
    };
  };
  const table = (item: unknown, what: string): TableRegister => {
    const fields = record(item, what);
    return { base: u32(fields.base, what), limit: u16(fields.limit, what) };
  };
  return {
    gpr: list(map.gpr, 'gpr', u32, 8),
    eip: u32(map.eip, 'eip'),
    eflags: u32(map.eflags, 'eflags'),
    segments: list(map.segments, 'segments', segment, 6),
    ldtr: segment(map.ldtr, 'ldtr'),
    tr: segment(map.tr, 'tr'),
    gdtr: table(map.gdtr, 'gdtr'),
    idtr: table(map.idtr, 'idtr'),
    cr0: u32(map.cr0, 'cr0'),
    cr2: u32(map.cr2, 'cr2'),
    cr3: u32(map.cr3, 'cr3'),
    cr4: u32(map.cr4, 'cr4'),
    dr: list(map.dr, 'dr', u32, 8),
    sysenter: list(map.sysenter, 'sysenter', u32, 3),
    x87: {
      fcw: u16(x87.fcw, 'fcw'),
      fsw: u16(x87.fsw, 'fsw'),
      ftw: u16(x87.ftw, 'ftw'),
      fop: u16(x87.fop, 'fop'),
      fip: u32(x87.fip, 'fip'),
      fcs: u16(x87.fcs, 'fcs'),
      fdp: u32(x87.fdp, 'fdp'),
      fds: u16(x87.fds, 'fds'),
      st: bytes(x87.st, 'st', 80),
    },
    mxcsr: u32(map.mxcsr, 'mxcsr'),
    xmm: bytes(map.xmm, 'xmm', 128),
    halted: bool(map.halted, 'halted'),
  };
}
