/** EFLAGS agree, whatever sets them: the table of docs/formats/relog.md is complete, and both engines keep to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import iced from 'iced-x86';
import type { VerifyResult } from '../../relog/api.js';
import { decouple, PROJECT } from '../support/cli.js';
import { FLAG_FORMS, flagFirmware } from '../support/flag-guest.js';
import { temporaryFolder } from '../support/folder.js';
import { run } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../support/tiny-guest.js';

const STATUS: readonly [string, number][] = [
  ['CF', iced.RflagsBits.CF],
  ['PF', iced.RflagsBits.PF],
  ['AF', iced.RflagsBits.AF],
  ['ZF', iced.RflagsBits.ZF],
  ['SF', iced.RflagsBits.SF],
  ['OF', iced.RflagsBits.OF],
];
/** What the machine's CPUID offers of what changes flags. */
const FEATURES = /^(INTEL(8086|186|286|386|486|486_A_ONLY)|CX8|CMOV|FPU|FPU[23]87|SSE[23]?|POPCNT|RDRAND|RDSEED)$/;

interface Effect {
  undefined: Set<string>;
  modified: Set<string>;
}

/** By mnemonic, for all forms that a 16-bit or 32-bit code segment can hold: what a description of instructions says. */
function described(): Map<string, Effect> {
  const found = new Map<string, Effect>();
  for (const code of Object.values(iced.Code)) {
    if (typeof code !== 'number') continue;
    const instruction = new iced.Instruction();
    instruction.code = code;
    const { opCode } = instruction;
    const features = [...instruction.cpuidFeatures()].map((feature) => iced.CpuidFeature[feature]!);
    const legacy = instruction.encoding === iced.EncodingKind.Legacy && (opCode.mode16 || opCode.mode32);
    if (legacy && features.every((feature) => FEATURES.test(feature))) {
      // By one bit OF is defined, by none it stays.
      instruction.immediate8 = 2;
      const name = iced.Mnemonic[instruction.mnemonic].toUpperCase();
      const effect = found.get(name) ?? { undefined: new Set(), modified: new Set() };
      for (const [flag, bit] of STATUS) {
        if ((instruction.rflagsUndefined & bit) !== 0) effect.undefined.add(flag);
        if ((instruction.rflagsModified & bit) !== 0) effect.modified.add(flag);
      }
      if (effect.modified.size > 0) found.set(name, effect);
    }
    opCode.free();
    instruction.free();
  }
  return found;
}

/** The table: flags by mnemonic. Rows for certain counts of a shift tell more than the description does. */
function documented(): Map<string, Set<string>> {
  const [, section] = readFileSync(join(PROJECT, 'docs/formats/relog.md'), 'utf8').split(
    '### Flags that the manual leaves undefined',
  );
  const rows = [...section!.matchAll(/^\| ([A-Z][^|]*) \| ([^|]*) \| [^|]* \|$/gm)];
  const found = new Map<string, Set<string>>();
  for (const [, instructions, flags] of rows) {
    if (/ by | of 16 bits/.test(instructions!)) continue;
    for (const name of instructions!.replace(/ to or from .*/, '').split(', ')) {
      const all = flags === 'all' ? STATUS.map(([flag]) => flag) : flags!.split(', ');
      found.set(name, new Set([...(found.get(name) ?? []), ...all]));
    }
  }
  return found;
}

test('the table has a row for each instruction that leaves flags undefined, with just these flags, and no other', (t) => {
  const sorted = (sets: Iterable<[string, Set<string>]>): [string, string][] =>
    [...sets].map(([name, flags]): [string, string] => [name, [...flags].sort().join()]).sort();
  const expected = [...described()].map(([name, effect]): [string, Set<string>] => [name, effect.undefined]);
  t.deepEqual(sorted(documented()), sorted(expected.filter(([, flags]) => flags.size > 0)));
});

test('the guest has every instruction that changes flags', (t) => {
  // Compared elsewhere, or they load all flags at once, as the guest does around the others.
  const elsewhere = /^(F?U?COM(I|IP|ISS|ISD)|MOV|POPFD?|IRETD?|RDRAND|RDSEED|SAL)$/;
  const names = [...described().keys()].filter((name) => !elsewhere.test(name));
  const forms = new Set(Object.keys(FLAG_FORMS).map((name) => name.toUpperCase()));
  const has = (name: string): boolean => forms.has(name) || forms.has(name.replace(/^(CMPS|SCAS)[BWD]$/, '$1'));
  t.deepEqual(
    names.filter((name) => !has(name)),
    [],
  );
});

const [seeds, blocks, turns] = THOROUGH ? [6, 320, 4000] : [2, 320, 500];
for (let seed = 1; seed <= seeds; seed++) {
  test.serial(`flags agree, interpreted and compiled, interrupted or not: seed ${seed}`, async (t) => {
    const folder = temporaryFolder(t);
    const at = (name: string): string => join(folder, name);
    const spec = tinyGuest(folder, { code: flagFirmware(seed, blocks, turns) });
    await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', at('run.dcr'));
    await run(t, 'relog', at('run.dcr'), '-o', at('run.relog'));
    const { stdout } = await decouple(['verify', at('run.relog'), '--json']);
    const { exact, events, forgiven, first } = JSON.parse(stdout) as VerifyResult;
    t.true(exact, JSON.stringify(first));
    t.deepEqual(forgiven, {});
    t.true(events > (blocks * turns) / 3);
  });
}
