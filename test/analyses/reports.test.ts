/** What both analyses promise: everything is counted once, and the same run gives the same bytes. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { Block } from '../../analyses/blocks.js';
import { ANALYSIS_NAMES, createAnalysis, type AnalysisName } from '../../analyses/index.js';
import { readDrcov } from '../support/drcov.js';
import { temporaryFolder } from '../support/folder.js';
import { batchOf } from '../support/programs.js';
import { FIRST, FUNCTION_BYTES, LIBRARY_AT, makeSystem, SECOND, type System } from '../support/system.js';

/** Reports by name. */
async function report(system: System, name: AnalysisName, batches: Block[][], folder: string) {
  const analysis = createAnalysis(name);
  for (const batch of batches) analysis.onBatch(batchOf(batch));
  mkdirSync(folder, { recursive: true });
  const files = await analysis.finish(folder, system.context);
  return new Map(files.map((file) => [relative(folder, file), readFileSync(file)]));
}

test('coverage: modules, offsets and functions', async (t) => {
  const folder = temporaryFolder(t);
  const system = await makeSystem(folder);
  const reports = await report(system, 'coverage', [system.blocks], join(folder, 'out'));
  t.deepEqual(
    [...reports.keys()],
    ['coverage.txt', 'coverage.drcov', 'coverage/editor@01000000.drcov', 'coverage/library.so+server@02000000.drcov'],
  );
  const all = readDrcov(reports.get('coverage.drcov')!);
  t.deepEqual(
    all.modules.map(({ path }) => path),
    ['vmlinux', '/lib/library.so', '/usr/bin/editor', '/usr/sbin/server', 'unknown'],
  );
  t.is(all.modules[1]!.base, LIBRARY_AT);
  const kernel = all.blocks.filter(({ module }) => module === 0);
  t.deepEqual(kernel, [
    { module: 0, start: 100 * FUNCTION_BYTES, size: 10 },
    { module: 0, start: 101 * FUNCTION_BYTES, size: 10 },
  ]);
  t.deepEqual(
    all.blocks.filter(({ module }) => module === 4).map(({ start }) => start),
    [0x00100000, 0xf8001234],
  );
  const own = new Set(system.blocks.map(({ pc, size }) => `${pc} ${size}`));
  t.is(all.blocks.length, own.size - overlapping(system), 'each block once');
  t.regex(reports.get('coverage.txt')!.toString(), /^vmlinux +2 +20 +2 +0\.17% +2$/m);
});

/** Blocks of the two programs that have an address in common count twice, in two modules: none are lost. */
function overlapping({ blocks }: System): number {
  const at = (cr3: number) => new Set(blocks.filter((b) => b.cr3 === cr3 && b.pc < 0xb0000000).map(({ pc }) => pc));
  const [first, second] = [at(FIRST), at(SECOND)];
  return -[...first].filter((pc) => second.has(pc)).length;
}

test('profile: instructions add up, by function and address space', async (t) => {
  const folder = temporaryFolder(t);
  const system = await makeSystem(folder);
  const reports = await report(system, 'profile', [system.blocks], join(folder, 'out'));
  t.deepEqual([...reports.keys()], ['profile.txt', 'profile.tsv', 'profile.folded']);
  const total = system.blocks.reduce((sum, { instructions }) => sum + instructions, 0);
  const rows = reports.get('profile.tsv')!.toString().trimEnd().split('\n').slice(1);
  t.is(
    rows.reduce((sum, row) => sum + Number(row.split('\t')[0]), 0),
    total,
  );
  const folded = reports.get('profile.folded')!.toString();
  t.is(
    folded
      .trimEnd()
      .split('\n')
      .reduce((sum, line) => sum + Number(/ (\d+)$/.exec(line)![1]), 0),
    total,
  );
  t.regex(folded, /^editor@01000000;vmlinux;kernel_function_100 1000$/m);
  t.regex(folded, /@02000000;vmlinux;kernel_function_100 2000$/m);
  t.regex(folded, /@02000000;\/lib\/library\.so;work3_0 \d+$/m);
  t.regex(folded, /^editor@01000000;\/usr\/bin\/editor;work1_0 \d+$/m);
  t.regex(folded, /^editor@01000000;unknown;\[00100000\] 13$/m);
  t.regex(reports.get('profile.txt')!.toString(), /^ +3,000 +[\d.]+% +vmlinux +kernel_function_100$/m);
});

test('without symbols or programs everything is still there', async (t) => {
  const folder = temporaryFolder(t);
  const system = await makeSystem(folder);
  const context = { ...system.context, ram: [], programs: [] };
  const reports = await report({ ...system, context }, 'profile', [system.blocks], join(folder, 'out'));
  t.regex(reports.get('profile.folded')!.toString(), /^unknown@01000000;unknown;\[c1000000\] 1000$/m);
});

for (const name of ANALYSIS_NAMES) {
  test(`${name}: any order and any batches give the same bytes`, async (t) => {
    const folder = temporaryFolder(t);
    const system = await makeSystem(folder);
    const expected = await report(system, name, [system.blocks], join(folder, 'expected'));
    let runs = 0;
    const shuffled = fc.shuffledSubarray(system.blocks, { minLength: system.blocks.length });
    const property = fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 50 }), async (blocks, size) => {
      const batches: Block[][] = [];
      for (let at = 0; at < blocks.length; at += size) batches.push(blocks.slice(at, at + size));
      // A block may come several times: here once with all but one of its instructions, once with the last.
      batches.push(blocks.map((block) => ({ ...block, instructions: 1 })));
      const rest = batches.map((batch, i) =>
        i === batches.length - 1 ? batch : batch.map((b) => ({ ...b, instructions: b.instructions - 1 })),
      );
      const got = await report(system, name, rest, join(folder, String(runs++)));
      t.deepEqual(got, expected);
    });
    await fc.assert(property, { numRuns: 10 });
  });

  test(`${name}: a run without instructions has reports too`, async (t) => {
    const folder = temporaryFolder(t);
    const context = { ram: [], programs: [], readPhysical: () => new Uint8Array() };
    const reports = await report({ context, blocks: [] }, name, [], join(folder, 'out'));
    t.true(reports.size > 0);
  });

  test(`${name}: a program that is no ELF file, or missing`, async (t) => {
    const folder = temporaryFolder(t);
    const { context, blocks } = await makeSystem(folder);
    const with_ = (elf: string) => ({ blocks, context: { ...context, programs: [{ guestPath: '/x', elf }] } });
    const of = (elf: string) => report(with_(elf), name, [blocks], join(folder, 'out'));
    await t.throwsAsync(of(join(folder, 'editor.c')), { code: 'wrong-kind' });
    await t.throwsAsync(of(join(folder, 'none')), { code: 'file-missing' });
  });
}
