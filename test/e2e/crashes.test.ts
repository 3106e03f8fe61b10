/** Guests that take the machine down: what was recorded up to there is of use. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay } from '../support/stages.js';

const FLOPPY_BYTES = 1_474_560;
/** A 16-bit code segment in protected mode, and there INT3 with an IDT of no entries: three faults in a row. */
const TRIPLE_FAULT = [
  ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8], // cli; xor ax, ax; mov ds, ax
  ...[0x0f, 0x01, 0x1e, 0x40, 0x7c], // lidt [0x7c40]
  ...[0x0f, 0x01, 0x16, 0x46, 0x7c], // lgdt [0x7c46]
  ...[0x0f, 0x20, 0xc0, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0], // mov eax, cr0; or eax, 1; mov cr0, eax
  ...[0xea, 0x1e, 0x7c, 0x08, 0x00, 0xcc], // jmp 8:0x7c1e; int3
];

function bootFloppy(): Buffer {
  const image = Buffer.alloc(FLOPPY_BYTES);
  image.set(TRIPLE_FAULT);
  image.writeUInt16LE(15, 0x46);
  image.writeUInt32LE(0x7c50, 0x48);
  image.set([0xff, 0xff, 0, 0, 0, 0x9a, 0, 0], 0x58);
  image.writeUInt16LE(0xaa55, 510);
  return image;
}

async function dies(t: ExecutionContext, folder: string, boot: unknown, why: RegExp): Promise<void> {
  const spec = join(folder, 'guest.yaml');
  const output = join(folder, 'run.dcr');
  writeFileSync(spec, JSON.stringify({ name: 'crash', memory: '32M', boot }));
  const { status, stderr } = await decouple(['record', spec, '--start', 'power-on', '--for', '60s', '-o', output]);
  t.is(status, EXIT_STATUS.stopped);
  t.regex(stderr, why);
  t.notRegex(stderr, /\n\s+at /);
  await goesAllTheWay(t, output);
}

test.serial('a triple fault', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'boot.img'), bootFloppy());
  await dies(
    t,
    folder,
    { kind: 'disk', fda: './boot.img' },
    /died while it ran crash, .* begins with cc.*: the processor shut down/,
  );
});

test.serial('memtest86+ overflows the engine’s stack', async (t) => {
  const kernel = { package: 'memtest86+', from: '/boot/memtest86+ia32.bin' };
  await dies(t, temporaryFolder(t), { kind: 'bzimage', kernel }, /died while it ran crash, .*: v86 ran out of stack/);
});
