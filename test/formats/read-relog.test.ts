/** docs/formats/read_relog.py, which knows relogs from their specification alone, against what we write. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '../../formats/cbor.js';
import test, { type ExecutionContext } from 'ava';
import { ContainerReader, END_FRAME, INDEX_FRAME } from '../../formats/container/index.js';
import { applyPages } from '../../formats/pages.js';
import { readRelog, readRelogHeader } from '../../formats/relog.js';
import { SaidRam } from '../../relog/cut/said-ram.js';
import type { StatsResult } from '../../relog/inspect/stats.js';
import { PROJECT } from '../support/cli.js';
import { cutTo, fromTheFuture, withFlippedBit } from '../support/files.js';
import { temporaryFolder } from '../support/folder.js';
import { makeRelog } from '../support/made-relog.js';
import { rawFrames, unpacked, withItem, writeRaw, type RawFrame } from '../support/raw-frames.js';
import { countsOf, findsDamage, python } from '../support/read-relog.js';
import { run } from '../support/stages.js';
import { tamper, tamperObjects, tamperPages, type Lie, type RawPages } from '../support/tamper.js';

/** It reads all of the file, and counts what `stats` counts. */
async function countsTheSame(t: ExecutionContext, file: string): Promise<void> {
  const { events } = await run<StatsResult>(t, 'stats', file);
  const outcome = await python([file]);
  t.is(outcome.exitCode, 0, outcome.stderr);
  t.is(outcome.stderr, '');
  t.deepEqual(
    countsOf(outcome),
    events.map(({ kind, events }) => [kind, events]),
  );
}

test('it counts what stats counts, from a file and from a pipe', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 5 });
  await countsTheSame(t, file);
  t.deepEqual(await python(['-'], readFileSync(file)), await python([file]));
});

const FIXTURES = ['v1', 'v2', 'v3'].map((version) => join(PROJECT, 'test/fixtures', version, 'tiny.relog'));

for (const file of FIXTURES) {
  const version = file.split('/').at(-2);

  test(`a relog of ${version}: counts, and RAM at every keyframe`, async (t) => {
    await countsTheSame(t, file);
    const { stdout } = await python(['--ram', file]);
    t.deepEqual(stdout.split('\n'), ramOf(file));
  });

  test(`a relog of ${version} that was cut off is read up to there`, async (t) => {
    const { length } = readFileSync(file);
    // In a frame of pages, in one of events, and in the end or, where there is one, in the index.
    const lengths = [0.05, 0.1, 0.7, 1].map((share) => Math.floor(share * length) - 1);
    for (const at of [...lengths, length - 150]) {
      const { exitCode, stderr } = await python(['-'], readFileSync(file).subarray(0, at));
      t.is(exitCode, 0, `${at}`);
      t.regex(stderr, /is cut off/, `${at}`);
    }
  });
}

/** Position, index, and SHA-256 of RAM, of every keyframe. */
function ramOf(file: string): string[] {
  const reader = new ContainerReader(file, 'relog');
  try {
    const ram = new SaidRam(readRelogHeader(reader).ram);
    const lines: string[] = [];
    for (const item of readRelog(reader, () => false)) {
      if (item.kind === 'pages') applyPages(item.pages, ram);
      if (item.kind !== 'keyframe') continue;
      const hash = createHash('sha256');
      for (const region of ram.buffers) hash.update(region);
      lines.push(`${item.keyframe.position} ${item.keyframe.index} ${hash.digest('hex')}`);
    }
    return lines;
  } finally {
    reader.close();
  }
}

test('a part of a relog, which does not start at 0', async (t) => {
  const part = join(temporaryFolder(t), 'part.relog');
  const [whole] = FIXTURES;
  await run(t, 'cut', whole!, '--from', '700k', '-o', part);
  await countsTheSame(t, part);
  const [{ stdout }, all] = [await python(['--ram', part]), await python(['--ram', whole!])];
  const lines = stdout.split('\n');
  t.true(lines.length < 5);
  t.true(Number(lines[0]!.split(' ')[0]) > 0);
  const sums = (list: string[]): (string | undefined)[] => list.map((line) => line.split(' ')[2]);
  t.deepEqual(sums(lines), sums(all.stdout.split('\n')).slice(-lines.length));
});

