import test from 'ava';
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import type { BzImage } from '../../guests/assemble/bzimage.js';
import { readElfSegments } from '../../guests/assemble/elf.js';
import { buildMultibootImage } from '../../guests/assemble/multiboot.js';

const ENTRY = 0x1000040;
const MEMORY = 64 << 20;

/** A kernel of one segment at 16 MB, of 5 bytes and 3 MB of zeros behind them. */
function kernel(): BzImage {
  const vmlinux = Buffer.alloc(52 + 32 + 5);
  vmlinux.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  vmlinux.writeUInt32LE(ENTRY, 24);
  vmlinux.writeUInt32LE(52, 28);
  vmlinux.writeUInt16LE(32, 42);
  vmlinux.writeUInt16LE(1, 44);
  [1, 84, 0xc1000000, 0x1000000, 5, 3 << 20, 5, 4096].forEach((field, index) =>
    vmlinux.writeUInt32LE(field, 52 + 4 * index),
  );
  vmlinux.write('LINUX', 84, 'latin1');
  return { setupHeader: Buffer.from([4, 0, 0, 0x55]), vmlinux };
}

const build = (initrd: Buffer | null, memory = MEMORY): Buffer =>
  buildMultibootImage({ kernel: kernel(), initrd, commandLine: 'console=ttyS0 quiet', memory });

test('the multiboot header is in the first 8 kB, aligned, and adds up to zero', (t) => {
  const image = build(null);
  const at = image.indexOf(Buffer.from([0x02, 0xb0, 0xad, 0x1b]));
  t.true(at > 0 && at < 8192 - 12 && at % 4 === 0);
  t.is((0x1badb002 + image.readUInt32LE(at + 4) + image.readUInt32LE(at + 8)) >>> 0, 0);
});

test('kernel, command line and initrd are where boot_params says', (t) => {
  const { entry, segments } = readElfSegments(build(Buffer.from('INITRD')));
  const content = (address: number, length: number): string =>
    segments.find((each) => each.address === address)?.data.toString('latin1', 0, length) ?? '';
  const params = segments.find((each) => each.address === 0x10000)?.data ?? Buffer.alloc(4096);
  t.is(content(0x1000000, 5), 'LINUX');
  t.is(segments.find((each) => each.address === 0x1000000)?.memorySize, 3 << 20);
  t.is(content(params.readUInt32LE(0x228), 20), 'console=ttyS0 quiet\0');
  const initrdAt = params.readUInt32LE(0x218);
  t.is(content(initrdAt, params.readUInt32LE(0x21c)), 'INITRD');
  t.true(initrdAt >= 0x1300000 && initrdAt + 6 < MEMORY && initrdAt % 4096 === 0);
  t.is(params.readUInt8(0x1f1), 4);
  t.is(params.readUInt8(0x1e8), 3);
  const last = 0x2d0 + 2 * 20;
  t.is(Number(params.readBigUInt64LE(last) + params.readBigUInt64LE(last + 8)), MEMORY);
  t.true(segments.some((each) => each.address === entry));
});

test('segments do not overlap', (t) => {
  const { segments } = readElfSegments(build(Buffer.alloc(1 << 20)));
  const sorted = [...segments].sort((a, b) => a.address - b.address);
  sorted.slice(1).forEach((each, index) => {
    const before = sorted[index];
    t.true(before !== undefined && before.address + before.memorySize <= each.address);
  });
});

test('the stub loads flat segments and jumps to the kernel with ESI at boot_params', (t) => {
  const { entry, segments } = readElfSegments(build(null));
  const stub = segments.find((each) => each.address === entry)?.data ?? Buffer.alloc(0);
  const decoder = new Decoder(32, stub, DecoderOptions.None);
  decoder.ip = BigInt(entry);
  const formatter = new Formatter(FormatterSyntax.Nasm);
  const lines: string[] = [];
  while (!lines.at(-1)?.startsWith('jmp eax')) lines.push(formatter.format(decoder.decode()));
  const selectors = ['ds', 'es', 'fs', 'gs', 'ss'].map((name) => `mov ${name},eax`);
  t.deepEqual(lines, [
    ...['cli', 'lgdt [11078h]', 'jmp 0010h:0001100Fh', 'mov eax,18h', ...selectors],
    ...['mov esi,10000h', 'xor ebx,ebx', 'xor ebp,ebp', 'xor edi,edi', 'mov eax,1000040h', 'jmp eax'],
  ]);
  t.is(stub.readUInt16LE(0x78), 0x1f);
  t.is(stub.readUInt32LE(0x7a), entry + 0x80);
  t.is(stub.readBigUInt64LE(0x90), 0x00cf9a000000ffffn);
  t.is(stub.readBigUInt64LE(0x98), 0x00cf92000000ffffn);
});

test('same input, same bytes', (t) => {
  t.deepEqual(build(Buffer.from('INITRD')), build(Buffer.from('INITRD')));
});

test('what does not fit into memory is refused', (t) => {
  t.throws(() => build(Buffer.alloc(50 << 20)), { instanceOf: RangeError });
  t.throws(() => build(Buffer.alloc(6), 17 << 20), { instanceOf: RangeError });
  t.notThrows(() => build(Buffer.alloc(40 << 20)));
});
