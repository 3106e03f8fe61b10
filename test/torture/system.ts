/** Rows without a system: a kernel that holds them, recorded from power-on, relogged, and verified. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from '../support/cli.js';
import { type Encoding, everyForm } from './forms.js';
import { type GuestRun, stages } from './guest-run.js';
import { FREESTANDING, sumsOf } from './harness.js';
import { MAX_ROWS, rowOf, type Row } from './rows.js';
import { type Random, seeded, sequence } from './sequences.js';

const SOURCES = ['system.c', 'system.s'].map((name) => join(PROJECT, 'test/torture', name));
const SCRIPT = join(PROJECT, 'test/torture/system.ld');
const MEMORY = '32M';
const ROUNDS = 14;
const VARIANTS = 2;
/** Of ten rows, how many are sequences; the others are one instruction, which may also be a jump. */
const SEQUENCES = 0.6;

/**
 * What no row may hold at level 0, as nothing would be left to run the next: what waits for ever, takes away the tables or
 * the mode under them, or asks devices for something.
 */
const NOT_AT_LEVEL_0 =
  /^(Hlt|Lgdt|Lidt|Lmsw|Wrmsr|Mov_cr|Mov_dr|Out|In|Rsm|Sys|Mwait|Monitor|Vm|Skinit|Stgi|Clgi|Xsetbv)/;

/**
 * A row for all modes; `random` of those that do not run in real mode, where jumps and segments go to where no memory is.
 */
function systemRow(encodings: Encodings, random: Random): Row {
  const { all, plain } = encodings[random() < 0.5 ? 16 : 32];
  if (random() >= SEQUENCES) {
    const encoding = all[Math.floor(random() * all.length)]!;
    return { ...rowOf(encoding, ROUNDS), stack: true, random: goesAnywhere(encoding) };
  }
  const anywhere = random() < 0.5;
  const straight = anywhere ? all.filter(({ branch }) => !branch) : plain;
  return { ...sequence({ encodings: straight, random, rounds: ROUNDS }), random: anywhere };
}

/** Jumps, segments, and bit tests, whose operands lie anywhere. */
const goesAnywhere = ({ branch, system, form }: Encoding): boolean => branch || system || form.startsWith('Bt');

type Encodings = Record<16 | 32, { all: Encoding[]; plain: Encoding[] }>;

/** @returns rows that follow from a seed */
export function systemRows(seed: number, count = MAX_ROWS): Row[] {
  const random = seeded(seed);
  const ofBits = (bits: 16 | 32): Encodings[16] => {
    const all = everyForm({ variants: VARIANTS, random, bits }).filter(
      ({ form, supported }) => supported && !NOT_AT_LEVEL_0.test(form),
    );
    return { all, plain: all.filter((each) => !goesAnywhere(each)) };
  };
  const encodings: Encodings = { 16: ofBits(16), 32: ofBits(32) };
  return Array.from({ length: count }, () => systemRow(encodings, random));
}

/** @param folder exists, and is for this run alone */
export async function runSystem(folder: string, file: Buffer): Promise<GuestRun> {
  const at = (name: string): string => join(folder, name);
  mkdirSync(at('share'));
  writeFileSync(at('share/rows.bin'), file);
  const include = [`-Wa,-I${at('share')}`, '-Wl,--build-id=none', '-T', SCRIPT];
  await execa('gcc', [...FREESTANDING, ...include, '-o', at('share/kernel'), ...SOURCES]);
  const boot = { kind: 'multiboot', kernel: { file: at('share/kernel') } };
  writeFileSync(at('guest.yaml'), JSON.stringify({ name: 'torture-system', memory: MEMORY, boot }));
  const session = ['--start', 'power-on', '--session', at('session.yaml'), '--console'];
  writeFileSync(at('session.yaml'), JSON.stringify([{ expect: 'rows-done', timeout: '10m' }]));
  // A row at level 0 may write or jump anywhere: to a HLT that nothing ends, or into handlers of exceptions.
  return await stages(folder, [at('guest.yaml'), ...session], (console) => [sumsOf(console)], true);
}
