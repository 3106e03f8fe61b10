/** Small files that say they are large: what they ask for is bounded before it is taken. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { decode, encode } from '../../formats/cbor.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import { PAGE_BYTES, PAGE_SOURCE } from '../../formats/pages.js';
import { RECORDING_FRAME } from '../../formats/recording.js';
import { ContainerWriter, INDEX_FRAME } from '../../formats/container/index.js';
import { EventWriter } from '../../formats/event-writer.js';
import { writeEvents, writeKeyframe, writeRelogHeader } from '../../formats/relog.js';
import { compress } from '../../formats/zstd.js';
import { makeRelog, SOME_STATE } from '../support/made-relog.js';
import { PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { newPart, putTogether, takeApart, type Container } from './container-parts.js';
import { sharesZeros } from '../support/memory.js';
import { THOROUGH } from '../support/thorough.js';

const RECORDING = join(PROJECT, 'test/fixtures/v2/tiny.dcr');
const RELOG = join(PROJECT, 'test/fixtures/v2/tiny.relog');
/** Else RAM that is looked at takes memory, and what these tests ask of a computer is too much. */
const testOfRam = sharesZeros() ? test : test.skip;
/** Of a process with everything that Node and the engines take: half of what the smallest claims here would. */
const MEMORY_BYTES = 512 << 20;
const GIBIBYTE = 2 ** 30;

interface Ended {
  status: number;
  peak: number;
  said: string;
}

function run(...args: string[]): Promise<Ended> {
  const child = fork(fileURLToPath(new URL('measured.js', import.meta.url)), args, { silent: true });
  let said = '';
  child.stdout!.on('data', (text: Buffer) => (said += text.toString()));
  child.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  return new Promise((resolve, reject) => {
    let ended: Omit<Ended, 'said'> | null = null;
    child.on('message', (message: Omit<Ended, 'said'>) => (ended = message));
    // The last message may come after the exit, but never after the channel's end.
    const left = Promise.all([once(child, 'close'), once(child, 'disconnect')]);
    left.then(
      ([[status, signal]]) =>
        ended === null ? reject(new Error(`${String(status)} ${String(signal)} ${said}`)) : resolve({ ...ended, said }),
      reject,
    );
  });
}

function changed(t: ExecutionContext, input: string, change: (container: Container) => void): string {
  const container = takeApart(input);
  change(container);
  const path = join(temporaryFolder(t), 'file');
  writeFileSync(path, putTogether(container, { index: true, digest: true }));
  return path;
}

function withHeader(t: ExecutionContext, input: string, fields: (header: Record<string, object>) => object): string {
  return changed(t, input, ({ frames: [header] }) => {
    const old = decode(header!.payload) as Record<string, object>;
    header!.payload = encode({ ...old, ...fields(old) });
  });
}

async function endsSmall(t: ExecutionContext, statuses: readonly number[], ...args: string[]): Promise<string> {
  const { status, peak, said } = await run(...args);
  t.true(statuses.includes(status), `${args.join(' ')}: ${status} ${said}`);
  t.true(peak < MEMORY_BYTES, `${args.join(' ')} took ${peak} bytes`);
  t.notRegex(said, /^\s+at .*:\d+:\d+/m);
  return said;
}

testOfRam('a relog of 4 GiB of RAM takes what was said of it', async (t) => {
  const file = withHeader(t, RELOG, () => ({ ram: [{ start: 0, size: 4 * GIBIBYTE }] }));
  const out = temporaryFolder(t);
  await endsSmall(t, [EXIT_STATUS.ok, EXIT_STATUS.diverged, EXIT_STATUS.damaged], 'verify', file);
  await endsSmall(t, [EXIT_STATUS.ok], 'cut', file, '--from', '0', '-o', join(out, 'cut'));
});

testOfRam('a recording of 2 GiB of RAM, of which the guest uses little', async (t) => {
  const file = withHeader(t, RECORDING, ({ guest }) => ({ guest: { ...guest, memory: 2 * GIBIBYTE } }));
  const out = temporaryFolder(t);
  await endsSmall(t, [EXIT_STATUS.ok, EXIT_STATUS.diverged], 'replay', file);
  await endsSmall(t, [EXIT_STATUS.ok, EXIT_STATUS.diverged], 'relog', file, '-o', join(out, 'relog'));
});

for (const name of THOROUGH ? ['bios', 'vgaBios', 'fda', 'initrd', 'snapshot'] : ['bios', 'snapshot']) {
  test(`an image of 2 GiB in a few hundred bytes: ${name}`, async (t) => {
    const length = 2 * GIBIBYTE;
    const sources = Buffer.from(Uint32Array.from({ length: length / PAGE_BYTES }, () => PAGE_SOURCE.zero).buffer);
    const file = changed(t, RECORDING, ({ frames }) => {
      const other = frames.findIndex(
        ({ kind, payload }) => kind === RECORDING_FRAME.blob && (decode(payload) as { name: string }).name === name,
      );
      if (other >= 0) frames.splice(other, 1);
      const blob = encode({ name, offset: 0, length, sources, data: new Uint8Array() });
      frames.splice(1, 0, newPart(RECORDING_FRAME.blob, blob, 0n));
    });
    await endsSmall(t, [EXIT_STATUS.damaged, EXIT_STATUS.disk], 'replay', file);
    await endsSmall(t, [EXIT_STATUS.ok], 'info', file);
  });
}