test('it lists every event', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 1 });
  const { stdout } = await python(['--list', file]);
  const lines = stdout.split('\n');
  t.is(lines[1], '+0 port-read port=0x3f8 size=0x1 value=0x41');
  t.true(lines.includes('10 interrupt vector=0x30 eip=0xc0100010 eflags=0x246 rep=0x3'));
  t.true(lines.includes('+0 tsc value=0x123456789abcdef'));
  t.is(lines.at(-1), '1000 end rep=-');
  t.is(lines.length, 21);
});

const FLIPS = 12;

test('a flipped bit anywhere is damage', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file, { slices: 1 });
  const { length } = readFileSync(file);
  for (let i = 0; i < FLIPS; i++) {
    const at = Math.floor(((i + 0.5) * length) / FLIPS);
    const { exitCode, stderr } = await python([withFlippedBit(file, at, i % 8)]);
    t.is(exitCode, 1, `byte ${at}`);
    t.regex(stderr, /^read_relog: .+ is damaged: .+\.$/);
  }
});

test('a file that was cut off is read up to there', async (t) => {
  const file = join(temporaryFolder(t), 'a.relog');
  makeRelog(file);
  const { exitCode, stderr, stdout } = await python([cutTo(file, readFileSync(file).length - 1)]);
  t.is(exitCode, 0);
  t.regex(stderr, /is cut off/);
  t.regex(stdout, /^end 1$/m);
});

function effectWith(field: number, value: Uint8Array): Lie {
  return { kind: 'effect', from: 0, change: (event) => void (event[field] = Buffer.from(value)) };
}

const LIES: [string, Lie, RegExp][] = [
  [
    'a value that no check saw',
    { kind: 'tsc', from: 0, change: (event) => void (event[1] = 7) },
    /digest of the check/,
  ],
  ['a width of 3', { kind: 'portRead', from: 0, change: (event) => void (event[2] = 3) }, /impossible size/],
  ['an item too few', { kind: 'cpuid', from: 0, change: (event) => void event.pop() }, /wrong number of fields/],
  ['a value beyond 32 bits', { kind: 'random', from: 0, change: (event) => void (event[1] = 2 ** 32) }, /random.value/],
  ['DMA outside RAM', { kind: 'dma', from: 0, change: (event) => void (event[2] = 0xfffff) }, /outside RAM/],
  ['no CPU state', { kind: 'state', from: 0, change: (event) => void (event[2] = Buffer.of(0xa0)) }, /has no gpr/],
  ['an effect outside RAM', effectWith(5, encode([[0xfffff, Buffer.of(1, 2)]])), /effect writes outside RAM/],
  ['an effect of no instruction', effectWith(3, new Uint8Array()), /of no instruction/],
  ['an effect with a wrong register', effectWith(4, encode({ eip: 0, eflags: 2, cr2: 2 ** 32 })), /cr2 is no integer/],
  ['an effect that goes on nowhere', effectWith(4, encode({ eflags: 2 })), /where it goes on/],
  ['a mark of another', { kind: 'keyframeMark', from: 0, change: (e) => void (e[2] = 7) }, /not where its mark is/],
];

for (const [what, lie, sentence] of LIES) {
  test(`checksums are not all: ${what}`, async (t) => {
    const folder = temporaryFolder(t);
    const [file, lying] = [join(folder, 'a.relog'), join(folder, 'b.relog')];
    makeRelog(file);
    tamper(file, lying, lie);
    const { exitCode, stderr } = await python([lying]);
    t.is(exitCode, 1);
    t.regex(stderr, sentence);
  });
}

test('a file that is missing, or none of ours', async (t) => {
  const folder = temporaryFolder(t);
  t.is((await python([join(folder, 'none')])).exitCode, 3);
  const { exitCode, stderr } = await python(['-'], Buffer.from('hello'));
  t.is(exitCode, 1);
  t.regex(stderr, /no relog/);
});

type Frames = RawFrame[];

