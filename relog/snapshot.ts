/** The state in which a guest is ready, made once by booting it and kept in the cache by content. */
import { mkdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { engineHash, REPAIR_IDS } from '../engines/v86/index.js';
import { decode, encode } from '../formats/cbor.js';
import { ContainerReader, ContainerWriter, damaged, parseFrame } from '../formats/container/index.js';
import { OverlayReader, writeOverlay, type DriveName, type Overlays } from '../formats/disks.js';
import { DecoupleError } from '../formats/errors.js';
import { bytes, record, uint } from '../formats/shape.js';
import type { GuestImage } from '../guests/image.js';
import { ConsoleMatcher } from './console-matcher.js';
import { openGuestDisks, type GuestDisks } from './disks/guest-disks.js';
import { imagesOf } from './images.js';
import { LiveMachine } from './live-machine.js';

const FRAME = { header: 1, chunk: 2, overlay: 3 } as const;
const CHUNK_BYTES = 4 << 20;
/** To be raised when the same guest is given another machine: a state fits only the devices it was taken of. */
const VERSION = 2;
/** After its marker a guest gets this long to come to rest, so that snapshots are taken at a quiet moment. */
const SETTLE_STEPS = 400;

export interface Snapshot {
  state: Uint8Array;
  /** Clock units when it was taken. */
  clock: number;
  epoch: number;
  /** What its disks hold over their base images. */
  overlays: Overlays;
}

/** @throws DecoupleError guest-not-ready, guest-stopped, guest-invalid */
export async function readySnapshot(guest: GuestImage, cacheDir: string, signal?: AbortSignal): Promise<Snapshot> {
  const folder = join(cacheDir, 'snapshots');
  const path = join(folder, `${guest.hash.slice(0, 32)}-${engineHash(REPAIR_IDS).slice(0, 16)}-${VERSION}.dcs`);
  if (existsSync(path)) {
    try {
      return load(path, guest);
    } catch (error) {
      // A cache may be thrown away: make it again.
      if (!(error instanceof DecoupleError)) throw error;
    }
  }
  const disks = openGuestDisks(guest);
  let snapshot: Snapshot;
  try {
    snapshot = await boot(guest, disks, signal);
  } finally {
    disks.close();
  }
  mkdirSync(folder, { recursive: true });
  save(path, snapshot);
  return snapshot;
}

async function boot(guest: GuestImage, { disks }: GuestDisks, signal?: AbortSignal): Promise<Snapshot> {
  if (guest.ready === null) {
    throw new DecoupleError(
      'guest-invalid',
      `The guest ${guest.name} has no ready marker.`,
      'Record it with --start power-on, or give its spec a `ready` expression.',
    );
  }
  const matcher = new ConsoleMatcher();
  const marker = matcher.expect(guest.ready);
  const panic = matcher.expect(PANIC);
  const epoch = Date.now();
  let lost: string | null = null;
  const live = await LiveMachine.create({
    memory: guest.memory,
    devices: guest.devices,
    images: imagesOf(guest, 'power-on'),
    disks,
    snapshot: null,
    seed: 1,
    epoch,
    clockStart: 0,
    journal: null,
    onOutput: ({ channel, bytes }) => {
      if (channel === 'serial0') bytes.forEach((byte) => matcher.push(byte));
    },
  });
  for (const disk of disks) {
    // There is no log yet to keep this in.
    disk.onLoss = ({ drive }) => (lost = drive);
  }
  const deadline = performance.now() + guest.readyTimeout * 1000;
  while (!marker.matched) {
    signal?.throwIfAborted();
    if (lost !== null) throw diskLost(guest, lost);
    if (panic.matched || live.machine.dead) throw stopped(guest, matcher.lastLine());
    if (performance.now() > deadline) throw notReady(guest, matcher.lastLine());
    await live.step(50);
    matcher.flush();
  }
  for (let i = 0; i < SETTLE_STEPS && !live.machine.cpuState().halted; i++) await live.step(50);
  if (lost !== null) throw diskLost(guest, lost);
  const overlays = Object.fromEntries(disks.map(({ drive, overlay }) => [drive, overlay])) as Overlays;
  return { state: await live.machine.save(), clock: Math.ceil(live.machine.now), epoch, overlays };
}

/** What Linux prints when it gives up (kernel/panic.c). */
export const PANIC = 'Kernel panic - not syncing';

function save(path: string, snapshot: Snapshot): void {
  const writer = new ContainerWriter({ path, kind: 'snapshot', temporary: true, force: true });
  try {
    const { state, clock, epoch } = snapshot;
    writer.frame(FRAME.header, encode({ clock, epoch, length: state.length }), 0n);
    for (let at = 0; at < state.length; at += CHUNK_BYTES)
      writer.frame(FRAME.chunk, state.subarray(at, at + CHUNK_BYTES), 0n);
    for (const [drive, overlay] of Object.entries(snapshot.overlays)) {
      writeOverlay(writer, FRAME.overlay, drive as DriveName, 'start', overlay);
    }
    writer.finish({}, 0n);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function load(path: string, guest: GuestImage): Snapshot {
  const reader = new ContainerReader(path, 'snapshot');
  try {
    const header = reader.next();
    if (header === null) throw damaged(path, 'it is empty');
    const map = record(decode(header.payload), 'header');
    const state = new Uint8Array(uint(map.length, 'length', 2 ** 31));
    let at = 0;
    const read = new OverlayReader();
    for (const frame of reader) {
      if (frame.kind === FRAME.overlay) {
        parseFrame(reader, frame, (value) => read.take(value));
        continue;
      }
      state.set(bytes(frame.payload, 'chunk'), at);
      at += frame.payload.length;
    }
    if (reader.cutOff || at !== state.length) throw damaged(path, 'it is incomplete');
    const overlays: Overlays = {};
    for (const drive of Object.keys(guest.disks) as DriveName[]) {
      const overlay = read.get(drive, 'start');
      if (overlay === null) throw damaged(path, `it lacks what ${drive} holds`);
      overlays[drive] = overlay;
    }
    return { state, clock: uint(map.clock, 'clock'), epoch: uint(map.epoch, 'epoch'), overlays };
  } finally {
    reader.close();
  }
}

function diskLost(guest: GuestImage, drive: string): DecoupleError {
  return new DecoupleError(
    'disk-differs',
    `The image of ${drive} was changed while the guest ${guest.name} booted.`,
    'Leave disk images alone while they are in use, and run this again.',
  );
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
