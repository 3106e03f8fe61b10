/** What a recording holds, frame by frame (docs/formats/recording.md). */
import { takeBlobPiece, writeBlobFrames, type BlobName } from './blobs.js';
import { encode } from './cbor.js';
import type { ContainerReader, ContainerWriter } from './container/index.js';
import { damaged, parseFrame } from './container/index.js';
import {
  deviceInputOf,
  deviceOutputOf,
  INPUT_CHANNELS,
  machineDevicesOf,
  OUTPUT_CHANNELS,
  type DeviceInput,
  type DeviceOutput,
  type MachineDevices,
} from './devices.js';
import {
  diskReferencesOf,
  OverlayReader,
  writeOverlay,
  type DiskReferences,
  type DriveName,
  type OverlayMoment,
} from './disks.js';
import type { Overlay } from './overlay.js';
import { bytes, list, record, ShapeError, text, u32, uint } from './shape.js';

export type { BlobName } from './blobs.js';

export const RECORDING_FRAME = { header: 1, blob: 2, log: 3, overlay: 4 } as const;

/** Everything that decides the run, apart from the blobs and the log. */
export interface RecordingHeader {
  /** `repairs`: what was mended in it (engines/v86/repairs/table.ts), by id. */
  engine: { name: string; version: string; hash: string; repairs: string[] };
  guest: { name: string; hash: string; memory: number; devices: MachineDevices };
  /** Base images of drives that are not in the recording itself. */
  disks: DiskReferences;
  start: 'ready' | 'power-on';
  seed: number;
  /** Milliseconds since 1970 at clock unit 0. */
  epoch: number;
  /** Clock unit at which the run starts. */
  clockStart: number;
  cmdline: string | null;
}

/** An input that reached the machine before step `step` (the first step is 0). */
export type LoggedInput =
  { step: number; kind: 'module'; serial: number } | { step: number; kind: 'device'; input: DeviceInput };
/** Numbers in a log: a module, or this plus the number of the channel. */
const MODULE_INPUT = 1;
const FIRST_CHANNEL = 2;

/** What came out of a device other than the console during a step. */
export type LoggedOutput = DeviceOutput & { step: number };

/** State of the machine after the last step of a log frame. */
export interface Digest {
  /** CRC-32 of the register file. */
  registers: number;
  /** CRC-32 of a part of RAM; the parts take turns. */
  ram: { offset: number; length: number; crc: number };
  /** CRC-32 of all console output so far. */
  console: number;
  /** CRC-32 of all other output so far, byte after byte. */
  outputs: number;
  instructions: number;
}

/** A stretch of the run: steps `from` up to, not including, `to`. */
export interface LogFrame {
  from: number;
  to: number;
  /** Clock samples of the stretch: differences to the one before, as varints. */
  clock: Uint8Array;
  inputs: LoggedInput[];
  /** What the first serial port put out. */
  console: Uint8Array;
  outputs: LoggedOutput[];
  digest: Digest;
}

export function writeHeader(writer: ContainerWriter, header: RecordingHeader): void {
  writer.frame(RECORDING_FRAME.header, encode({ ...header, ...writer.storeHint }), 0n);
}

/** @param grid where in it pages begin, modulo 4096: those of RAM, for a snapshot */
export function writeBlob(writer: ContainerWriter, name: BlobName, data: Uint8Array, grid = 0): void {
  writeBlobFrames(writer, RECORDING_FRAME.blob, name, data, grid);
}

/** @returns bytes written */
export function writeLog(writer: ContainerWriter, log: LogFrame): number {
  const inputs = log.inputs.map((logged) => {
    if (logged.kind === 'module') return [logged.step, MODULE_INPUT, logged.serial];
    const { channel, value } = logged.input;
    return [logged.step, FIRST_CHANNEL + INPUT_CHANNELS.indexOf(channel), value];
  });
  const outputs = log.outputs.map(({ step, channel, bytes }) => [step, OUTPUT_CHANNELS.indexOf(channel), bytes]);
  const { registers, ram, instructions } = log.digest;
  const digest = [registers, ram.offset, ram.length, ram.crc, log.digest.console, log.digest.outputs, instructions];
  const item = [log.from, log.to, log.clock, inputs, log.console, outputs, digest];
  return writer.frame(RECORDING_FRAME.log, encode(item), BigInt(log.to), 6);
}

/** What a drive holds over its base image, when the run starts or after its last step. */
export function writeDisk(
  writer: ContainerWriter,
  drive: DriveName,
  moment: OverlayMoment,
  overlay: Overlay,
  step = 0,
): void {
  writeOverlay(writer, RECORDING_FRAME.overlay, drive, moment, overlay, BigInt(step));
}

export interface RecordingStart {
  header: RecordingHeader;
  blobs: Map<BlobName, Uint8Array>;
  /** Filled as frames are read: complete for the start, and for the end once all are. */
  overlays: OverlayReader;
}

