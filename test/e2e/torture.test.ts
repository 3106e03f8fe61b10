/** Forms of instructions, random programs and random bytes: machine and simulator agree; see docs/torture.md for more of it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../support/folder.js';
import { THOROUGH } from '../support/thorough.js';
import { everyForm } from '../torture/forms.js';
import { runInGuest } from '../torture/guest-run.js';
import { compileHarness, runOnHost } from '../torture/harness.js';
import { fileOf, MAX_ROWS, rowOf, type Row } from '../torture/rows.js';
import { ordinary, randomBytes, seeded, sequence } from '../torture/sequences.js';
import { runSystem, systemRows } from '../torture/system.js';

const SEED = 20;
/** Of each kind; of forms, this many are drawn from all. */
const ROWS = THOROUGH ? MAX_ROWS : 256;
const ROUNDS = THOROUGH ? 100 : 12;
const SYSTEM_ROWS = 128;
/** Of rows in all modes. One of the first of them is not exact without the repair `barred-delivery`. */
const SYSTEM_SEED = 2;

/** What once was not the same on both sides; those with `host` are also as this computer's processor has them. */
const ONCE: readonly { name: string; code: string; traits?: Partial<Row>; host?: boolean }[] = [
  { name: 'the other encoding of TEST', code: 'f6cd4d f7cf00e90000 f6cd4d', host: true },
  { name: 'NEG with two LOCKs', code: 'f066f0f61b 0f94c2', traits: { memory: true } },
  { name: 'CMPSS with upper bits in its predicate', code: 'f30fc2f33b 0fc2d1a6', traits: { fpu: true }, host: true },
  { name: '0F 0D and 0F 18 of registers', code: '0f0dca 0f18d6' },
  {
    name: 'half operands',
    code: '0f2cb600000000 0f2d36 0f5a06 f30fe606 0f600e 0f620f',
    traits: { fpu: true, memory: true },
  },
  { name: 'bit tests by bytes', code: '0fba36b5 0fba2e07', traits: { memory: true } },
  { name: 'IRET of a user', code: 'cf', traits: { far: true, stack: true } },
  { name: 'RET that drops much', code: 'c2b1e3', traits: { stack: true } },
  { name: 'RETF that drops much', code: 'cae696', traits: { far: true, stack: true } },
  { name: 'BSWAP of 16 bits', code: '660fca' },
  { name: 'LAR', code: '0f02c3 0f02f2' },
  { name: 'POP to memory that is not there', code: '8f01 668f01', traits: { stack: true } },
  { name: 'FXSAVE that is not aligned', code: '0fae463f', traits: { memory: true, fpu: true } },
  { name: 'FSCALE, FPREM, FPREM1', code: 'd9fd d9f5 d9f8', traits: { fpu: true } },
  { name: 'functions of tiny numbers', code: 'd9f0 d9fe', traits: { fpu: true } },
  { name: 'MOVNTPS with a prefix', code: 'f30f2b2e', traits: { memory: true, fpu: true } },
  { name: 'RCPSS with two prefixes', code: '66f30f537608', traits: { memory: true, fpu: true } },
  { name: 'MASKMOVQ that faults', code: '670ff7e5', traits: { memory: true, fpu: true } },
  { name: 'UNPCKLPS that is not aligned', code: '0f140e', traits: { memory: true, fpu: true } },
  { name: 'ENTER with operands of 16 bits', code: '66c8103e00', traits: { stack: true }, host: true },
  { name: 'LOOPE that ends by its counter', code: 'fec0 e100 0f94c2', traits: { repeated: true }, host: true },
  { name: 'INTO before SETcc', code: '3cda ce 0f940e', traits: { memory: true } },
  {
    name: 'x87 stores into code',
    code: 'db3f 909090909090909090909090',
    traits: { memory: true, fpu: true, self: true },
  },
  { name: 'RCR that changes itself', code: 'c11eb6 90909090', traits: { memory: true, self: true } },
  { name: 'POPCNT in code of 16 bits', code: 'f30fb8c5 66f30fb8f6 f30fb807', traits: { bits: 16, memory: true } },
  { name: 'far bit tests in code of 16 bits', code: '660fab4d2d 0fa304', traits: { bits: 16, memory: true } },
  {
    name: 'a conversion at a border that raises an exception',
    code: '0f2d35',
    traits: { bits: 16, fpu: true, memory: true },
  },
  { name: 'SBB that changes itself', code: '815ed84978ca92 9090', traits: { memory: true, self: true } },
];

