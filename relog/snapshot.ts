/** The state in which a guest is ready, made once by booting it and kept in the cache by content. */
import { mkdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { enginePackage } from '../engines/v86/index.js';
import { decode, encode } from '../formats/cbor.js';
import { ContainerReader, ContainerWriter, damaged } from '../formats/container/index.js';
import { DecoupleError } from '../formats/errors.js';
import { bytes, record, uint } from '../formats/shape.js';
import type { GuestImage } from '../guests/image.js';
import { ConsoleMatcher } from './console-matcher.js';
import { imagesOf } from './images.js';
import { LiveMachine } from './live-machine.js';

const FRAME = { header: 1, chunk: 2 } as const;
const CHUNK_BYTES = 4 << 20;
/** After its marker a guest gets this long to come to rest, so that snapshots are taken at a quiet moment. */
const SETTLE_STEPS = 400;

export interface Snapshot {
  state: Uint8Array;
  /** Clock units when it was taken. */
  clock: number;
  epoch: number;
}

/** @throws DecoupleError guest-not-ready, guest-stopped, guest-invalid */
export async function readySnapshot(guest: GuestImage, cacheDir: string, signal?: AbortSignal): Promise<Snapshot> {
  const folder = join(cacheDir, 'snapshots');
  const path = join(folder, `${guest.hash.slice(0, 32)}-${enginePackage().hash.slice(0, 16)}.dcs`);
  if (existsSync(path)) {
    try {
      return load(path);
    } catch (error) {
      // A cache may be thrown away: make it again.
      if (!(error instanceof DecoupleError)) throw error;
    }
  }
  const snapshot = await boot(guest, signal);
  mkdirSync(folder, { recursive: true });
  save(path, snapshot);
  return snapshot;
}

async function boot(guest: GuestImage, signal?: AbortSignal): Promise<Snapshot> {
  if (guest.ready === null) {
    throw new DecoupleError(
      'guest-invalid',
      `The guest ${guest.name} has no ready marker.`,
      'Record it with --start power-on, or give its spec a `ready` expression.',
    );
  }
  const matcher = new ConsoleMatcher();
  const marker = matcher.expect(new RegExp(guest.ready));
  const panic = matcher.expect(PANIC);
  const epoch = Date.now();
  const live = await LiveMachine.create({
    memory: guest.memory,
    devices: guest.devices,
    images: imagesOf(guest, 'power-on'),
    snapshot: null,
    seed: 1,
    epoch,
    clockStart: 0,
    journal: null,
    onOutput: ({ channel, bytes }) => {
      if (channel === 'serial0') bytes.forEach((byte) => matcher.push(byte));
    },
  });
  const deadline = performance.now() + guest.readyTimeout * 1000;
  while (!marker.matched) {
    signal?.throwIfAborted();
    if (panic.matched || live.machine.dead) throw stopped(guest, matcher.lastLine());
    if (performance.now() > deadline) throw notReady(guest, matcher.lastLine());
    await live.step(50);
    matcher.flush();
  }
  for (let i = 0; i < SETTLE_STEPS && !live.machine.cpuState().halted; i++) await live.step(50);
  return { state: await live.machine.save(), clock: Math.ceil(live.machine.now), epoch };
}

/** What Linux prints when it gives up (kernel/panic.c). */
export const PANIC = /Kernel panic - not syncing/;

function save(path: string, snapshot: Snapshot): void {
  const writer = new ContainerWriter({ path, kind: 'snapshot', temporary: true, force: true });
  try {
    const { state, clock, epoch } = snapshot;
    writer.frame(FRAME.header, encode({ clock, epoch, length: state.length }), 0n);
    for (let at = 0; at < state.length; at += CHUNK_BYTES)
      writer.frame(FRAME.chunk, state.subarray(at, at + CHUNK_BYTES), 0n);
    writer.finish({}, 0n);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function load(path: string): Snapshot {
  const reader = new ContainerReader(path, 'snapshot');
  try {
    const header = reader.next();
    if (header === null) throw damaged(path, 'it is empty');
    const map = record(decode(header.payload), 'header');
    const state = new Uint8Array(uint(map.length, 'length', 2 ** 31));
    let at = 0;
    for (const frame of reader) {
      state.set(bytes(frame.payload, 'chunk'), at);
      at += frame.payload.length;
    }
    if (reader.cutOff || at !== state.length) throw damaged(path, 'it is incomplete');
    return { state, clock: uint(map.clock, 'clock'), epoch: uint(map.epoch, 'epoch') };
  } finally {
    reader.close();
  }
}

function stopped(guest: GuestImage, lastLine: string): DecoupleError {
  return new DecoupleError(
    'guest-stopped',
    `The guest ${guest.name} stopped for good before it was ready; its last line was ${JSON.stringify(lastLine)}.`,
    'Boot it with --start power-on to see all it prints.',
  );
}

function notReady(guest: GuestImage, lastLine: string): DecoupleError {
  return new DecoupleError(
    'guest-not-ready',
    `The guest ${guest.name} did not print /${guest.ready}/ within ${guest.readyTimeout} s; its last line was ${JSON.stringify(lastLine)}.`,
    'Correct `ready` in its spec, or raise `ready.timeout`.',
  );
}
