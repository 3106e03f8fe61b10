/** A store of contents: what is put in comes out, whoever else writes, collects or dies meanwhile. */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { decode, encode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter } from '../../formats/container/index.js';
import { copyFile } from '../../formats/copy.js';
import { DecoupleError } from '../../formats/errors.js';
import { collect, storeStats, verifyStore } from '../../formats/store/index.js';
import { cutsOf } from '../../formats/store/contents.js';
import { temporaryFolder } from '../support/folder.js';
import { PROJECT } from '../support/cli.js';
import { pagesFor } from '../support/store-worker.js';

const COLLECT = { files: [], olderThanMs: 0, forgetMissing: false, dryRun: false };

interface Place {
  folder: string;
  store: string;
}

function place(t: ExecutionContext): Place {
  const folder = temporaryFolder(t);
  return { folder, store: join(folder, 'contents') };
}

/** @param data long enough to go into the store */
function write(path: string, store: string | null, data: Uint8Array[], temporary = false): void {
  const writer = new ContainerWriter({ path, kind: 'recording', temporary, force: true, store });
  writer.frame(1, encode({ about: 'test', ...writer.storeHint }), 0n);
  for (const each of data) writer.contents(2, encode({ data: each }), 0n);
  writer.frame(3, encode('log'), 7n);
  writer.finish({ reason: 'test' }, 7n);
  writer.abandon();
}

function read(path: string): { frames: unknown[]; cutOff: boolean } {
  const reader = new ContainerReader(path);
  try {
    const frames = [...reader].map(({ kind, payload }) => ({ kind, item: decode(payload) }));
    return { frames, cutOff: reader.cutOff };
  } finally {
    reader.close();
  }
}

/** Contents by their digests: what differs is told apart in a line. */
const sum = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const contentsOf = (path: string): string[] =>
  read(path).frames.flatMap((frame) => {
    const { kind, item } = frame as { kind: number; item: { data: Uint8Array } };
    return kind === 2 ? [sum(item.data)] : [];
  });

const worker = (...args: string[]) => execa('node', [`${PROJECT}dist/test/support/store-worker.js`, ...args]);

/** Packs that nobody has used for a day. */
function growOld(store: string): void {
  const yesterday = new Date(Date.now() - 86_400_000);
  for (const name of ['packs', 'roots']) {
    for (const file of readdirSync(join(store, name))) utimesSync(join(store, name, file), yesterday, yesterday);
  }
}

const code = (expected: string) => ({ instanceOf: DecoupleError, code: expected });

test('cuts cover a payload, and pages begin where long byte strings do', (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 4 }), (lengths) => {
      const payload = encode({ runs: lengths.map((length, i) => [i, Buffer.alloc(length, i)]), last: true });
      const cuts = cutsOf(payload);
      t.is(cuts.at(-1), payload.length);
      t.true(cuts.every((cut, i) => cut > (cuts[i - 1] ?? 0)));
      const pages = lengths
        .filter((length) => length >= 4096)
        .reduce((sum, length) => sum + Math.floor(length / 4096), 0);
      const sizes = cuts.map((cut, i) => cut - (cuts[i - 1] ?? 0));
      t.true(sizes.filter((size) => size === 4096).length >= pages);
    }),
  );
});

test('a file that uses a store holds names; pack and unpack go back and forth', async (t) => {
  const { folder, store } = place(t);
  const [whole, thin, again] = ['whole', 'thin', 'again'].map((name) => join(folder, name)) as [string, string, string];
  const data = [0, 1, 2].map((round) => pagesFor(round, 1));
  write(whole, null, data);
  write(thin, store, data);
  t.true(readFileSync(thin).length < 1000);
  t.deepEqual(contentsOf(thin), contentsOf(whole));
  t.like(read(thin).frames[0], { item: { about: 'test', store: { path: store } } });
  await copyFile({ input: thin, output: again, force: false, store: null });
  t.is(sum(readFileSync(again)), sum(readFileSync(whole)));
  const other = join(folder, 'other');
  await copyFile({ input: again, output: thin, force: true, store: other });
  rmSync(store, { recursive: true });
  await copyFile({ input: thin, output: again, force: true, store: null });
  t.is(sum(readFileSync(again)), sum(readFileSync(whole)));
});

