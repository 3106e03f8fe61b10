/** The default guest on v86 as it comes, without the recorder: it gets ready, and its test programs all pass. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { V86 } from 'v86';
import { loadGuest, type GuestImage } from '../../guests/index.js';
import { projectRoot } from '../../guests/paths.js';

const TIMEOUT_MS = 240_000;

function buffer(path: string): { buffer: ArrayBuffer } {
  return { buffer: new Uint8Array(readFileSync(path)).buffer };
}

function start(guest: GuestImage): V86 {
  if (guest.boot.kind !== 'multiboot') throw new Error('the default guest is a multiboot image');
  return new V86({
    wasm_path: join(projectRoot(), 'node_modules', 'v86', 'build', 'v86.wasm'),
    memory_size: guest.memory,
    bios: buffer(guest.firmware.bios),
    vga_bios: buffer(guest.firmware.vgaBios),
    multiboot: buffer(guest.boot.image),
    autostart: true,
    disable_keyboard: true,
    disable_mouse: true,
    disable_speaker: true,
  });
}

/** Resolves with all that was printed once `pattern` shows. */
function shows(machine: V86, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const listener = (byte: number): void => {
      text += String.fromCharCode(byte);
      if (!pattern.test(text)) return;
      machine.remove_listener('serial0-output-byte', listener);
      resolve(text);
    };
    machine.add_listener('serial0-output-byte', listener);
  });
}

test('boots, gets ready, and passes its own tests', async (t) => {
  t.timeout(TIMEOUT_MS);
  const guest = await loadGuest('debian-busybox', { cacheDir: join(projectRoot(), '.cache') });
  const machine = start(guest);
  try {
    await shows(machine, new RegExp(guest.ready ?? ''));
    machine.serial0_send('VERBOSE=1 selftest\n');
    const output = await shows(machine, /selftest: \d+ ok, \d+ failed/);
    t.regex(output, /selftest: 15 ok, 0 failed/, output);
    machine.serial0_send('differences\n');
    // Told apart from the failures of test programs: nothing but lines of these two kinds.
    const differences = await shows(machine, /ok differences/);
    t.is(differences.match(/^(same|known): /gm)?.length, 25, differences);
  } finally {
    await machine.destroy();
  }
});
