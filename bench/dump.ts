/**
 * How fast a long relog is looked through: `dump` with and without a filter, next to what unpacking its events alone takes.
 * The long relog is a real one, its frames over and over with later positions: once as it is, with its keyframes,
 * and once its events alone, which is the hardest case.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cell } from '../analyses/text.js';
import { PROJECT } from '../cli/paths.js';
import { loadWorkload } from '../corpus/index.js';
import { encode } from '../formats/cbor.js';
import { ContainerReader, ContainerWriter, FRAME_HEADER_BYTES, PREAMBLE_BYTES } from '../formats/container/index.js';
import { EventReader, kindTable } from '../formats/event-reader.js';
import { EVENT } from '../formats/events.js';
import { readRelogHeader, RELOG_FRAME, writeEvents, writeRelogHeader } from '../formats/relog.js';
import { decompress } from '../formats/zstd.js';
import { loadGuest } from '../guests/index.js';
import { record } from '../relog/record.js';
import { relog } from '../relog/relog.js';

const WORKLOAD = 'fork-storm';
const KEYFRAME_EVERY = 50_000_000;

export interface DumpBench {
  cacheDir: string;
  folder: string;
  /** Of each long relog, at least. */
  bytes: number;
  onStep: (step: string) => void;
}

export interface DumpSpeed {
  name: string;
  /** Bytes in the file, and seconds of one processor. */
  bytes: number;
  seconds: number;
}

/** Events alone are a hundred times as long as JSON: of all of them the unfiltered dump would print for minutes. */
const UNFILTERED_SHARE = 1 / 50;

export async function measureDump({ cacheDir, folder, bytes, onStep }: DumpBench): Promise<DumpSpeed[]> {
  const [small, whole, events, short] = ['small', 'whole', 'events', 'short'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
    string,
  ];
  await makeSmall(small, cacheDir, folder, onStep);
  const speeds: DumpSpeed[] = [];
  const measure = async (name: string, file: string, work: () => Promise<number> | number): Promise<void> => {
    onStep(name);
    speeds.push({ name, bytes: statSync(file).size, seconds: await work() });
  };
  const filtered = ['--kind', 'exception', '--from', '1'];
  try {
    onStep('a long relog');
    lengthen(small, whole, bytes, true);
    await measure('whole relog: dump of one kind', whole, () => dumpSeconds(whole, filtered));
    await measure('whole relog: dump of all', whole, () => dumpSeconds(whole, []));
    await rm(whole);
    onStep('a long relog of events alone');
    lengthen(small, events, bytes, false);
    await measure('events: unpacking alone', events, () => unpackSeconds(events));
    await measure('events: unpacking and stepping over', events, () => walkSeconds(events));
    await measure('events: dump of one port', events, () => dumpSeconds(events, ['--port', '0x60']));
    await measure('events: dump of one kind', events, () => dumpSeconds(events, ['--kind', 'dma']));
    await measure('events: stats', events, () => commandSeconds(['stats', events]));
    lengthen(small, short, bytes * UNFILTERED_SHARE, false);
    await measure('events: dump of all', short, () => dumpSeconds(short, []));
    return speeds;
  } finally {
    await Promise.all([small, whole, events, short].map((path) => rm(path, { force: true })));
  }
}

/** Head and rows of a table. */
export function formatDump(speeds: readonly DumpSpeed[]): [string[], Cell[][]] {
  const megabytes = ({ bytes, seconds }: DumpSpeed): string => (bytes / 1e6 / seconds).toFixed(0);
  const rows = speeds.map((speed) => [
    ...[speed.name, (speed.bytes / 1e6).toFixed(0), speed.seconds.toFixed(1)],
    megabytes(speed),
  ]);
  return [['', 'MB', 's of a processor', 'MB/s'], rows];
}

async function makeSmall(
  output: string,
  cacheDir: string,
  folder: string,
  onStep: (step: string) => void,
): Promise<void> {
  const { guest: name, session } = await loadWorkload(WORKLOAD);
  const guest = await loadGuest(name, { cacheDir, onStep });
  const recording = join(folder, 'small.dcr');
  onStep(`recording ${WORKLOAD}`);
  await record({
    ...{ guest, session, cacheDir, output: recording, start: 'ready', level: 'inputs', seed: 0, network: null },
    ...{ until: null, untilScreen: null, share: null, limit: null, input: null, force: true },
  });
  onStep('relog');
  await relog({ input: recording, output, force: true, keyframeEvery: KEYFRAME_EVERY });
  await rm(recording);
}

/** Writes the frames of a relog again and again, each time at later positions, until the file is long enough. */
function lengthen(input: string, output: string, bytes: number, keyframes: boolean): void {
  const writer = new ContainerWriter({ path: output, kind: 'relog', temporary: false, force: true });
  let offset = 0;
  for (let first = true; writer.bytes < bytes; first = false) {
    const reader = new ContainerReader(input, 'relog');
    const header = readRelogHeader(reader);
    if (first) writeRelogHeader(writer, header);
    let reached = 0;
    for (const { kind, payload, reach } of reader) {
      reached = Number(reach);
      if (kind === RELOG_FRAME.events) writeEvents(writer, moved(payload, offset), offset + reached);
      else if (keyframes) writer.frame(kind, payload, BigInt(offset + reached));
    }
    reader.close();
    offset += reached;
  }
  writer.finish({}, BigInt(offset));
}

/** The same events at later positions, without the end. */
function moved(payload: Uint8Array, offset: number): Uint8Array {
  const events = new EventReader(payload);
  const first = events.end;
  const end = events.next(kindTable([EVENT.end])) ? events.start : payload.length;
  return Buffer.concat([encode(events.base + offset), payload.subarray(first, end)]);
}

/** Frames of events, read and unpacked without any check. */
function* unpacked(path: string): Generator<Uint8Array> {
  const fd = openSync(path, 'r');
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  for (let at = PREAMBLE_BYTES; readSync(fd, header, 0, header.length, at) === header.length;) {
    const stored = Buffer.allocUnsafe(header.readUInt32LE(4));
    readSync(fd, stored, 0, stored.length, at + header.length);
    if (header[0] === RELOG_FRAME.events && header[1] === 1) yield decompress(stored, header.readUInt32LE(8));
    at += header.length + stored.length;
  }
  closeSync(fd);
}

function unpackSeconds(path: string): number {
  const began = process.cpuUsage();
  for (const payload of unpacked(path)) if (payload.length === 0) throw new Error('an empty frame');
  return secondsSince(began);
}

function walkSeconds(path: string): number {
  const began = process.cpuUsage();
  const nothing = kindTable([]);
  for (const payload of unpacked(path)) new EventReader(payload).next(nothing);
  return secondsSince(began);
}

function secondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

function dumpSeconds(path: string, args: string[]): Promise<number> {
  return commandSeconds(['dump', path, ...args]);
}

/** Of the whole command, its start included, as the shell's `time` tells it: user and system. */
async function commandSeconds(args: string[]): Promise<number> {
  const times = '{ TIMEFORMAT="%U %S"; time "$0" "$@" >/dev/null; } 2>&1';
  const { stdout } = await execa('bash', ['-c', times, 'node', `${PROJECT}bin/decouple.mjs`, ...args]);
  const [user, system] = stdout.trim().split('\n').at(-1)!.split(' ').map(Number);
  return user! + system!;
}
