/** What is done to a file, from single frames down to single items; as data, so that a case can be told and done again. */
import fc from 'fast-check';
import { EVENT } from '../../formats/events.js';
import { compress } from '../../formats/zstd.js';
import { decodeItems, type Item } from '../support/cbor-items.js';
import { at, encodeTree, placesOf, put, Raw, type Tree } from './cbor-tree.js';
import { newPart, type Container, type Part } from './container-parts.js';
import { anyItem, edge, pick } from './values.js';

/** What `number` chooses is found in the file: frames, items and the like are counted round and round. */
export type Change = (container: Container, kind: 'recording' | 'relog') => void;

const EVENTS_FRAME = 4;
/** Of most bombs, which every command unpacks again; of a few, what is just allowed, and more. */
const BOMB_BYTES = [
  ...Array<number[]>(12)
    .fill([1, 77, 4096, 1 << 16, 1 << 20])
    .flat(),
  64 << 20,
  (64 << 20) + 1,
  300 << 20,
];

function chosen<T>(list: readonly T[], number: number): T | undefined {
  return list[number % Math.max(1, list.length)];
}

/** Frames as wholes: order, number, and what their headers say. */
export const frameChange: fc.Arbitrary<Change> = fc
  .record({
    frame: pick,
    other: pick,
    value: edge,
    bytes: fc.uint8Array({ maxLength: 64 }),
    what: fc.constantFrom(
      ...(['drop', 'copy', 'swap', 'move', 'cut', 'kind', 'codec', 'rawLength', 'storedLength', 'reach'] as const),
      ...(['sequence', 'payloadCrc', 'headerCrc', 'insert', 'stored', 'end', 'noEnd', 'version'] as const),
    ),
  })
  .map(({ frame, other, value, bytes, what }) => {
    const change: Change = (container) => {
      const { frames, preamble } = container;
      const i = frame % Math.max(1, frames.length);
      const j = other % Math.max(1, frames.length);
      const part = frames[i];
      if (part === undefined) return;
      const number = Number(value & 0xffffffffn);
      if (what === 'drop') frames.splice(i, 1);
      else if (what === 'copy') frames.splice(j, 0, { ...part });
      else if (what === 'swap') [frames[i], frames[j]] = [frames[j]!, part];
      else if (what === 'move') frames.splice(j, 0, ...frames.splice(i, 1));
      else if (what === 'cut') part.payload = part.payload.subarray(0, other % (part.payload.length + 1));
      else if (what === 'kind') part.kind = [1, 2, 3, 4, 5, 6, 253, 254, 255, 0][other % 10]!;
      else if (what === 'codec') part.codec = [0, 1, 2, 3, 255][other % 5]!;
      else if (what === 'rawLength') part.rawLength = number;
      else if (what === 'storedLength') part.storedLength = number;
      else if (what === 'reach') part.reach = value;
      else if (what === 'sequence') part.sequence = number;
      else if (what === 'payloadCrc') part.payloadCrcFlip = 1 << (other % 32);
      else if (what === 'headerCrc') part.headerCrcFlip = 1 << (other % 32);
      else if (what === 'insert') frames.splice(i, 0, newPart(other % 7, bytes, value));
      else if (what === 'stored') part.stored = bytes;
      else if (what === 'end') container.outcome = bytes;
      else if (what === 'noEnd') container.outcome = null;
      else preamble.writeUInt16LE(other % 5, 8 + 2 * (frame % 2));
    };
    return change;
  });

/** What is packed is not what the header says: less, more, several zstd frames, or very much in very little. */
export const packingChange: fc.Arbitrary<Change> = fc
  .record({ frame: pick, size: fc.constantFrom(...BOMB_BYTES), claim: pick, twice: fc.boolean(), sure: fc.boolean() })
  .map(({ frame, size, claim, twice, sure }) => ({ frames }) => {
    const part = chosen(frames, frame);
    if (part === undefined) return;
    const zeros = bomb(size);
    part.codec = 1;
    part.stored = twice ? Buffer.concat([compress(part.payload, 1), zeros]) : zeros;
    part.rawLength = sure
      ? twice
        ? part.payload.length
        : size
      : [size, part.payload.length, size - 1, size + 1][claim % 4]!;
  });

const bombs = new Map<number, Uint8Array>();

function bomb(size: number): Uint8Array {
  let packed = bombs.get(size);
  if (packed === undefined) bombs.set(size, (packed = compress(new Uint8Array(size), 1)));
  return packed;
}

type ItemWork = 'replace' | 'drop' | 'copy' | 'swap' | 'key' | 'resize' | 'word' | 'repeat' | 'near';