test('a copy of a file that was cut off is cut off where it was', async (t) => {
  const { folder, store } = place(t);
  const [whole, thin, again] = ['whole', 'thin', 'again'].map((name) => join(folder, name)) as [string, string, string];
  write(whole, null, [pagesFor(0, 1)]);
  writeFileSync(whole, readFileSync(whole).subarray(0, -3));
  t.true((await copyFile({ input: whole, output: thin, force: false, store })).cutOff);
  t.true((await copyFile({ input: thin, output: again, force: false, store: null })).cutOff);
  t.is(sum(readFileSync(again)), sum(readFileSync(whole).subarray(0, readFileSync(again).length)));
  t.deepEqual(contentsOf(again), contentsOf(whole));
});

test('files share what they have in common', (t) => {
  const { folder, store } = place(t);
  for (let i = 0; i < 5; i++) write(join(folder, `file${i}`), store, [pagesFor(0, 1), pagesFor(1, 1)]);
  // Of two frames ten pages each and a list each; what is before the pages is the same.
  t.is(storeStats(store).objects, 23);
  write(join(folder, 'file5'), store, [pagesFor(0, 2)]);
  t.is(storeStats(store).objects, 23 + 8 + 1);
  t.is(storeStats(store).roots.length, 6);
  t.is(storeStats(store).unneeded, 0);
});

test.serial('a missing store, another one, and a missing object are said by name', (t) => {
  const { folder, store } = place(t);
  const path = join(folder, 'file');
  write(path, store, [pagesFor(0, 1)]);
  const moved = join(folder, 'moved');
  renameSync(store, moved);
  t.true(t.throws(() => read(path), code('store-missing')).message.includes(store));
  process.env['DECOUPLE_STORE'] = moved;
  t.teardown(() => delete process.env['DECOUPLE_STORE']);
  t.is(read(path).frames.length, 3);
  const other = join(folder, 'other');
  write(join(folder, 'file2'), other, [pagesFor(0, 2)]);
  process.env['DECOUPLE_STORE'] = other;
  const error = t.throws(() => read(path), code('object-missing'));
  t.regex(error.message, /needs object [0-9a-f]{64}, which is not in /);
  t.true(error.advice.includes(store));
  delete process.env['DECOUPLE_STORE'];
  // The name that the store had, beside the file that was moved, too.
  const elsewhere = join(folder, 'elsewhere');
  renameSync(moved, store);
  renameSync(folder, `${folder}-moved`);
  t.teardown(() => rmSync(`${folder}-moved`, { recursive: true, force: true }));
  t.false(existsSync(elsewhere));
  t.is(read(join(`${folder}-moved`, 'file')).frames.length, 3);
});

test('any flipped bit of a pack is found, and never becomes content', (t) => {
  const { folder, store } = place(t);
  const path = join(folder, 'file');
  write(path, store, [pagesFor(0, 1)]);
  const [pack] = readdirSync(join(store, 'packs'));
  const place_ = join(store, 'packs', pack!);
  const whole = readFileSync(place_);
  const right = contentsOf(path);
  for (let bit = 0; bit < whole.length * 8; bit += 37) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    writeFileSync(place_, bytes);
    t.throws(() => verifyStore(store, []), { instanceOf: DecoupleError }, `bit ${bit}`);
    try {
      t.deepEqual(contentsOf(path), right);
    } catch (error) {
      t.true(error instanceof DecoupleError, String(error));
    }
  }
});

test('a store of a later version, and a folder that is none, are refused', (t) => {
  const { folder, store } = place(t);
  write(join(folder, 'file'), store, [pagesFor(0, 1)]);
  const marker = join(store, 'decouple-store.json');
  writeFileSync(marker, JSON.stringify({ version: 2, id: 'x' }));
  t.throws(() => storeStats(store), code('version-too-new'));
  writeFileSync(marker, '{');
  t.throws(() => storeStats(store), code('store-invalid'));
  t.throws(() => storeStats(folder), code('store-missing'));
});

test('gc removes what nothing needs, and only that', (t) => {
  const { folder, store } = place(t);
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  write(first, store, [pagesFor(0, 1), pagesFor(1, 1)]);
  write(second, store, [pagesFor(0, 2)]);
  growOld(store);
  t.like(collect({ ...COLLECT, store }), { removed: 0, kept: 32, gone: [] });
  rmSync(first);
  t.like(collect({ ...COLLECT, store }), { removed: 0, kept: 32, gone: [first] });
  const packs = readdirSync(join(store, 'packs'));
  const forget = { ...COLLECT, store, forgetMissing: true };
  t.like(collect({ ...forget, dryRun: true }), { removed: 20, kept: 12, dryRun: true });
  t.deepEqual(readdirSync(join(store, 'packs')), packs);
  t.like(collect({ ...forget, olderThanMs: 2 * 86_400_000 }), { removed: 0, kept: 32 });
  t.like(collect(forget), { removed: 20, kept: 12 });
  t.deepEqual(contentsOf(second), [sum(pagesFor(0, 2))]);
  t.deepEqual(verifyStore(store, []).missing, []);
  t.is(storeStats(store).objects, 12);
  t.deepEqual(storeStats(store).roots, [{ path: second, state: 'there' }]);
});

