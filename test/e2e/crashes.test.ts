/** Guests that once took the machine down. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay, run } from '../support/stages.js';

const FLOPPY_BYTES = 1_474_560;
/** A 16-bit code segment in protected mode, and there INT3 with an IDT of no entries: three faults in a row. */
const TRIPLE_FAULT = [
  ...[0xfa, 0x31, 0xc0, 0x8e, 0xd8], // cli; xor ax, ax; mov ds, ax
  ...[0xba, 0xf8, 0x03, 0xb0, 0x21, 0xee], // mov dx, 3f8h; mov al, '!'; out dx, al
  ...[0x0f, 0x01, 0x1e, 0x40, 0x7c], // lidt [0x7c40]
  ...[0x0f, 0x01, 0x16, 0x46, 0x7c], // lgdt [0x7c46]
  ...[0x0f, 0x20, 0xc0, 0x66, 0x83, 0xc8, 0x01, 0x0f, 0x22, 0xc0], // mov eax, cr0; or eax, 1; mov cr0, eax
  ...[0xea, 0x24, 0x7c, 0x08, 0x00, 0xcc], // jmp 8:0x7c24; int3
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

test.serial('a triple fault resets the PC', async (t) => {
  const folder = temporaryFolder(t);
  const spec = join(folder, 'guest.yaml');
  const output = join(folder, 'run.dcr');
  writeFileSync(join(folder, 'boot.img'), bootFloppy());
  writeFileSync(spec, JSON.stringify({ name: 'resets', memory: '32M', boot: { kind: 'disk', fda: './boot.img' } }));
  await run(t, 'record', spec, '--start', 'power-on', '--until', '!!!', '-o', output);
  await goesAllTheWay(t, output);
});

test.serial('memtest86+ runs', async (t) => {
  const folder = temporaryFolder(t);
  const spec = join(folder, 'guest.yaml');
  const output = join(folder, 'run.dcr');
  const kernel = { package: 'memtest86+', from: '/boot/memtest86+ia32.bin' };
  writeFileSync(spec, JSON.stringify({ name: 'memtest', memory: '32M', boot: { kind: 'bzimage', kernel } }));
  await run(t, 'record', spec, '--start', 'power-on', '--until-screen', 'Memtest86', '-o', output);
  await goesAllTheWay(t, output);
});
