import type { Argv, CommandModule } from 'yargs';
import { ContainerReader, inputName, parseFrame, type ContainerKind } from '../../formats/container/index.js';
import { RECORDING_FRAME } from '../../formats/recording.js';
import { RELOG_FRAME } from '../../formats/relog.js';
import { record } from '../../formats/shape.js';
import type { RamRegion } from '../../formats/state.js';
import type { FrameSummary, Info } from '../json.js';
import { inputFile, type GlobalOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { withStore, type StoreOption } from '../store.js';
import { formatBytes, formatExact } from '../units.js';

interface InfoArguments extends GlobalOptions, StoreOption {
  file: string;
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

/** Milliseconds since 1970 (ECMA-262, 21.4.1.1). */
const MAX_DATE = 8.64e15;
/** Of a byte string: more than a SHA-256 has. */
const SHOWN_BYTES = 64;

function builder(yargs: Argv<GlobalOptions>): Argv<InfoArguments> {
  return withStore(yargs)
    .positional('file', inputFile('A recording or a relog'))
    .example('$0 info run.dcr', 'Checks the whole file and says what is in it');
}

async function handler({ file, json }: InfoArguments): Promise<void> {
  const info = inspect(file);
  printResult(json, 'info', info, formatInfo(inputName(file), info));
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
      if (kind === 'header') header = parseFrame(reader, frame, (value) => record(withoutBytes(value), 'the header'));
      const summary = frames.get(kind) ?? { kind, frames: 0, bytes: 0, unpackedBytes: 0 };
      frames.set(kind, summary);
      summary.frames++;
      summary.bytes += frame.fileBytes;
      summary.unpackedBytes += frame.rawBytes;
      if (frame.reach > reaches) reaches = frame.reach;
    }
    const { kind, size: bytes, cutOff } = reader;
    const version = `${reader.version.major}.${reader.version.minor}`;
    const outcome = reader.end === null ? null : (withoutBytes(reader.end.outcome) as Record<string, unknown>);
    return { kind, version, bytes, cutOff, reaches: Number(reaches), header, outcome, frames: [...frames.values()] };
  } finally {
    reader.close();
  }
}

function formatInfo(file: string, { kind, version, bytes, cutOff, reaches, header, outcome, frames }: Info): string {
  return formatPairs([
    ['file', `${file}, ${formatBytes(bytes)}`],
    ['kind', `${kind}, format ${version}`],
    ['state', cutOff ? cutOffState(kind, frames) : 'complete'],
    ['reaches', `${formatExact(reaches)} ${REACHES[kind]}`],
    ...flatten(header),
    ...flatten(outcome ?? {}),
    ...frames.map(({ kind, frames, bytes, unpackedBytes }): [string, string] => [
      `${kind} frames`,
      `${formatExact(frames)}, ${formatBytes(bytes)} (${formatBytes(unpackedBytes)} unpacked)`,
    ]),
  ]);
}

function cutOffState(kind: ContainerKind, frames: readonly FrameSummary[]): string {
  const nothing = kind === 'relog' && !frames.some((each) => each.kind === 'keyframe');
  if (nothing) return 'cut off before its first keyframe: nothing in it can be used';
  return 'cut off: its writer did not finish; what is complete in it can be used';
}

/** Names and values of a map, those of maps within with the names of both; long lists and values cut. */
function flatten(map: Record<string, unknown>, prefix = ''): [string, string][] {
  return Object.entries(map).flatMap(([name, value]): [string, string][] => {
    if (value === null || value === undefined) return [];
    if (typeof value === 'object' && !Array.isArray(value)) {
      return flatten(value as Record<string, unknown>, `${prefix}${name} `);
    }
    const text = READABLE.get(prefix + name)?.(value) ?? plain(value);
    return [[prefix + name, text.length > 80 ? `${text.slice(0, 77)}...` : text]];
  });
}

/** What people would not read as it stands in the file; null for what is of another type than it should be. */
const READABLE = new Map<string, (value: unknown) => string | null>([
  ['guest memory', counted(formatBytes)],
  ['epoch', counted((milliseconds) => new Date(milliseconds).toISOString(), MAX_DATE)],
  ['instructions', counted(formatExact)],
  ['events', counted(formatExact)],
  ['ram', (regions) => (Array.isArray(regions) && regions.every(isRegion) ? describeRam(regions) : null)],
]);

function counted(format: (count: number) => string, most = Number.MAX_SAFE_INTEGER): (value: unknown) => string | null {
  return (value) => (typeof value === 'number' && value >= 0 && value <= most ? format(value) : null);
}

function isRegion(value: unknown): value is RamRegion {
  const { start, size } = (value ?? {}) as Partial<RamRegion>;
  return typeof start === 'number' && typeof size === 'number';
}

function describeRam(regions: RamRegion[]): string {
  const bytes = regions.reduce((sum, { size }) => sum + size, 0);
  const starts = regions.map(({ start }) => `0x${start.toString(16)}`);
  return `${formatBytes(bytes)}, in regions from ${starts.join(', ')}`;
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** As JSON can hold it: byte strings, which no header of ours has many of, as the beginning of their hexadecimal digits. */
function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, SHOWN_BYTES)).toString('hex');
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutBytes(item)]));
}

export const infoCommand: CommandModule<GlobalOptions, InfoArguments> = {
  command: 'info <file>',
  describe: 'Check a recording or relog and say what is in it',
  builder,
  handler,
};
