/** What is written over a base image: against a model that keeps the whole disk, and through files and back. */
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { decode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter } from '../../formats/container/index.js';
import { deviceInputOf, INPUT_CHANNELS } from '../../formats/devices.js';
import { diskReferencesOf, OverlayReader, writeOverlay } from '../../formats/disks.js';
import { Overlay, SECTOR_BYTES } from '../../formats/overlay.js';
import { temporaryFolder } from '../support/folder.js';

const SECTORS = 64;
const FRAME = 9;

/** Some sectors from a place on, each filled with a byte of its own. */
const writes = fc.array(
  fc.record({
    sector: fc.integer({ min: 0, max: SECTORS - 1 }),
    count: fc.integer({ min: 1, max: 20 }),
    value: fc.integer({ min: 1, max: 255 }),
  }),
  { maxLength: 20 },
);
type Writes = { sector: number; count: number; value: number }[];

function apply(list: Writes): { overlay: Overlay; model: (Buffer | null)[] } {
  const overlay = new Overlay();
  const model: (Buffer | null)[] = Array.from({ length: SECTORS + 20 }, () => null);
  for (const { sector, count, value } of list) {
    const data = Buffer.alloc(count * SECTOR_BYTES, value);
    overlay.write(sector, data);
    for (let i = 0; i < count; i++) model[sector + i] = Buffer.alloc(SECTOR_BYTES, value);
    // The overlay keeps a copy.
    data.fill(0);
  }
  return { overlay, model };
}

function content(overlay: Overlay): (Buffer | null)[] {
  return Array.from({ length: SECTORS + 20 }, (_, sector) => {
    const data = overlay.read(sector);
    return data === null ? null : Buffer.from(data);
  });
}

test('reads back what was written last, and nothing else', (t) => {
  fc.assert(
    fc.property(writes, (list) => {
      const { overlay, model } = apply(list);
      t.deepEqual(content(overlay), model);
      t.is(overlay.sectors, model.filter((sector) => sector !== null).length);
    }),
  );
});

test('runs are in order, do not touch, and hold everything, however long they may be', (t) => {
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 9 }), (list, most) => {
      const { overlay, model } = apply(list);
      const again = new Overlay();
      let end = -1;
      for (const { sector, data } of overlay.runs(most * SECTOR_BYTES)) {
        t.true(sector >= end && data.length > 0 && data.length <= most * SECTOR_BYTES);
        end = sector + data.length / SECTOR_BYTES;
        again.write(sector, data);
      }
      t.deepEqual(content(again), model);
      t.is(again.crc(), overlay.crc());
    }),
  );
});

test('the checksum tells contents and places apart', (t) => {
  const of = (sector: number, value: number): number => {
    const overlay = new Overlay();
    overlay.write(sector, Buffer.alloc(SECTOR_BYTES, value));
    return overlay.crc();
  };
  t.is(new Set([of(0, 0), of(1, 0), of(0, 1), of(2 ** 32, 0), new Overlay().crc()]).size, 5);
});

test('through frames of a file and back, also when they are many', (t) => {
  const path = join(temporaryFolder(t), 'overlay');
  const overlay = new Overlay();
  // More than two frames, with gaps.
  for (let sector = 0; sector < 40_000; sector += 5)
    overlay.write(sector, Buffer.alloc(4 * SECTOR_BYTES, sector % 251));
  const writer = new ContainerWriter({ path, kind: 'recording', temporary: false, force: false });
  writeOverlay(writer, FRAME, 'hda', 'end', overlay);
  writeOverlay(writer, FRAME, 'cdrom', 'end', new Overlay());
  writer.finish({}, 0n);
  const frames = [...new ContainerReader(path)].map(({ payload }) => decode(payload));
  t.true(frames.length > 3);
  const reader = new OverlayReader();
  frames.forEach((frame) => reader.take(frame));
  t.is(reader.get('hda', 'end')!.crc(), overlay.crc());
  t.is(reader.get('cdrom', 'end')!.sectors, 0);
  t.is(reader.get('hda', 'start'), null);
  t.is(reader.get('hdb', 'end'), null);
  const partial = new OverlayReader();
  partial.take(frames[0]);
  t.is(partial.get('hda', 'end'), null);
});

test('frames, references and inputs that are impossible are refused', (t) => {
  const frame = { drive: 'hda', moment: 'end', runs: [[0, new Uint8Array(512)]], last: true };
  t.notThrows(() => new OverlayReader().take(frame));
  for (const wrong of [
    { drive: 'hdx' },
    { moment: 'later' },
    { runs: [[0, new Uint8Array(100)]] },
    { runs: [[-1, new Uint8Array(512)]] },
    { runs: [[2 ** 33, new Uint8Array(512)]] },
    { runs: [[0, new Uint8Array(0)]] },
  ]) {
    t.throws(() => new OverlayReader().take({ ...frame, ...wrong }), undefined, JSON.stringify(wrong));
  }
  const reference = { size: 512, sha256: '0'.repeat(64), path: '/x' };
  t.deepEqual(diskReferencesOf({ hda: reference }), { hda: reference });
  for (const wrong of [{ size: -1 }, { size: 2 ** 41 }, { sha256: 'short' }, { path: 1 }]) {
    t.throws(() => diskReferencesOf({ hda: { ...reference, ...wrong } }), undefined, JSON.stringify(wrong));
  }
  const channel = INPUT_CHANNELS.indexOf('disk-size');
  t.deepEqual(deviceInputOf(channel, [2, 5_000_000_000n, 2048]).value, [2, 5_000_000_000, 2048]);
  for (const wrong of [
    [4, 0, 0],
    [0, -1, 0],
    [0, 0, 2 ** 41],
    [0, 0],
    [0, 0.5, 0],
  ]) {
    t.throws(() => deviceInputOf(channel, wrong), undefined, wrong.join());
  }
});