/** What is said of others by index, end and headers, with all checksums right. */
const FALSE_FRAMES: [string, (frames: Frames) => Frames, RegExp][] = [
  ['a kind', inIndex((index) => (index.kinds![2] = 9)), /does not fit frame 2/],
  ['a length', inIndex((index) => (index.lengths![0]! ^= 1)), /does not fit frame 0/],
  ['a position', inIndex((index) => (index.reaches![6]! ^= 1)), /does not fit frame 3/],
  ['a checksum', inIndex((index) => (index.headers![5]! ^= 1)), /does not fit frame 1/],
  ['a frame too few', inIndex((index) => (index.kinds = index.kinds!.subarray(1))), /another number of frames/],
  ['numbers left over', inIndex((index) => (index.lengths = Buffer.of(...index.lengths!, 0))), /too many numbers/],
  ['a number without end', inIndex((index) => (index.lengths = Buffer.alloc(99, 0x80))), /does not end/],
  ['another first frame', inIndex((index) => Object.assign(index, { first: 1 })), /has a gap/],
  ['another offset', inIndex((index) => Object.assign(index, { offset: 17 })), /has a gap/],
  ['the index twice', each(INDEX_FRAME, (frame) => [frame, frame]), /goes on/],
  ['no index', each(INDEX_FRAME, () => []), /does not cover all frames/],
  ['a frame behind the index', each(END_FRAME, (end) => [{ ...end, kind: 200 }, end]), /between the index and the end/],
  ['the index reaches less', each(INDEX_FRAME, (index) => [{ ...index, reach: 1n }]), /not where the run ended/],
  ['a frame that only the index has', (frames) => frames.toSpliced(-3, 1), /another number of frames/],
  ['the end reaches more', (frames) => frames.map((f) => (f.kind < 254 ? f : { ...f, reach: 9000n })), /where the run/],
  ['where the index is', inEnd((end) => ((end['index'] as Buffer)[0]! ^= 1)), /not where the end says/],
  ['the number of events', inEnd(({ outcome }) => ((outcome as { events: number }).events = 1)), /number of events/],
  [
    'the number of keyframes',
    inEnd(({ outcome }) => ((outcome as { keyframes: number }).keyframes = 1)),
    /number of keyframes/,
  ],
  ['a frame is missing', (frames) => frames.toSpliced(3, 1), /does not begin with the position/],
  ['two headers', (frames) => frames.toSpliced(1, 0, frames[0]!), /more than one header/],
  ['no header', (frames) => frames.slice(1), /header is missing/],
  ['keyframes in another place', each(3, (frame) => [{ ...frame, reach: frame.reach + 1n }]), /not at its position/],
  ['events beyond their frame', each(4, (frame) => [{ ...frame, reach: 0n }]), /beyond what its header says/],
  ['an index of a keyframe', each(3, (frame) => [withItem(frame, (item) => (item['index'] = 7))]), /where its mark is/],
  ['contents in a store, of events', each(4, inNoStore), /there is no store/],
  ['a codec that is none', each(4, (frame) => [{ ...frame, codec: 3 }]), /impossible codec/],
];

/** What the index is made of. */
type Columns = Partial<Record<string, Uint8Array>>;

function inIndex(change: (columns: Columns) => void): (frames: Frames) => Frames {
  return each(INDEX_FRAME, (frame) => [withItem(frame, (item) => change(item as Columns))]);
}

function inEnd(change: (end: Record<string, unknown>) => void): (frames: Frames) => Frames {
  return each(END_FRAME, (frame) => [withItem(frame, change)]);
}

function each(kind: number, change: (frame: RawFrame) => RawFrame[]): (frames: Frames) => Frames {
  return (frames) => frames.flatMap((frame) => (frame.kind === kind ? change(frame) : [frame]));
}

function inNoStore(frame: RawFrame): RawFrame[] {
  return [{ ...frame, codec: 2, payload: Buffer.alloc(32) }];
}

test('checksums are not all: what frames say of each other', async (t) => {
  const folder = temporaryFolder(t);
  const [file, lying] = [join(folder, 'a.relog'), join(folder, 'b.relog')];
  makeRelog(file);
  writeRaw(lying, file, rawFrames(file));
  t.is((await python([lying])).exitCode, 0);
  for (const [what, change, sentence] of FALSE_FRAMES) {
    writeRaw(lying, file, change(rawFrames(file)));
    const { exitCode, stderr } = await python([lying]);
    t.is(exitCode, sentence.source.includes('no store') ? 3 : 1, `${what}\n${stderr}`);
    t.regex(stderr, sentence, what);
  }
});

