/** GRUB from floppy and CD, from power-on: typed at by keyboard, watched on the VGA screen, drawn in graphics modes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { PNG } from 'pngjs';
import type { RecordResult, ScreenshotResult } from '../../relog/api.js';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay, run, sessionFile } from '../support/stages.js';
import { thorough } from '../support/thorough.js';

const PROMPT = ['screen: "command-line"', 'keys: [c]', 'screen: "^grub> *$"'];

/** Types a line, and waits for the next prompt. */
const typed = (line: string): string[] => [
  `keys: ${JSON.stringify(`${line}\n`)}`,
  String.raw`screen: "^grub> ${line}[^]*^grub> *$"`,
];

test.serial('the floppy lists its disks', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const steps = sessionFile(folder, ...PROMPT, String.raw`keys: "ls\n"`, 'screen: "^\\\\(fd0\\\\)"');
  const options = ['--start', 'power-on', '--session', steps];
  t.like(await run<RecordResult>(t, 'record', 'grub-floppy', ...options, '-o', output), { reason: 'session-done' });
  await goesAllTheWay(t, output);
  const shot = await run<ScreenshotResult>(t, 'screenshot', output, '--text');
  t.true(
    shot.text?.some((row) => row.startsWith('(fd0)')),
    shot.text?.join('\n'),
  );
});

thorough('the CD lists its disks; --until-screen ends the recording; a graphics mode is drawn', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const steps = sessionFile(
    folder,
    ...PROMPT,
    String.raw`keys: "ls\n"`,
    'screen: "^\\\\(cd\\\\)[^]*^grub>"',
    // One line after the other: what is typed while GRUB reads from the CD may not fit into the BIOS's buffer.
    ...typed('insmod vga'),
    ...typed('insmod videotest'),
    String.raw`keys: "videotest 640x480x4\n"`,
    // No text at all: a graphics mode. Then it draws for a while.
    String.raw`screen: '\A\z'`,
    'wait: 3s',
  );
  const options = ['--start', 'power-on', '--session', steps];
  await run<RecordResult>(t, 'record', 'grub-cdrom', ...options, '-o', output);
  await goesAllTheWay(t, output);
  const png = join(folder, 'x.png');
  t.like(await run<ScreenshotResult>(t, 'screenshot', output, '-o', png), { mode: 'graphics', text: null });
  const picture = PNG.sync.read(readFileSync(png));
  t.deepEqual([picture.width, picture.height], [640, 480]);
  const pixel = (x: number, y: number) => [...picture.data.subarray((y * 640 + x) * 4).subarray(0, 3)];
  // The first row of squares: red, green, blue.
  const [red, green, blue] = [pixel(50, 50), pixel(150, 50), pixel(250, 50)];
  t.deepEqual(
    [red, green, blue].map((color) => color.indexOf(Math.max(...color))),
    [0, 1, 2],
  );

  const until = join(folder, 'until.dcr');
  const result = await run(t, 'record', 'grub-cdrom', '--start', 'power-on', '--until-screen', 'GNU GRUB', '-o', until);
  t.like(result, { reason: 'until-matched' });
});
