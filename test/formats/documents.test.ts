/** The documents of the formats say what is written: every item satisfies their CDDL, and their examples are right. */
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { decode } from '../../formats/cbor.js';
import { ContainerReader, ContainerWriter, encodeFrameHeader, PREAMBLE_BYTES } from '../../formats/container/index.js';
import { crc32 } from '../../formats/checksum.js';
import { INPUT_CHANNELS } from '../../formats/devices.js';
import { EventWriter } from '../../formats/event-writer.js';
import { Overlay } from '../../formats/overlay.js';
import { logOf, writeBlob, writeDisk, writeHeader, writeLog, type LogFrame } from '../../formats/recording.js';
import { encodeShare } from '../../formats/share.js';
import { decodeItems } from '../support/cbor-items.js';
import { documentedCddl, documentedExample } from '../support/documents.js';
import { anyEvents, writeEvent } from '../support/events.js';
import { temporaryFolder } from '../support/folder.js';
import { itemsOf } from '../support/frame-items.js';
import { makeRelog } from '../support/made-relog.js';

const CDDL = documentedCddl();

function satisfies(t: ExecutionContext, path: string): Set<string> {
  const rules = new Set<string>();
  for (const { rule, item } of itemsOf(path)) {
    t.is(CDDL.check(rule, item), null);
    rules.add(rule);
  }
  return rules;
}

test('a relog', (t) => {
  const path = join(temporaryFolder(t), 'a.relog');
  makeRelog(path);
  t.deepEqual(
    satisfies(t, path),
    new Set(['relog-header', 'pages', 'keyframe', 'events-position', 'event', 'index', 'end-frame']),
  );
});

test('events of every kind, whatever is in them', (t) => {
  fc.assert(
    fc.property(anyEvents(), (events) => {
      const writer = new EventWriter(7);
      for (const event of events) writeEvent(writer, event);
      const [position, ...items] = decodeItems(writer.take());
      t.is(CDDL.check('events-position', position!), null);
      for (const item of items) t.is(CDDL.check('event', item), null);
    }),
  );
});

const DEVICES = { acpi: true, network: 'ne2k', serialPorts: 2, virtioConsole: true, share: true } as const;

test('a recording, with everything there may be in one', (t) => {
  const path = join(temporaryFolder(t), 'a.dcr');
  const writer = new ContainerWriter({ path, kind: 'recording', temporary: false, force: true });
  writeHeader(writer, {
    engine: { name: 'v86', version: '1', hash: '00'.repeat(32), repairs: ['enter'] },
    guest: { name: 'made-up', hash: '11'.repeat(32), memory: 1 << 20, devices: DEVICES },
    disks: { hda: { size: 2 ** 33, sha256: '22'.repeat(32), path: '/disk.img' } },
    ...{ start: 'ready', seed: 0xffffffff, epoch: 1_795_263_278_263, clockStart: 2 ** 33, cmdline: 'console=ttyS0' },
  });
  const share = encodeShare({
    writable: true,
    entries: [
      { path: 'd', mode: 0o755, mtime: 1, kind: 'directory' },
      { path: 'd/l', mode: 0o777, mtime: 2 ** 33, kind: 'link', target: 'x' },
      { path: 'f', mode: 0o644, mtime: 1, kind: 'file', content: 0 },
      { path: 'g', mode: 0o644, mtime: 1, kind: 'file', content: null },
    ],
    contents: [Buffer.of(1)],
  });
  t.is(CDDL.check('share', decodeItems(share)[0]!), null);
  writeBlob(writer, 'share', share);
  const overlay = new Overlay();
  overlay.write(2 ** 30, Buffer.alloc(1024, 1));
  writeDisk(writer, 'hda', 'start', new Overlay());
  writeLog(writer, someLog());
  writeDisk(writer, 'hda', 'end', overlay, 5);
  writer.finish({ reason: 'session-done', steps: 5, instructions: 2 ** 40, ram: null, what: null }, 5n);
  t.deepEqual(satisfies(t, path), new Set(['header', 'blob', 'overlay', 'log', 'index', 'end-frame']));
});

function someLog(): LogFrame {
  const values: Partial<Record<string, number[]>> = {
    'mouse-move': [-5, 0x7fff],
    'mouse-buttons': [1, 0, 0],
    'mouse-wheel': [0, -8],
    'disk-size': [3, 2 ** 40, 2 ** 39],
  };
  const device = INPUT_CHANNELS.map((channel) => ({
    ...{ step: 0, kind: 'device' as const },
    input: { channel, value: values[channel] ?? Buffer.of(1, 2) },
  }));
  return {
    ...{ from: 0, to: 5, clock: Buffer.of(1), console: Buffer.from('x') },
    inputs: [{ step: 0, kind: 'module', serial: 3 }, ...device],
    outputs: (['serial1', 'serial2', 'serial3', 'virtio-console', 'network'] as const).map((channel, i) => ({
      ...{ step: i, channel, bytes: Buffer.of(i) },
    })),
    digest: {
      ...{ registers: 0xffffffff, ram: { offset: 0, length: 524288, crc: 1 } },
      ...{ console: 2, outputs: 3, instructions: 2 ** 40 },
    },
  };
}

test('the example of events is what the writer writes', (t) => {
  const writer = new EventWriter(256);
  writer.portRead(0x3f8, 1, 0x41);
  writer.interrupt(300, 48, 0xc0100000, 0x246, null);
  writer.dma(300, 0x1000, Buffer.of(0xaa, 0xbb), null);
  t.is(documentedExample('relog', 'events').toString('hex'), Buffer.from(writer.take()).toString('hex'));
});

test('the example of a frame is what the writer writes', (t) => {
  const path = join(temporaryFolder(t), 'file');
  const payload = documentedExample('relog', 'events');
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true });
  writer.frame(4, payload, 300n, 0);
  writer.finish({}, 300n);
  const reader = new ContainerReader(path);
  t.teardown(() => reader.close());
  t.like(reader.next(), { kind: 4, reach: 300n });
  t.is(reader.offset, PREAMBLE_BYTES + 32 + payload.length);
  const { length } = payload;
  const header = { kind: 4, codec: 0, storedLength: length, rawLength: length, sequence: 0, reach: 300n };
  const expected = encodeFrameHeader({ ...header, payloadCrc: crc32(payload) }, 0);
  t.is(documentedExample('container', 'frame').toString('hex'), expected.toString('hex'));
});

test('the example of a log frame is read as it says', (t) => {
  const example = documentedExample('recording', 'log');
  t.is(CDDL.check('log', decodeItems(example)[0]!), null);
  const log = logOf(decode(example));
  t.like(log, { from: 0, to: 2 });
  t.deepEqual(
    log.inputs.map((input) => input.kind === 'device' && [input.step, input.input.channel, [...input.input.value]]),
    [
      [0, 'serial0', [0x6c, 0x0a]],
      [1, 'mouse-move', [5, -3]],
    ],
  );
  t.deepEqual(
    log.outputs.map(({ step, channel, bytes }) => [step, channel, [...bytes]]),
    [[1, 'network', [1, 2, 3]]],
  );
  t.is(Buffer.from(log.console).toString(), 'hi');
  t.is(log.digest.console, crc32(Buffer.from('hi')));
  t.is(log.digest.outputs, crc32(Buffer.of(1, 2, 3)));
  t.is(log.digest.instructions, 10_000);
});
