/** `replay --show-port`: what a guest without a console reports. */
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { run } from '../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../support/tiny-guest.js';

const REPORTS = `
.code16
start:
  cli
  mov al, 0x3f
  out 0x80, al
  mov al, 0x6f
  out 0xe9, al
  mov al, 0x6b
  out 0xe9, al
  mov al, 10
  out 0xe9, al
  mov dx, 0x190
  mov ax, 0xbeef
  out dx, ax
  mov si, offset text
1: mov al, cs:[si]
  test al, al
  jz 2f
  mov dx, 0x3f8
  out dx, al
  inc si
  jmp 1b
2: hlt
  jmp 2b
text: .asciz "${TINY_GUEST_SAYS}\\n"
`;

test('codes and text, of the ports that were asked for', async (t) => {
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  const spec = tinyGuest(folder, { code: REPORTS });
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  const ports = (...names: string[]): string[] => names.flatMap((name) => ['--show-port', name]);
  const shown = async (...names: string[]): Promise<string> => {
    const { status, stdout } = await decouple(['replay', recording, ...ports(...names)]);
    t.is(status, EXIT_STATUS.ok);
    return stdout;
  };
  t.regex(await shown('80', '0xe9', '190h'), /^port 80: 3f\r?\nok\r?\nport 190: beef\r?\n/);
  t.regex(await shown('e9'), /^ok\r?\nreplayed/);
  for (const wrong of ['12345', 'port']) {
    const { status, stderr } = await decouple(['replay', recording, `--show-port=${wrong}`]);
    t.is(status, EXIT_STATUS.usage);
    t.regex(stderr, /names no port/);
  }
  t.is((await decouple(['replay', recording, '--console', ...ports('80')])).status, EXIT_STATUS.usage);
});
