/**
 * Runs a guest under v86 as its package comes, with nothing of ours between: the yardstick that benchmarks measure
 * recording, relogging and simulation against.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { deviceOptions, DiskBuffer, enginePackage, type V86Constructor } from '../engines/v86/index.js';
import type { RecordOptions } from './api.js';
import { ConsoleMatcher } from './console-matcher.js';
import { openGuestDisks } from './disks/guest-disks.js';
import { imagesOf } from './images.js';
import { runStage } from './process/parent.js';
import { readySnapshot } from './snapshot.js';
import { SessionRunner } from './session-runner.js';

export type PlainOptions = Pick<RecordOptions, 'guest' | 'session' | 'cacheDir'>;

export interface PlainResult {
  /** From the first step of the restored guest to the end of the session. */
  seconds: number;
}

const POLL_MS = 5;

export function runPlain(options: PlainOptions): Promise<PlainResult> {
  return runStage<PlainResult>('plain', options, {});
}

export async function plainHere(options: PlainOptions): Promise<PlainResult> {
  const { guest } = options;
  const snapshot = await readySnapshot(guest, options.cacheDir);
  const { V86 } = createRequire(import.meta.url)('v86') as { V86: V86Constructor };
  const images = imagesOf(guest, 'ready');
  const { disks } = openGuestDisks(guest, snapshot.overlays);
  const buffer = (bytes: Uint8Array): { buffer: ArrayBuffer } => ({
    buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  });
  const emulator = new V86({
    wasm_path: join(enginePackage().folder, 'v86.wasm'),
    memory_size: guest.memory,
    bios: buffer(images.bios),
    vga_bios: buffer(images.vgaBios),
    initial_state: buffer(snapshot.state),
    autostart: false,
    ...deviceOptions(guest.devices),
    ...Object.fromEntries(disks.map((disk) => [disk.drive, new DiskBuffer(disk, () => undefined)])),
  });
  await new Promise<void>((resolve) => emulator.add_listener('emulator-loaded', () => resolve()));
  const matcher = new ConsoleMatcher();
  const type = (bytes: Uint8Array): void => bytes.forEach((byte) => emulator.bus.send('serial0-input', byte));
  const session = new SessionRunner(options.session, matcher, type, () => performance.now());
  emulator.add_listener('serial0-output-byte', (byte: number) => matcher.push(byte));
  const began = performance.now();
  await emulator.run();
  while (!session.done) {
    matcher.flush();
    session.advance();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { seconds: (performance.now() - began) / 1000 };
}
