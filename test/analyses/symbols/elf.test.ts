import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { ElfFile } from '../../../analyses/symbols/elf.js';
import { temporaryFolder } from '../../support/folder.js';
import { ANYWHERE, AT_FIXED_ADDRESS, compile, parseElf } from '../../support/programs.js';

test('a program at a fixed address', async (t) => {
  const file = parseElf(await compile(temporaryFolder(t), 'fixed', 1, AT_FIXED_ADDRESS));
  t.false(file.relocatable);
  t.is(file.base % 0x1000, 0);
  t.true(file.base <= file.entry && file.entry < file.end);
  t.is(file.functions.at(file.entry)?.name, '_start');
  t.is(file.functions.at(file.entry + 5)?.name, '_start');
  t.is(file.functions.at(file.base - 1), null);
  t.is(file.codeAt(file.entry, 8)?.length, 8);
  t.is(file.codeAt(file.entry, 1 << 20), null);
  t.is(file.codeAt(file.base - 16, 8), null);
});

test('a library, with local functions', async (t) => {
  const file = parseElf(await compile(temporaryFolder(t), 'library.so', 2, ANYWHERE));
  t.true(file.relocatable);
  t.is(file.base, 0);
  const names = new Set<string>();
  for (let address = file.base; address < file.end; address++) {
    const found = file.functions.at(address);
    if (found !== null) names.add(found.name);
  }
  for (const name of ['work2_0', 'work2_1', 'work2_2', 'work2_3', '_start']) t.true(names.has(name), name);
});

test('a stripped library still has its exported functions', async (t) => {
  const file = parseElf(await compile(temporaryFolder(t), 'stripped.so', 3, [...ANYWHERE, '-s']));
  const names = [...Array(file.end).keys()].map((address) => file.functions.at(address)?.name);
  t.true(names.includes('work3_0'));
  t.false(names.includes('work3_3'));
});

test('what is no ELF file for 32-bit x86 is null, whatever its bytes', async (t) => {
  t.is(ElfFile.parse(Buffer.from('#!/bin/sh\necho no\n'.repeat(10))), null);
  t.is(ElfFile.parse(Buffer.alloc(0)), null);
  t.is(ElfFile.parse(readFileSync(process.execPath).subarray(0, 1 << 16)), null, '64 bits');
  const bytes = readFileSync(await compile(temporaryFolder(t), 'damaged', 4, AT_FIXED_ADDRESS));
  const property = fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
    const damaged = Buffer.from(bytes.subarray(0, length));
    if (at < length) damaged[at] = value;
    ElfFile.parse(damaged);
  });
  fc.assert(property, { numRuns: 500 });
  t.pass();
});