interface ItemChoice {
  place: number;
  other: number;
  work: ItemWork;
  item: Tree;
  value: bigint;
}

const itemChoice: fc.Arbitrary<ItemChoice> = fc.record({
  ...{ place: pick, other: pick, item: anyItem, value: edge },
  work: fc.constantFrom<ItemWork>(
    'replace',
    'replace',
    'drop',
    'copy',
    'swap',
    'key',
    'resize',
    'word',
    'word',
    'repeat',
    'near',
    'near',
  ),
});

function changeItem(tree: Tree, { place, other, work, item, value }: ItemChoice): Tree {
  const places = placesOf(tree);
  const here = chosen(places, place);
  if (here === undefined) return item;
  const { parent, key } = here;
  const old = at(here);
  if (work === 'replace') put(here, item);
  else if (work === 'drop') {
    if (Array.isArray(parent)) parent.splice(key as number, 1);
    else parent.delete(key);
  } else if (work === 'copy' || work === 'repeat') {
    const times = work === 'copy' ? 1 : 1 + (other % 3000);
    if (Array.isArray(parent)) parent.splice(key as number, 0, ...Array<Tree>(times).fill(old));
    else parent.set(item, old);
  } else if (work === 'swap') {
    const there = chosen(places, other)!;
    const moved = at(there);
    // An item that becomes a part of itself would never end.
    if (isPlain(old) && isPlain(moved)) {
      put(here, moved);
      put(there, old);
    }
  } else if (work === 'key') {
    if (!Array.isArray(parent)) parent.set(item, old);
  } else if (old instanceof Uint8Array) put(here, changeBytes(old, work, other, value));
  else if (typeof old === 'bigint') put(here, work === 'near' ? old + BigInt((other % 5) - 2) : value);
  else if (typeof old === 'string')
    put(here, `${old.slice(0, other % (old.length + 1))}${work === 'word' ? '\0' : ''}`);
  else put(here, item);
  return tree;
}

function isPlain(item: Tree): boolean {
  return !Array.isArray(item) && !(item instanceof Map);
}

/** Another length, one byte that is another one, or another number of 32 bits. */
function changeBytes(old: Uint8Array, work: ItemWork, other: number, value: bigint): Uint8Array {
  if (work === 'resize') {
    const length = [
      other % 64,
      old.length - 1,
      old.length + 1,
      old.length + 4,
      2 * old.length,
      Number(value & 0x1ffffn),
    ];
    const copy = Buffer.alloc(Math.max(0, length[other % 6]!));
    copy.set(old.subarray(0, copy.length));
    return copy;
  }
  const copy = Buffer.from(old);
  if (work === 'near' && copy.length > 0) copy[other % copy.length]! ^= 1 << (other % 8);
  else if (copy.length >= 4) copy.writeUInt32LE(Number(value & 0xffffffffn), 4 * (other % (copy.length >> 2)));
  return copy;
}

/** An item somewhere in a frame, the outcome among them; `header` alone is in each file, and decides most. */
export function payloadChange(only: 'any' | 'header'): fc.Arbitrary<Change> {
  return fc
    .record({ frame: pick, choices: fc.array(itemChoice, { minLength: 1, maxLength: 2 }) })
    .map(({ frame, choices }): Change => (container, kind) => {
      const { frames, outcome } = container;
      const number = only === 'header' ? 0 : frame % (frames.length + 1);
      const change = (payload: Uint8Array, sequence: boolean): Buffer => {
        const items = itemsOf(payload);
        let tree: Tree = sequence || items.length !== 1 ? items : items[0]!;
        for (const choice of choices) tree = changeItem(tree, choice);
        return sequence && Array.isArray(tree) ? Buffer.concat(tree.map(encodeTree)) : encodeTree(tree);
      };
      const part = frames[number];
      if (part === undefined) container.outcome = outcome === null ? null : change(outcome, false);
      else setPayload(part, change(part.payload, kind === 'relog' && part.kind === EVENTS_FRAME));
    });
}

