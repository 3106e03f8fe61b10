/** Files that were written by earlier versions: they are read in full from then on. test/support/tiny-guest.ts is in them. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { engineHash } from '../../engines/v86/index.js';
import { ContainerReader } from '../../formats/container/index.js';
import { applyPages } from '../../formats/pages.js';
import { readLog, readStart } from '../../formats/recording.js';
import { readRelog, readRelogHeader } from '../../formats/relog.js';
import { replayHere } from '../../relog/replay-here.js';
import { verify } from '../../relog/verify.js';
import { PROJECT } from '../support/cli.js';
import { TINY_GUEST_SAYS } from '../support/tiny-guest.js';

const FIXTURES = join(PROJECT, 'test/fixtures');
/** What is healed in the relog of version 3, by occurrences. */
const HEALED: Readonly<Record<string, number>> = { v3: 39 };

for (const version of readdirSync(FIXTURES).sort()) {
  const recording = join(FIXTURES, version, 'tiny.dcr');
  const relog = join(FIXTURES, version, 'tiny.relog');
  const major = Number(version.slice(1));

  test(`a relog of ${version} is read in full`, (t) => {
    const reader = new ContainerReader(relog, 'relog');
    t.teardown(() => reader.close());
    t.deepEqual(reader.version, { major, minor: 0 });
    const header = readRelogHeader(reader);
    t.like(header, { start: 0, guest: { name: 'tiny' } });
    const ram = new Map<number, Uint8Array>();
    const target = {
      writePages: (numbers: Uint32Array, data: Uint8Array) =>
        numbers.forEach((number, i) => ram.set(number, data.slice(i * 4096, (i + 1) * 4096))),
      readPage: (number: number) => ram.get(number) ?? new Uint8Array(4096),
    };
    const keyframes: number[] = [];
    let events = 0;
    for (const item of readRelog(reader)) {
      if (item.kind === 'pages') applyPages(item.pages, target);
      else if (item.kind === 'keyframe') keyframes.push(item.keyframe.index);
      else events += item.payload.length;
    }
    t.deepEqual(keyframes, [0, 1, 2, 3, 4]);
    t.true(events > 0);
    // The firmware, and a page that its last round filled.
    t.deepEqual([...ram.get(0xff)!.subarray(0xff0, 0xff5)], [0xea, 0, 0, 0, 0xf0]);
    t.true(ram.get(0x15)!.every((byte) => byte === 11));
    t.false(reader.cutOff);
  });

  test(`a relog of ${version} is exact in the simulator`, async (t) => {
    const { exact, keyframes, cutOff, healed } = await verify({ input: relog });
    t.deepEqual({ exact, keyframes, cutOff }, { exact: true, keyframes: 5, cutOff: false });
    t.is(
      healed.reduce((sum, { count }) => sum + count, 0),
      HEALED[version] ?? 0,
    );
  });

  // Recordings have no version 3.
  if (!existsSync(recording)) continue;

  test(`a recording of ${version} is read in full`, (t) => {
    const reader = new ContainerReader(recording, 'recording');
    t.teardown(() => reader.close());
    t.deepEqual(reader.version, { major, minor: 0 });
    const { header, blobs, overlays, first } = readStart(reader);
    t.like(header, { start: 'power-on', guest: { name: 'tiny', memory: 1 << 20 }, cmdline: null });
    t.deepEqual(
      [...blobs].map(([name, { length }]) => [name, length]),
      [
        ['bios', 65_536],
        ['vgaBios', 4096],
        ['fda', 163_840],
      ],
    );
    t.deepEqual([...blobs.get('bios')!.subarray(0xfff0, 0xfff5)], [0xea, 0, 0, 0, 0xf0]);
    let printed = '';
    let steps = 0;
    for (let log = first; log !== null; log = readLog(reader, overlays)) {
      t.is(log.from, steps);
      steps = log.to;
      printed += Buffer.from(log.console).toString();
    }
    t.true(printed.includes(TINY_GUEST_SAYS));
    t.like(reader.end?.outcome, { reason: 'until-matched', steps });
    t.is(overlays.get('fda', 'end')?.sectors, 0);
    t.false(reader.cutOff);
  });

  test(`a recording of ${version} replays exactly, or names the engine that it needs`, async (t) => {
    const reader = new ContainerReader(recording, 'recording');
    const { engine } = readStart(reader).header;
    reader.close();
    const replay = replayHere({ input: recording, verify: true });
    if (engine.hash === engineHash(engine.repairs)) t.like(await replay, { mismatch: null, cutOff: false });
    else t.like(await t.throwsAsync(replay), { code: 'engine-differs' });
  });
}
