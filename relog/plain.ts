/**
 * Runs a guest under v86 as its package comes, with nothing of ours between: the yardstick that benchmarks measure
 * recording, relogging and simulation against.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  deliver,
  deviceOptions,
  DiskBuffer,
  enginePackage,
  listen,
  type V86Constructor,
} from '../engines/v86/index.js';
import type { RecordOptions } from './api.js';
import { openGuestDisks } from './disks/guest-disks.js';
import { GuestConsoles } from './guest-consoles.js';
import { imagesOf } from './images.js';
import { plugIn } from './plug.js';
import { runStage } from './process/parent.js';
import { readySnapshot } from './snapshot.js';
import { SessionRunner } from './session-runner.js';

export type PlainOptions = Pick<RecordOptions, 'guest' | 'session' | 'cacheDir' | 'signal'> &
  Partial<Pick<RecordOptions, 'network'>>;

export interface PlainResult {
  /** From the first step of the restored guest to the end of the session. */
  seconds: number;
}

const POLL_MS = 5;

export function runPlain(options: PlainOptions): Promise<PlainResult> {
  return runStage<PlainResult>('plain', options);
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
  const consoles = new GuestConsoles();
  const session = new SessionRunner(
    options.session,
    {
      input: (input) => deliver(emulator, input),
      matcher: (channel) => consoles.of(channel),
      screen: () => emulator.screen_adapter.get_text_screen(),
    },
    () => performance.now(),
  );
  const network = await plugIn(guest, options.network ?? null, (value) =>
    deliver(emulator, { channel: 'network', value }),
  );
  listen(emulator, guest.devices, (output) => {
    if (output.channel === 'network') network?.receive(output.bytes);
    consoles.push(output);
  });
  const began = performance.now();
  await emulator.run();
  while (!session.done) {
    consoles.flush();
    session.advance();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  network?.close();
  return { seconds: (performance.now() - began) / 1000 };
}