/** What once was not the same on both sides at level 0, in all modes. */
const ONCE_IN_MODES: readonly { name: string; code: string }[] = [
  { name: 'REPNE MOVSD of an element in two pages, of which one is not there', code: 'f2a5' },
  { name: 'the same with REP', code: 'f3a5' },
  { name: 'the same of 16 bits', code: '66f3a5' },
];
/** Of each: both pages are seldom so, and the marks of a third too. */
const ONCE_ROUNDS = 1000;

const PLAIN: Omit<Row, 'bytes' | 'rounds'> = {
  ...{ undefinedFlags: 0, memory: false, fpu: false, repeated: false, stack: false, bits: 32, far: false },
};

test('what once differed, forms, random programs and random bytes are exact', async (t) => {
  const folder = temporaryFolder(t);
  const harness = await compileHarness(folder);
  const random = seeded(SEED);
  const forms = [16 as const, 32 as const].flatMap((bits) => everyForm({ variants: 1, random, bits }));
  t.true(forms.length > 30_000);
  const encodings = ordinary(forms);
  const once = ONCE.map(({ code, traits }) => ({
    ...PLAIN,
    ...traits,
    bytes: Buffer.from(code.replaceAll(' ', ''), 'hex'),
    rounds: 300,
  }));
  const drawn = forms.map((form) => ({ form, key: random() })).sort((a, b) => a.key - b.key);
  const many = (row: () => Row): Row[] => Array.from({ length: ROWS }, row);
  const files = [
    fileOf(once, SEED),
    fileOf(
      drawn.slice(0, MAX_ROWS).map(({ form }) => rowOf(form, ROUNDS)),
      SEED + 1,
    ),
    fileOf(
      many(() => sequence({ encodings, random, rounds: ROUNDS })),
      SEED + 2,
    ),
    fileOf(
      many(() => randomBytes(random, ROUNDS)),
      SEED + 3,
      'user',
    ),
  ];
  const run = join(folder, 'run');
  mkdirSync(run);
  const { failure, verified, inAnalyze, sums } = await runInGuest(run, harness, files);
  t.is(failure, null);
  t.true(verified!.exact, JSON.stringify(verified!.first));
  t.is(inAnalyze, null);
  t.deepEqual(
    sums.map(({ length }) => length),
    [once.length, MAX_ROWS, ROWS, ROWS],
  );
  const host = await runOnHost(harness, join(run, 'share/rows.0'));
  if (host === null) return;
  for (const [i, { name, host: comparable }] of ONCE.entries()) if (comparable) t.is(sums[0]![i], host[i], name);
});

test('forms and random programs in all modes, without a system, are exact', async (t) => {
  const run = join(temporaryFolder(t), 'run');
  mkdirSync(run);
  const traits = { memory: true, fpu: true, repeated: true, stack: true, random: true };
  const once = ONCE_IN_MODES.map(({ code }) => ({
    ...{ ...PLAIN, ...traits, bytes: Buffer.from(code, 'hex'), rounds: ONCE_ROUNDS },
  }));
  // The others keep their places, which are a part of their seeds.
  const rows = [...systemRows(SYSTEM_SEED, THOROUGH ? MAX_ROWS - once.length : SYSTEM_ROWS), ...once];
  const { failure, verified, inAnalyze, sums } = await runSystem(run, fileOf(rows, SYSTEM_SEED));
  t.is(failure, null);
  t.true(verified!.exact, JSON.stringify(verified!.first));
  t.is(inAnalyze, null);
  t.is(sums[0]!.length, rows.length);
});