const OUTSIDE = 0x100;
const FALSE_PAGES: [string, (pages: RawPages) => void, RegExp][] = [
  ['a copy of what is no RAM', (pages) => (pages.sources = words(OUTSIDE, 0xffffffff)), /copy of what is outside RAM/],
  ['a copy from beyond 4 GiB', (pages) => (pages.sources = words(0xfffffffd, 0xffffffff)), /copy of what is outside/],
  ['contents too few', (pages) => (pages.data = pages.data.subarray(1)), /wrong length/],
  ['contents of copies', (pages) => (pages.sources = words(0xfffffffe, 0xffffffff)), /wrong length/],
  ['sources too few', (pages) => (pages.sources = words(0xffffffff)), /wrong length/],
  ['numbers too few', (pages) => (pages.numbers = pages.numbers.subarray(1)), /wrong length/],
  ['a page twice', (pages) => (pages.numbers = words(3, 3)), /not in order/],
  ['pages in another order', (pages) => (pages.numbers = words(4, 3)), /not in order/],
  ['a page that is no RAM', (pages) => (pages.numbers = words(3, OUTSIDE)), /outside RAM/],
];

function words(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

test('checksums are not all: pages', async (t) => {
  const folder = temporaryFolder(t);
  const [file, lying] = [join(folder, 'a.relog'), join(folder, 'b.relog')];
  makeRelog(file);
  for (const [i, [what, change, sentence]] of FALSE_PAGES.entries()) {
    const path = `${lying}.${i}`;
    tamperPages(file, path, change);
    await findsDamage(t, [path], sentence, what);
  }
});

test('pages are put in place in their order, and without sources all have contents', async (t) => {
  const folder = temporaryFolder(t);
  const [file, other] = [join(folder, 'a.relog'), join(folder, 'b.relog')];
  makeRelog(file);
  // In each keyframe a copy of itself, then contents, then a copy of those, and zeros.
  tamperPages(file, other, (pages) => {
    pages.numbers = words(1, 2, 3, 4);
    pages.sources = words(2, 0xffffffff, 2, 0xfffffffe);
    pages.data = pages.data.subarray(0, 4096);
  });
  const pages = (...fill: number[]): string =>
    createHash('sha256')
      .update(
        Buffer.concat(
          [0, ...fill].map((value) => Buffer.alloc(4096, value)),
          1 << 20,
        ),
      )
      .digest('hex');
  const { stdout } = await python(['--ram', other]);
  t.deepEqual(
    stdout.split('\n').map((line) => line.split(' ')[2]),
    [pages(0, 1, 1, 0), pages(1, 2, 2, 0)],
  );
  const bare = join(folder, 'c.relog');
  tamperPages(file, bare, (pages) => delete pages.sources);
  t.is((await python(['--ram', bare])).stdout, (await python(['--ram', file])).stdout);
});

test('a version that is not known, and what version 1 does not have', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'a.relog');
  makeRelog(file);
  await findsDamage(t, [fromTheFuture(file)], /version 4 of the format is not known/, 'version');
  const old = join(folder, 'old.relog');
  writeRaw(old, FIXTURES[0]!, each(4, inNoStore)(rawFrames(FIXTURES[0]!)));
  await findsDamage(t, [old], /impossible codec/, 'a store');
  // Numbers as early writers had them: the first keyframe's position, 0.
  const early = join(folder, 'early.relog');
  const asFloat = (frame: RawFrame): RawFrame[] => {
    const item = Buffer.from(unpacked(frame));
    const at = item.indexOf('position') + 'position'.length;
    if (item[at] !== 0) return [frame];
    const payload = Buffer.concat([item.subarray(0, at), Buffer.of(0xfb, ...Buffer.alloc(8)), item.subarray(at + 1)]);
    return [{ ...frame, codec: 0, rawLength: payload.length, payload }];
  };
  const frames = each(3, asFloat)(rawFrames(FIXTURES[0]!));
  t.is(frames.filter(({ kind, codec }) => kind === 3 && codec === 0).length, 1);
  writeRaw(early, FIXTURES[0]!, frames);
  t.is((await python([early])).stdout, (await python([FIXTURES[0]!])).stdout);
  // Kind 254 is one that nobody knows, there.
  const unknown = join(folder, 'unknown.relog');
  writeRaw(unknown, FIXTURES[0]!, each(3, (frame) => [frame, { ...frame, kind: 254 }])(rawFrames(FIXTURES[0]!)));
  t.is((await python([unknown])).stdout, (await python([FIXTURES[0]!])).stdout);
});