test('gc leaves what files need that are named, or were moved', (t) => {
  const { folder, store } = place(t);
  const [first, moved] = [join(folder, 'first'), join(folder, 'moved')];
  write(first, store, [pagesFor(0, 1)]);
  renameSync(first, moved);
  growOld(store);
  t.like(collect({ ...COLLECT, store, forgetMissing: true, files: [moved] }), { removed: 0, kept: 12 });
  t.deepEqual(contentsOf(moved), [sum(pagesFor(0, 1))]);
});

test('gc that was killed half-way lost nothing', (t) => {
  const { folder, store } = place(t);
  const path = join(folder, 'file');
  write(path, store, [pagesFor(0, 1)]);
  const [pack = ''] = readdirSync(join(store, 'packs'));
  // As it is between putting a pack aside and looking at it again.
  collect({ ...COLLECT, store });
  const gone = join(store, 'gone');
  rmSync(gone, { recursive: true, force: true });
  write(join(folder, 'other'), store, [pagesFor(0, 2)]);
  mkdirSync(gone);
  renameSync(join(store, 'packs', pack), join(gone, pack));
  t.deepEqual(contentsOf(path), [sum(pagesFor(0, 1))]);
  collect({ ...COLLECT, store });
  t.deepEqual(readdirSync(gone), []);
  t.true(readdirSync(join(store, 'packs')).includes(pack));
});

for (const mode of ['in-place', 'temporary']) {
  test(`several writers at once, ${mode}, and gc all the time`, async (t) => {
    const { folder, store } = place(t);
    // What the first of them is going to need is there, and nobody has needed it for long.
    const old = join(folder, 'old');
    write(
      old,
      store,
      Array.from({ length: 30 }, (_, round) => pagesFor(round, 1)),
    );
    growOld(store);
    rmSync(old);
    const files = [1, 2, 3].map((seed) => ({ seed, path: join(folder, `file${seed}`) }));
    const workers = files.map(({ seed, path }) => worker(store, path, '30', String(seed), mode));
    let running = true;
    const done = Promise.all(workers).finally(() => (running = false));
    let collected = 0;
    while (running) {
      collected += collect({ ...COLLECT, store, forgetMissing: true }).removed;
      // Timers of two such tests could otherwise go on without the loop ever looking at its processes.
      await new Promise((resolve) => setTimeout(() => setImmediate(resolve), 5));
    }
    await done;
    t.true(collected > 0);
    collect({ ...COLLECT, store });
    for (const { seed, path } of files) {
      t.deepEqual(
        contentsOf(path),
        Array.from({ length: 30 }, (_, round) => sum(pagesFor(round, seed))),
      );
    }
    t.deepEqual(verifyStore(store, []).missing, []);
  });
}

test('a writer that is killed leaves a store that is whole and a file that can be read as far as it goes', async (t) => {
  const { folder, store } = place(t);
  for (const kills of [1, 2, 3, 7, 12]) {
    const path = join(folder, `file${kills}`);
    const child = worker(store, path, '1000', String(kills));
    const lines = createInterface({ input: child.stdout });
    let seen = 0;
    for await (const _ of lines) {
      if (++seen < kills) continue;
      child.kill('SIGKILL');
      break;
    }
    t.true((await child.catch((error: { isTerminated: boolean }) => error)).isTerminated);
    const contents = contentsOf(path);
    t.true(contents.length >= kills);
    contents.forEach((data, round) => t.deepEqual(data, sum(pagesFor(round, kills))));
    t.true(read(path).cutOff);
    collect({ ...COLLECT, store });
    t.deepEqual(contentsOf(path), contents);
  }
  t.deepEqual(verifyStore(store, []).missing, []);
  t.deepEqual(readdirSync(join(store, 'leases')), []);
  t.deepEqual(
    readdirSync(join(store, 'packs')).filter((name) => name.endsWith('.part')),
    [],
  );
});