/** The header alone; what follows is left to be read. @throws DecoupleError damaged */
export function readRecordingHeader(reader: ContainerReader): RecordingHeader {
  const frame = reader.next();
  if (frame?.kind !== RECORDING_FRAME.header) throw damaged(reader.path, 'its header is missing');
  return parseFrame(reader, frame, headerOf);
}

/**
 * Reads a recording up to its first log frame.
 * @returns what the run starts from, and that first log frame if there is one
 */
export function readStart(reader: ContainerReader): RecordingStart & { first: LogFrame | null } {
  let header: RecordingHeader | null = null;
  const blobs = new Map<BlobName, Uint8Array>();
  const overlays = new OverlayReader();
  for (let frame = reader.next(); frame !== null; frame = reader.next()) {
    if (frame.kind === RECORDING_FRAME.header && header === null) header = parseFrame(reader, frame, headerOf);
    else if (frame.kind === RECORDING_FRAME.blob) parseFrame(reader, frame, (value) => takeBlobPiece(blobs, value));
    else if (frame.kind === RECORDING_FRAME.overlay) parseFrame(reader, frame, (value) => overlays.take(value));
    else if (frame.kind === RECORDING_FRAME.log) {
      if (header === null) throw damaged(reader.path, 'its header is missing');
      return { header, blobs, overlays, first: parseFrame(reader, frame, logOf) };
    }
  }
  if (header === null) throw damaged(reader.path, 'its header is missing');
  return { header, blobs, overlays, first: null };
}

/**
 * The next log frame, or null at the end.
 * @param overlays gets the overlays that come before it
 */
export function readLog(reader: ContainerReader, overlays?: OverlayReader): LogFrame | null {
  for (let frame = reader.next(); frame !== null; frame = reader.next()) {
    if (frame.kind === RECORDING_FRAME.log) return parseFrame(reader, frame, logOf);
    if (frame.kind === RECORDING_FRAME.overlay && overlays !== undefined) {
      parseFrame(reader, frame, (value) => overlays.take(value));
    }
  }
  return null;
}

function headerOf(value: unknown): RecordingHeader {
  const map = record(value, 'the header');
  const engine = record(map.engine, 'engine');
  const guest = record(map.guest, 'guest');
  const start = text(map.start, 'start');
  if (start !== 'ready' && start !== 'power-on') throw new ShapeError('start is neither ready nor power-on');
  return {
    engine: {
      name: text(engine.name, 'engine.name'),
      version: text(engine.version, 'engine.version'),
      hash: text(engine.hash, 'engine.hash'),
      repairs: engine.repairs === undefined ? [] : list(engine.repairs, 'engine.repairs', text),
    },
    guest: {
      name: text(guest.name, 'guest.name'),
      hash: text(guest.hash, 'guest.hash'),
      memory: memoryOf(guest.memory),
      devices: machineDevicesOf(guest.devices),
    },
    disks: diskReferencesOf(map.disks ?? {}),
    start,
    seed: u32(map.seed, 'seed'),
    epoch: uint(map.epoch, 'epoch'),
    clockStart: uint(map.clockStart, 'clockStart'),
    cmdline: map.cmdline === null ? null : text(map.cmdline, 'cmdline'),
  };
}

function memoryOf(value: unknown): number {
  const memory = uint(value, 'guest.memory', 2 ** 31);
  if (memory < 1 << 20 || memory % 4096 !== 0) throw new ShapeError('guest.memory is impossible');
  return memory;
}

/**
 * A log frame is a list, not a map: four a second, their keys would be most of the log.
 * @throws ShapeError
 */
export function logOf(value: unknown): LogFrame {
  const same = (element: unknown): unknown => element;
  const [from, to, clock, inputs, console, outputs, digest] = list(value, 'a log frame', same, 7);
  const [registers, offset, length, crc, consoleCrc, outputsCrc, instructions] = list(digest, 'digest', same, 7);
  return {
    from: uint(from, 'from'),
    to: uint(to, 'to'),
    clock: bytes(clock, 'clock'),
    inputs: list(inputs, 'inputs', inputOf),
    console: bytes(console, 'console'),
    outputs: list(outputs, 'outputs', outputOf),
    digest: {
      registers: u32(registers, 'digest.registers'),
      ram: { offset: uint(offset, 'ram.offset'), length: uint(length, 'ram.length'), crc: u32(crc, 'ram.crc') },
      console: u32(consoleCrc, 'digest.console'),
      outputs: u32(outputsCrc, 'digest.outputs'),
      instructions: uint(instructions, 'digest.instructions'),
    },
  };
}

function inputOf(value: unknown, what: string): LoggedInput {
  const [step, kind, payload] = list(value, what, (element) => element, 3);
  const number = uint(kind, what);
  if (number === MODULE_INPUT) return { step: uint(step, what), kind: 'module', serial: uint(payload, what) };
  return { step: uint(step, what), kind: 'device', input: deviceInputOf(number - FIRST_CHANNEL, payload) };
}

function outputOf(value: unknown, what: string): LoggedOutput {
  const [step, channel, payload] = list(value, what, (element) => element, 3);
  return { step: uint(step, what), ...deviceOutputOf(channel, payload) };
}
