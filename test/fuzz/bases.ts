/**
 * The files that mutations begin with: small recordings and relogs of all kinds that there are. Where one is a lie already
 * (what was dressed up), that is as good here as a true one.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFile } from '../../formats/copy.js';
import { ContainerReader, ContainerWriter } from '../../formats/container/index.js';
import { decode, encode } from '../../formats/cbor.js';
import type { RelogHeader } from '../../formats/relog.js';
import { FRAME_BUFFER_ADDRESS } from '../../engines/v86/index.js';
import { putTogether, takeApart } from './container-parts.js';
import { EVENT } from '../../formats/events.js';
import { Overlay, SECTOR_BYTES } from '../../formats/overlay.js';
import {
  readLog,
  readStart,
  writeBlob,
  writeDisk,
  writeHeader,
  writeLog,
  type LoggedInput,
} from '../../formats/recording.js';
import { loadGuest } from '../../guests/index.js';
import { recordHere } from '../../relog/recorder.js';
import { relogHere } from '../../relog/relog-here.js';
import { parseSession } from '../../relog/session.js';
import { makeRelog } from '../support/made-relog.js';
import { makeWrittenBases, type WrittenBases } from './written.js';
import { tamper } from '../support/tamper.js';
import { TINY_GUEST_SAYS, tinyGuest, type TinyGuestOptions } from '../support/tiny-guest.js';

const FIXTURES = fileURLToPath(new URL('../../../test/fixtures/', import.meta.url));
/** Turns and rounds of the guest's work: a case runs a recording many times. */
const SHORT = { rounds: 2, work: 20, fill: 0x1000 };
/** The guest's text screen, and the planes of the VGA. */
const FRAME_BUFFER_KEPT = 256 << 10;
const DISK_BYTES = 512 << 10;
const KEYFRAME_EVERY = 30_000;
const ALL_DEVICES = { network: 'ne2k', serialPorts: 4, virtioConsole: true, share: true };
const SESSION = `
- send: "some text"
- { send: "more", on: serial1 }
- keys: "a"
- mouse: { move: [3, -2] }
- mouse: { wheel: 1 }
`;

export interface Bases {
  recordings: string[];
  relogs: string[];
  /** One of the relogs, wrong in an event: what explains divergences has something to do. */
  wrongRelog: string;
  /** The store that some of them have their contents in. */
  store: string;
  written: WrittenBases;
}

/** @param folder an empty one; everything is written there */
export async function makeBases(folder: string): Promise<Bases> {
  const at = (name: string): string => join(folder, name);
  for (const version of ['v1', 'v2']) {
    for (const name of ['tiny.dcr', 'tiny.relog']) {
      copyFileSync(join(FIXTURES, version, name), at(`${version}-${name}`));
    }
  }
  await record(folder, 'short', {});
  const devices = { devices: ALL_DEVICES, disks: { hda: './disk.img' } };
  writeDiskImage(at('disk.img'));
  await record(folder, 'rich', { spec: devices }, SESSION);
  dressUp(at('rich.dcr'), at('dressed.dcr'));
  await record(folder, 'ready', { spec: { ready: TINY_GUEST_SAYS } }, '- wait: 1ms\n', 'ready');
  const store = at('store');
  await record(folder, 'ballast', { ballast: 40_000 });
  await copyFile({ input: at('ballast.dcr'), output: at('stored.dcr'), force: false, store });
  const relogs = ['short', 'rich', 'ready'];
  for (const name of relogs) {
    const output = at(`${name}.relog`);
    await relogHere({ input: at(`${name}.dcr`), output, force: false, keyframeEvery: KEYFRAME_EVERY });
  }
  await relogHere({
    ...{ input: at('ballast.dcr'), output: at('stored.relog'), force: false, keyframeEvery: KEYFRAME_EVERY, store },
  });
  for (const name of [...relogs, 'stored']) withLessFrameBuffer(at(`${name}.relog`));
  makeRelog(at('made.relog'));
  const change = (event: unknown[]): void => void (event[3] = Number(event[3]) ^ 1);
  tamper(at('short.relog'), at('wrong.relog'), { kind: 'portRead', from: 0, change });
  const files = (ending: string, ...names: string[]): string[] => names.map((name) => at(`${name}.${ending}`));
  return {
    // The fixtures run long: their formats are what they are for, and one in a dozen is enough of that.
    recordings: files('dcr', 'short', 'dressed', 'ready', 'stored', 'short', 'dressed', 'rich', 'v1-tiny', 'v2-tiny'),
    relogs: files('relog', 'short', 'made', 'stored', 'rich', 'wrong', 'short', 'ready', 'v1-tiny', 'v2-tiny'),
    wrongRelog: at('wrong.relog'),
    store,
    written: makeWrittenBases(at('written')),
  };
}