/** The second fixture, with its contents in a store; and that store's only pack. */
async function withStore(t: ExecutionContext): Promise<{ file: string; store: string; pack: string }> {
  const folder = temporaryFolder(t);
  const [file, store] = [join(folder, 'a.relog'), join(folder, 'contents')];
  await run(t, 'cut', FIXTURES[1]!, '--from', '0', '-o', file, '--store', store);
  t.true(rawFrames(file).some(({ codec }) => codec === 2));
  const packs = join(store, 'packs');
  const [name, ...others] = readdirSync(packs);
  t.deepEqual(others, []);
  return { file, store, pack: join(packs, name!) };
}

test('contents in a store, where it is or was', async (t) => {
  const { file, store, pack } = await withStore(t);
  const folder = join(store, '..');
  const whole = (await python(['--ram', FIXTURES[1]!])).stdout;
  await countsTheSame(t, file);
  t.is((await python(['--ram', file])).stdout, whole);
  t.is((await python(['--ram', '-'], readFileSync(file))).stdout, whole);
  // Somewhere else, then beside the file, which is somewhere else itself.
  const [elsewhere, other] = [join(folder, 'elsewhere'), temporaryFolder(t)];
  renameSync(store, elsewhere);
  t.is((await python(['--ram', '--store', elsewhere, file])).stdout, whole);
  const none = await python([file]);
  t.is(none.exitCode, 3);
  t.regex(none.stderr, /needs what is not here: there is no store at .+contents/);
  renameSync(elsewhere, join(other, 'contents'));
  renameSync(file, join(other, 'b.relog'));
  t.is((await python(['--ram', join(other, 'b.relog')])).stdout, whole);
  // Where a collector that works on it has moved a pack.
  const moved = pack.replace(store, join(other, 'contents'));
  const gone = join(other, 'contents', 'gone');
  mkdirSync(gone, { recursive: true });
  renameSync(moved, join(gone, 'moved.dcp'));
  t.is((await python(['--ram', join(other, 'b.relog')])).stdout, whole);
});

test('a store that lacks something, or is damaged', async (t) => {
  const { file, store, pack } = await withStore(t);
  const { size } = statSync(pack);
  const intact = readFileSync(pack);
  for (let i = 0; i < FLIPS; i++) {
    const bytes = Buffer.from(intact);
    bytes[Math.floor(((i + 0.5) * size) / FLIPS)]! ^= 1 << (i % 8);
    writeFileSync(pack, bytes);
    await findsDamage(t, [file], /of the store, .+\.dcp is damaged/, `part ${i}`);
  }
  writeFileSync(pack, intact.subarray(0, size - 1));
  await findsDamage(t, [file], /of the store, .+\.dcp is damaged/, 'cut off');
  writeFileSync(pack, intact);
  tamperObjects(pack, `${pack}.dcp`);
  rmSync(pack);
  await findsDamage(t, [file], /object [0-9a-f]{64} is not what its name says/, 'other objects');
  rmSync(`${pack}.dcp`);
  const missing = await python([file]);
  t.is(missing.exitCode, 3);
  t.regex(missing.stderr, /object [0-9a-f]{64} is in no store/);
  writeFileSync(join(store, 'decouple-store.json'), '{"version":2,"id":"x"}');
  await findsDamage(t, [file], /no store of a version known here/, 'version');
});

test('a frame whose length is not that of its contents in the store', async (t) => {
  const { file } = await withStore(t);
  const lying = `${file}.lying`;
  for (const [difference, sentence] of [
    [-1, /too long/],
    [1, /wrong length/],
  ] as const) {
    const longer = (frame: RawFrame): RawFrame[] =>
      frame.codec === 2 ? [{ ...frame, rawLength: frame.rawLength + difference }] : [frame];
    writeRaw(lying, file, each(2, longer)(rawFrames(file)));
    await findsDamage(t, [lying], sentence, `${difference}`);
  }
});
