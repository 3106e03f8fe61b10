import test from 'ava';
import { Placer, type LoadedProgram } from '../../../analyses/symbols/placement.js';
import { temporaryFolder } from '../../support/folder.js';
import { ANYWHERE, AT_FIXED_ADDRESS, blocksOf, compile, parseElf } from '../../support/programs.js';

async function load(folder: string, name: string, seed: number, flags: string[]): Promise<LoadedProgram> {
  return { guestPath: `/bin/${name}`, file: parseElf(await compile(folder, name, seed, flags)) };
}

test('programs are found by their code, and libraries where they were loaded', async (t) => {
  const folder = temporaryFolder(t);
  const [fixed, other] = [
    await load(folder, 'fixed', 1, AT_FIXED_ADDRESS),
    await load(folder, 'other', 2, AT_FIXED_ADDRESS),
  ];
  const library = await load(folder, 'library.so', 3, ANYWHERE);
  const placer = new Placer([library, other, fixed]);
  for (const delta of [0xb7000000, 0xb7654000, 0xb7000000]) {
    const found = placer.place([...blocksOf(fixed.file, 0, 1), ...blocksOf(library.file, delta, 1)]);
    t.deepEqual(
      found.map(({ guestPath, delta }) => ({ guestPath, delta })).sort((a, b) => a.delta - b.delta),
      [
        { guestPath: '/bin/fixed', delta: 0 },
        { guestPath: '/bin/library.so', delta },
      ],
    );
  }
});

test('other code at the same addresses is not taken for a program', async (t) => {
  const folder = temporaryFolder(t);
  const ran = await load(folder, 'ran', 1, AT_FIXED_ADDRESS);
  const other = await load(folder, 'other', 2, [...AT_FIXED_ADDRESS, '-O3']);
  t.deepEqual(new Placer([other]).place(blocksOf(ran.file, 0, 1)), []);
  t.deepEqual(new Placer([other]).place([]), []);
});

test('short blocks prove nothing', async (t) => {
  const ran = await load(temporaryFolder(t), 'ran', 1, AT_FIXED_ADDRESS);
  t.deepEqual(new Placer([ran]).place(blocksOf(ran.file, 0, 1, 4)), []);
});