async function record(
  folder: string,
  name: string,
  options: TinyGuestOptions,
  session: string | null = null,
  start: 'power-on' | 'ready' = 'power-on',
): Promise<void> {
  const place = join(folder, `guest-${name}`);
  mkdirSync(place);
  const cacheDir = join(place, 'cache');
  const spec = tinyGuest(place, { ...SHORT, ...options });
  if (options.spec !== undefined && 'disks' in options.spec)
    copyFileSync(join(folder, 'disk.img'), join(place, 'disk.img'));
  const guest = await loadGuest(spec, { cacheDir });
  const directory = join(place, 'shared');
  mkdirSync(directory);
  writeFileSync(join(directory, 'file'), 'what the guest may read');
  await recordHere({
    ...{ guest, output: join(folder, `${name}.dcr`), start, level: 'inputs', cacheDir, force: false },
    session: session === null ? [] : parseSession(session, 'session'),
    until: session === null ? TINY_GUEST_SAYS : null,
    ...{ untilScreen: null, limit: { seconds: 60 }, seed: 1, network: null, input: null },
    share: guest.devices.share ? { directory, writable: true, output: null, allLinks: false } : null,
  });
}

function writeDiskImage(path: string): void {
  writeFileSync(path, Buffer.alloc(DISK_BYTES, 'disk'));
}

/** Most of it is RAM that the guest has no use for, and that is compared all the same. */
function withLessFrameBuffer(path: string): void {
  const container = takeApart(path);
  const header = container.frames[0]!;
  const content = decode(header.payload) as RelogHeader;
  const ram = content.ram.map(({ start, size }) => ({
    start,
    size: start === FRAME_BUFFER_ADDRESS ? FRAME_BUFFER_KEPT : size,
  }));
  header.payload = encode({ ...content, ram });
  writeFileSync(path, putTogether(container, { index: true, digest: true }));
}

/** With inputs of every kind, outputs, and sectors written: more than a small guest has a use for. */
function dressUp(input: string, output: string): void {
  const reader = new ContainerReader(input, 'recording');
  const writer = new ContainerWriter({ path: output, kind: 'recording', temporary: false, force: true });
  try {
    const { header, blobs, overlays, first } = readStart(reader);
    writeHeader(writer, header);
    for (const [name, data] of blobs) writeBlob(writer, name, data);
    for (let log = first, number = 0; log !== null; log = readLog(reader, overlays), number++) {
      const inputs = number === 0 ? [...allInputs(log.from), ...log.inputs] : log.inputs;
      const outputs = [
        { step: log.from, channel: 'serial1' as const, bytes: Buffer.from('out of the second port') },
        { step: log.from, channel: 'network' as const, bytes: Buffer.alloc(60, 0xff) },
      ];
      writeLog(writer, { ...log, inputs, outputs: number === 0 ? outputs : log.outputs });
    }
    const overlay = new Overlay();
    for (const sector of [0, 1, 2, 9, 700, 1023]) overlay.write(sector, Buffer.alloc(SECTOR_BYTES, sector + 1));
    writeDisk(writer, 'hda', 'end', overlay, 1);
    writeDisk(writer, 'fda', 'end', new Overlay(), 1);
    writer.finish({ ...reader.end!.outcome }, 1n);
  } finally {
    reader.close();
    writer.abandon();
  }
}

function allInputs(step: number): LoggedInput[] {
  const frame = Buffer.alloc(60, 0xff);
  const inputs: { channel: string; value: Uint8Array | number[] }[] = [
    ...['serial0', 'serial1', 'serial2', 'serial3', 'virtio-console'].map((channel) => ({
      channel,
      value: Buffer.from(`to ${channel}`),
    })),
    { channel: 'keyboard', value: Uint8Array.of(0x1e, 0x9e) },
    { channel: 'mouse-move', value: [5, -3] },
    { channel: 'mouse-buttons', value: [1, 0, 1] },
    { channel: 'mouse-wheel', value: [1, 0] },
    { channel: 'network', value: frame },
    { channel: 'disk-size', value: [0, 1000, 4096] },
  ];
  return inputs.map((input) => ({ step, kind: 'device', input }) as LoggedInput);
}

/** A frame's worth of events of a kind that the machine here does not have; for what reads it. */
export const ODD_EVENTS = Buffer.concat([encode(0), encode([EVENT.sseApproximation, 0xf53, Buffer.alloc(16, 0x3f)])]);