test('a frame with another one behind it, which unpacks to 4 GB', async (t) => {
  const file = changed(t, RELOG, ({ frames }) => {
    const [header] = frames;
    const more = compress(new Uint8Array(64 << 20), 1);
    header!.stored = Buffer.concat([compress(header!.payload, 1), ...Array<Uint8Array>(64).fill(more)]);
  });
  const said = await endsSmall(t, [EXIT_STATUS.damaged], 'info', file);
  t.regex(said, /cannot be unpacked/);
});

test('items that say they are long, and items that are many', async (t) => {
  const folder = temporaryFolder(t);
  makeRelog(join(folder, 'made'));
  const nested = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.of(0x9a, 0x01, 0xff, 0xff, 0xff)));
  const many = Buffer.concat([Buffer.of(0x9a, 0x03, 0x00, 0x00, 0x00), Buffer.alloc(0x3000000, 0xa0)]);
  for (const payload of [nested, many]) {
    const file = changed(t, join(folder, 'made'), ({ frames: [header] }) => void (header!.payload = payload));
    for (const command of ['info', 'stats', 'verify']) {
      t.regex(await endsSmall(t, [EXIT_STATUS.damaged], command, file), /damaged/);
    }
  }
});

test('an interrupt within a REP instruction of a processor that is halted', async (t) => {
  const path = join(temporaryFolder(t), 'halted.relog');
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true });
  writeRelogHeader(writer, { start: 0, ram: [{ start: 0, size: 1 << 20 }], guest: { name: 'x', hash: '' } });
  writeKeyframe(writer, { index: 0, position: 0, state: { ...SOME_STATE, halted: true } });
  const events = new EventWriter(0);
  events.interrupt(0, 32, SOME_STATE.eip, SOME_STATE.eflags, 3);
  events.end(1, null);
  writeEvents(writer, events.take(), 1);
  writer.finish({ cutOff: false, events: events.count, keyframes: 1 }, 1n);
  t.regex(await endsSmall(t, [EXIT_STATUS.diverged], 'verify', path), /the CPU is halted/);
});

test('a frame in a file of version 1 of a kind that only version 2 gave a meaning', async (t) => {
  const file = changed(t, join(PROJECT, 'test/fixtures/v1/tiny.relog'), ({ frames }) => {
    frames.splice(1, 0, newPart(INDEX_FRAME, encode(1), 0n));
  });
  const out = temporaryFolder(t);
  await endsSmall(t, [EXIT_STATUS.ok], 'stats', file);
  const said = await endsSmall(t, [EXIT_STATUS.damaged], 'pack', file, '-o', join(out, 'packed'));
  t.regex(said, /kind 254/);
});

test('a snapshot that is none of the engine', async (t) => {
  const data = Buffer.from('no state of an engine, but long enough to hold the numbers that one begins with');
  const file = changed(t, RECORDING, ({ frames }) => {
    const header = decode(frames[0]!.payload) as Record<string, object>;
    frames[0]!.payload = encode({ ...header, start: 'ready' });
    frames.splice(
      1,
      0,
      newPart(RECORDING_FRAME.blob, encode({ name: 'snapshot', offset: 0, length: data.length, data }), 0n),
    );
    const overlay = { drive: 'fda', moment: 'start', runs: [], last: true };
    frames.splice(2, 0, newPart(RECORDING_FRAME.overlay, encode(overlay), 0n));
  });
  t.regex(await endsSmall(t, [EXIT_STATUS.damaged], 'replay', file), /no machine can be made of it/);
});

test('a base image at a path that cannot be one', async (t) => {
  const sha256 = '0'.repeat(64);
  const cases: [string, number][] = [
    ['a\0b', EXIT_STATUS.damaged],
    ['x'.repeat(100_000), EXIT_STATUS.input],
    ['/dev/zero', EXIT_STATUS.disk],
  ];
  const folder = join(temporaryFolder(t), 'out');
  mkdirSync(folder);
  for (const [path, status] of cases) {
    const file = withHeader(t, RECORDING, () => ({ disks: { hda: { size: 512, sha256, path } } }));
    await endsSmall(t, [status], 'replay', file);
    await endsSmall(t, [status], 'doctor', file);
    await endsSmall(t, [status], 'disk', 'export', file, '--drive', 'hda', '-o', join(folder, 'image'));
  }
});
