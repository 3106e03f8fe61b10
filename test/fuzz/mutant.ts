/** Makes one file of another: the same seed, the same bytes. */
import fc from 'fast-check';
import { crc32 } from '../../formats/checksum.js';
import { eventChange, frameChange, limitChange, packingChange, payloadChange, type Change } from './changes.js';
import { putTogether, takeApart, type Container, type Repair } from './container-parts.js';
import { edge, pick } from './values.js';

interface ByteChange {
  what: 'flip' | 'set' | 'cut' | 'insert' | 'remove' | 'word';
  at: number;
  value: bigint;
}

interface Recipe {
  changes: Change[];
  repair: Repair;
  bytes: ByteChange[];
}

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: payloadChange('any') },
  { weight: 2, arbitrary: payloadChange('header') },
  { weight: 5, arbitrary: eventChange },
  { weight: 3, arbitrary: frameChange },
  { weight: 2, arbitrary: limitChange },
  { weight: 1, arbitrary: packingChange },
);

/** Whether something is as it should be: mostly. */
const mostly = fc.nat(19).map((number) => number > 0);

const byteChange = fc.record({
  what: fc.constantFrom('flip', 'set', 'cut', 'insert', 'remove', 'word' as const),
  ...{ at: pick, value: edge },
});

const recipe: fc.Arbitrary<Recipe> = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 6 }),
  repair: fc.record({ index: mostly, digest: mostly }),
  bytes: fc.oneof(
    { weight: 9, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(byteChange, { minLength: 1, maxLength: 3 }) },
  ),
}) as fc.Arbitrary<Recipe>;

export interface Base {
  path: string;
  kind: 'recording' | 'relog';
}

/**
 * What was repeated within what was repeated is cut off there: what runs commands has a file in memory several times, and is
 * watched for what they take.
 */
const MOST_BYTES = 64 << 20;

const taken = new Map<string, Container>();

/** @param number of the case, from which all of it follows */
export function mutant(base: Base, seed: number, number: number): Buffer {
  const [made] = fc.sample(recipe, { seed: mixed(seed, number), numRuns: 1 });
  const { changes, repair, bytes } = made!;
  let whole = taken.get(base.path);
  if (whole === undefined) taken.set(base.path, (whole = takeApart(base.path)));
  const container: Container = {
    preamble: Buffer.from(whole.preamble),
    frames: whole.frames.map((frame) => ({ ...frame })),
    outcome: whole.outcome,
  };
  for (const apply of changes) apply(container, base.kind);
  if (container.preamble.readUInt16LE(8) !== whole.preamble.readUInt16LE(8)) repairPreamble(container.preamble);
  return bytes.reduce(changeBytes, putTogether(container, repair)).subarray(0, MOST_BYTES);
}

function repairPreamble(preamble: Buffer): void {
  preamble.writeUInt32LE(crc32(preamble.subarray(0, 12)), 12);
}

function changeBytes(file: Buffer, { what, at, value }: ByteChange): Buffer {
  const place = at % Math.max(1, file.length);
  const number = Number(value & 0xffffffffn);
  if (what === 'cut') return file.subarray(0, place);
  if (what === 'insert')
    return Buffer.concat([file.subarray(0, place), Buffer.alloc(1 + (number % 100), at), file.subarray(place)]);
  if (what === 'remove') return Buffer.concat([file.subarray(0, place), file.subarray(place + 1 + (number % 100))]);
  const copy = Buffer.from(file);
  if (what === 'word' && copy.length >= 4) copy.writeUInt32LE(number, Math.min(place, copy.length - 4));
  else if (copy.length > 0) copy[place] = what === 'set' ? number : copy[place]! ^ (1 << (number % 8));
  return copy;
}

/** Neighbouring numbers give seeds that have nothing in common (a step of the generator splitmix32). */
export function mixed(seed: number, number: number): number {
  let x = Math.imul(seed ^ (number + 0x9e3779b9), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