/** Events: order, number, kinds, positions. What is in their fields, `payloadChange` changes too. */
export const eventChange: fc.Arbitrary<Change> = fc
  .record({
    ...{ frame: pick, event: pick, other: pick, value: edge, choice: itemChoice },
    what: fc.constantFrom(
      'drop',
      'copy',
      'swap',
      'kind',
      'delta',
      'base',
      'field',
      'field',
      'truncate',
      'end',
      'many',
      'blob',
    ),
  })
  .map(({ frame, event, other, value, choice, what }): Change => ({ frames }, kind) => {
    const part = chosen(
      frames.filter((each) => each.kind === EVENTS_FRAME),
      frame,
    );
    if (kind !== 'relog' || part === undefined) return;
    const items = itemsOf(part.payload);
    const i = 1 + (event % Math.max(1, items.length - 1));
    const j = 1 + (other % Math.max(1, items.length - 1));
    const old = items[i];
    if (!Array.isArray(old)) return;
    if (what === 'drop') items.splice(i, 1);
    else if (what === 'copy') items.splice(j, 0, structuredClone(old));
    else if (what === 'swap') [items[i], items[j]] = [items[j]!, old];
    else if (what === 'kind') old[0] = BigInt(other % 26);
    else if (what === 'delta') old[1] = value;
    else if (what === 'base') items[0] = value;
    else if (what === 'field') items[i] = changeItem(old, choice);
    else if (what === 'end') items.splice(j, 0, [BigInt(EVENT.end), value & 0xffn, null]);
    else if (what === 'many') items.splice(j, 0, ...Array.from({ length: other % 2000 }, () => old));
    else if (what === 'blob')
      items.splice(j, 0, [BigInt(EVENT.dma), 0n, value & 0xffffffffn, Buffer.alloc(other % 70_000), null]);
    const payload = Buffer.concat(items.map(encodeTree));
    setPayload(part, what === 'truncate' ? payload.subarray(0, other % (payload.length + 1)) : payload);
  });

/** The map of RAM, the size of RAM, devices, disks, store: what takes memory, and what leads out of the file. */
export const limitChange: fc.Arbitrary<Change> = fc
  .record({
    ...{
      which: pick,
      values: fc.tuple(edge, edge, edge),
      count: fc.constantFrom(1, 2, 3, 64, 65, 1000),
      text: anyItem,
    },
    // Gigabytes of RAM are looked at page by page: a few such files are enough.
    most: fc.constantFrom(...Array<bigint>(15).fill(1n << 24n), 1n << 33n),
  })
  .map(({ which, values: [a, b, c], count, text, most }): Change => ({ frames: [part] }, kind) => {
    const header = part === undefined ? null : mapOf(itemsOf(part.payload)[0]);
    if (part === undefined || header === null) return;
    const pages = (value: bigint): bigint => value & ~0xfffn & (2n * most - 1n);
    const region = (start: bigint, size: bigint): Tree =>
      new Map<Tree, Tree>([
        ['start', start],
        ['size', size],
      ]);
    if (kind === 'relog') {
      const ram: Tree[][] = [
        [region(0n, pages(a))],
        [region(0n, most >> 1n)],
        [region(0n, 0xa0000n), region(0xc0000n, pages(a)), region(pages(b), pages(c))],
        Array.from({ length: count }, (_, i) => region(BigInt(i) * (most >> 7n), which % 2 === 0 ? most >> 7n : 4096n)),
        [region(a, b)],
      ];
      header.set('ram', ram[which % ram.length]!);
      if (which % 7 === 0) header.set('start', c);
    } else {
      const guest = mapOf(header.get('guest'));
      const devices = mapOf(guest?.get('devices'));
      const disk = new Map<Tree, Tree>([
        ['size', a],
        ['sha256', '0'.repeat(64)],
        ['path', text],
      ]);
      const settings: (() => void)[] = [
        () => guest?.set('memory', pages(a)),
        () => guest?.set('memory', [1n << 20n, most >> 2n, (most >> 2n) - 4096n, most >> 2n][which % 4]!),
        () => devices?.set('network', ['ne2k', 'virtio', 'none'][which % 3]!),
        () => ['acpi', 'virtioConsole', 'share'].forEach((name) => devices?.set(name, which % 2 === 0)),
        () => devices?.set('serialPorts', a & 7n),
        () =>
          header.set(
            'disks',
            new Map<Tree, Tree>([
              ['hda', disk],
              ['cdrom', disk],
            ]),
          ),
        () => header.set('start', which % 2 === 0 ? 'ready' : 'power-on'),
        () => header.set('epoch', a).set('clockStart', b),
        () => header.set('cmdline', text),
      ];
      settings[which % settings.length]!();
    }
    if (which % 11 === 0)
      header.set(
        'store',
        new Map<Tree, Tree>([
          ['id', 'x'],
          ['path', text],
        ]),
      );
    setPayload(part, encodeTree(header));
  });

function setPayload(part: Part, payload: Uint8Array): void {
  part.payload = payload;
  part.stored = null;
}

/** What cannot be decoded (it was changed already) is one item of raw bytes. */
function itemsOf(payload: Uint8Array): Tree[] {
  try {
    return decodeItems(payload);
  } catch {
    return [new Raw(payload)];
  }
}

function mapOf(item: Tree | Item | undefined): Map<Tree, Tree> | null {
  return item instanceof Map ? item : null;
}
