import type { Argv, CommandModule } from 'yargs';
import { decode } from '../../formats/cbor.js';
import { ContainerReader, inputName, type ContainerKind } from '../../formats/container/index.js';
import { RECORDING_FRAME } from '../../formats/recording.js';
import { RELOG_FRAME } from '../../formats/relog.js';
import type { GlobalOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes, formatExact } from '../units.js';

interface InfoArguments extends GlobalOptions, StoreOption {
  file: string;
}

interface FrameSummary {
  kind: string;
  frames: number;
  /** In the file, and when unpacked. */
  bytes: number;
  unpackedBytes: number;
}

interface Info {
  kind: ContainerKind;
  /** Of the format, major and minor. */
  version: string;
  bytes: number;
  cutOff: boolean;
  /** Steps of the machine (recording) or position in instructions (relog) that the file reaches. */
  reaches: number;
  header: Record<string, unknown>;
  /** How the run ended, as the file's end says; null when it is cut off. */
  outcome: Record<string, unknown> | null;
  frames: FrameSummary[];
}

/** Ready snapshots are files of the cache, with frames of their own; `info` counts them without names. */
const FRAME_KINDS: Record<ContainerKind, Record<string, number>> = {
  recording: RECORDING_FRAME,
  relog: RELOG_FRAME,
  snapshot: {},
  pack: {},
};
const REACHES: Record<ContainerKind, string> = {
  recording: 'steps',
  relog: 'instructions',
  snapshot: 'bytes',
  pack: 'bytes',
};

function builder(yargs: Argv<GlobalOptions>): Argv<InfoArguments> {
  return withStore(yargs)
    .positional('file', {
      type: 'string',
      demandOption: true,
      describe: 'A recording or a relog, or - for standard input',
    })
    .example('$0 info run.dcr', 'Checks the whole file and says what is in it');
}

async function handler({ file, json }: InfoArguments): Promise<void> {
  const info = inspect(file);
  printResult(json, info, formatInfo(inputName(file), info));
}

/** Reads the whole file, so that its checksums are checked. */
function inspect(file: string): Info {
  const reader = new ContainerReader(file);
  try {
    const names = new Map(Object.entries(FRAME_KINDS[reader.kind]).map(([name, kind]) => [kind, name]));
    const frames = new Map<string, FrameSummary>();
    let header: Record<string, unknown> = {};
    let reaches = 0n;
    for (const frame of reader) {
      const kind = names.get(frame.kind) ?? `kind ${frame.kind}`;
      if (kind === 'header') header = decode(frame.payload) as Record<string, unknown>;
      const summary = frames.get(kind) ?? { kind, frames: 0, bytes: 0, unpackedBytes: 0 };
      frames.set(kind, summary);
      summary.frames++;
      summary.bytes += frame.fileBytes;
      summary.unpackedBytes += frame.rawBytes;
      if (frame.reach > reaches) reaches = frame.reach;
    }
    const { kind, size: bytes, cutOff } = reader;
    const version = `${reader.version.major}.${reader.version.minor}`;
    const outcome = reader.end?.outcome ?? null;
    return { kind, version, bytes, cutOff, reaches: Number(reaches), header, outcome, frames: [...frames.values()] };
  } finally {
    reader.close();
  }
}

function formatInfo(file: string, { kind, version, bytes, cutOff, reaches, header, outcome, frames }: Info): string {
  return formatPairs([
    ['file', `${file}, ${formatBytes(bytes)}`],
    ['kind', `${kind}, format ${version}`],
    ['state', cutOff ? 'cut off: its writer did not finish; what is complete in it can be used' : 'complete'],
    ['reaches', `${formatExact(reaches)} ${REACHES[kind]}`],
    ...flatten(header),
    ...flatten(outcome ?? {}),
    ...frames.map(({ kind, frames, bytes, unpackedBytes }): [string, string] => [
      `${kind} frames`,
      `${formatExact(frames)}, ${formatBytes(bytes)} (${formatBytes(unpackedBytes)} unpacked)`,
    ]),
  ]);
}

/** Names and values of a map, those of maps within with the names of both; long lists and values cut. */
function flatten(map: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(map).flatMap(([name, value]): [string, string][] => {
    if (value === null || value === undefined) return [];
    if (typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)) {
      return flatten(value as Record<string, unknown>, `${prefix}${name} `);
    }
    const readable = READABLE[prefix + name] ?? plain;
    const text = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : readable(value);
    return [[prefix + name, text.length > 80 ? `${text.slice(0, 77)}...` : text]];
  });
}

/** What people would not read as it stands in the file. */
const READABLE: Record<string, (value: unknown) => string> = {
  'guest memory': (bytes) => formatBytes(Number(bytes)),
  epoch: (milliseconds) => new Date(Number(milliseconds)).toISOString(),
  instructions: (count) => formatExact(Number(count)),
  events: (count) => formatExact(Number(count)),
  ram: (regions) =>
    Array.isArray(regions) ? describeRam(regions as { start: number; size: number }[]) : plain(regions),
};

function describeRam(regions: { start: number; size: number }[]): string {
  const bytes = regions.reduce((sum, { size }) => sum + Number(size), 0);
  const starts = regions.map(({ start }) => `0x${Number(start).toString(16)}`);
  return `${formatBytes(bytes)}, in regions from ${starts.join(', ')}`;
}

function plain(value: unknown): string {
  return typeof value === 'string'
    ? value
    : JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
}

export const infoCommand: CommandModule<GlobalOptions, InfoArguments> = {
  command: 'info <file>',
  describe: 'Check a recording or relog and say what is in it',
  builder,
  handler,
};
