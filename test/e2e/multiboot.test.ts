/** A kernel of another system, by the multiboot specification alone: it is told its command line, its module and its memory. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay } from '../support/stages.js';
import { LOAD, multibootKernel } from '../support/multiboot.js';

/** Prints what it was told on the serial port, and the sizes in hexadecimal; then it halts for ever. */
const KERNEL = `
  mov esp, ${LOAD} + 0x10000
  mov ebp, ebx
  push eax
  mov esi, [ebp + 16]
  call text
  mov esi, [ebp + 24]
  mov ecx, [esi + 4]
  mov esi, [esi]
  sub ecx, esi
module:
  lodsb
  call put
  loop module
  pop edx
  call number
  mov edx, [ebp + 8]
  call number
  mov edx, [ebp + 20]
  call number
  mov esi, [ebp + 64]
  call text
  mov byte ptr [0xb8000], 0x57
  cli
  hlt
text:
  lodsb
  test al, al
  jz newline
  call put
  jmp text
newline:
  mov al, 10
put:
  mov dx, 0x3f8
  out dx, al
  ret
number:
  mov edi, edx
  mov ebx, 8
digit:
  rol edi, 4
  mov eax, edi
  and al, 15
  add al, 0x30
  cmp al, 0x3a
  jb decimal
  add al, 39
decimal:
  call put
  dec ebx
  jnz digit
  jmp newline
`;

test('a multiboot kernel has its command line, its module and its memory', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('kernel'), multibootKernel(KERNEL));
  writeFileSync(at('module'), 'a module\n');
  const boot = { kind: 'multiboot', kernel: { file: './kernel' }, initrd: './module', cmdline: 'these words' };
  writeFileSync(at('guest.yaml'), JSON.stringify({ name: 'own', memory: '16M', boot }));
  const args = ['record', at('guest.yaml'), '--start', 'power-on', '--until', '^decouple$', '--console'];
  const { status, stdout, stderr } = await decouple([...args, '-o', at('run.dcr')]);
  t.is(status, EXIT_STATUS.ok, stderr);
  const said = ['these words', 'a module', '2badb002', '00003c00', '00000001', 'decouple'];
  t.deepEqual(stdout.replaceAll('\r', '').split('\n').slice(0, said.length), said);
  await goesAllTheWay(t, at('run.dcr'));

  // Nobody waits for what it says: it is told where it halted, and what its screen shows.
  const ended = await decouple(['record', at('guest.yaml'), '--start', 'power-on', '--for', '1h', '-o', at('end.dcr')]);
  t.is(ended.status, EXIT_STATUS.stopped, ended.stderr);
  t.regex(
    ended.stderr,
    /halted for ever, at the instruction at linear address 0x0010[0-9a-f]{4}, which begins with f4/,
  );
  t.regex(ended.stderr, /its last line was "decouple", and the last on its screen was "WeaBIOS/);
});
