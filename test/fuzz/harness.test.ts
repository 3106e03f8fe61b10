/** What the fuzzer looks for, it does find. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DecoupleError } from '../../formats/errors.js';
import { temporaryFolder } from '../support/folder.js';
import { runCase, type Finding } from './case.js';
import { encodeTree, placesOf, type Tree } from './cbor-tree.js';
import { guard } from './guard.js';
import { runPool } from './pool.js';

async function findings(t: ExecutionContext, run: (file: string, out: string) => void): Promise<Finding[]> {
  const folder = join(temporaryFolder(t), 'case');
  mkdirSync(folder);
  const command = {
    line: 'command',
    isFor: () => true,
    run: async (file: string, out: string) => run(file, out),
    store: null,
  };
  const base = { path: '', kind: 'relog' } as const;
  const result = await runCase({ number: 0, base, bytes: Buffer.from('bytes') }, folder, [command], () => undefined);
  return result.findings;
}

const damaged = (): DecoupleError => new DecoupleError('damaged', 'It is damaged.', 'Get it again.');

test.serial('what ends as documented is none', async (t) => {
  t.deepEqual(await findings(t, () => undefined), []);
  t.deepEqual(
    await findings(t, () => {
      throw damaged();
    }),
    [],
  );
  t.deepEqual(await findings(t, (_, out) => writeFileSync(join(out, 'output'), 'x')), []);
});

test.serial('an internal error, a stack, a status of no meaning, silence', async (t) => {
  const what = async (run: (file: string, out: string) => void): Promise<string[]> =>
    (await findings(t, run)).map((finding) => finding.what);
  t.deepEqual(
    await what(() => {
      throw new TypeError('x is not a function');
    }),
    ['an internal error'],
  );
  t.deepEqual(await what(() => void process.stderr.write(`${damaged().stack}\n`)), ['a stack in what it says']);
  t.deepEqual(await what(() => void (process.exitCode = 77)), ['status 77, which means nothing']);
  t.deepEqual(await what(() => void (process.exitCode = 5)), ['nothing said of what went wrong']);
});

test.serial('an input that was changed, and files beside the output', async (t) => {
  const changed = await findings(t, (file) => writeFileSync(file, 'other'));
  t.deepEqual(changed, [{ command: '', what: 'the input was changed', detail: '' }]);
  const beside = await findings(t, (_, out) => writeFileSync(`${out}.part`, ''));
  t.deepEqual(beside, [{ command: '', what: 'files beside the output', detail: 'out.part' }]);
});

test.serial('a case that cannot be made is told, and the next one follows', async (t) => {
  const folder = temporaryFolder(t);
  const nowhere = join(folder, 'nowhere');
  const files = Array<string>(3).fill(nowhere);
  const written = { folder, guest: nowhere, specs: files, sessions: files };
  const bases = { recordings: files, relogs: files, wrongRelog: nowhere, store: nowhere, written };
  const told: (string | undefined)[] = [];
  await runPool({
    ...{ bases, folder, inputs: 'files', seed: 1, from: 1, to: 3, processes: 1, oneIn: 1 },
    onCase: ({ number, findings }) => told.push(`${number}: ${findings.map(({ what }) => what).join()}`),
  });
  t.deepEqual(told, ['1: the case cannot be made', '2: the case cannot be made']);
});

// From here on this process may write nowhere else.
test.serial('what is written elsewhere', (t) => {
  const folder = temporaryFolder(t);
  const elsewhere = `${folder}-elsewhere`;
  const outside: string[] = [];
  guard(folder, (what) => outside.push(what));
  writeFileSync(join(folder, 'here'), 'x');
  t.is(readFileSync('/proc/self/comm', 'utf8').length > 0, true);
  t.throws(() => writeFileSync(elsewhere, 'x'));
  t.throws(() => mkdirSync(join(folder, '..', 'there')));
  t.deepEqual(
    outside.map((what) => what.split(' ')[0]),
    ['writeFileSync', 'mkdirSync'],
  );
});

test('a list with a hole, and a map with nothing for a key', (t) => {
  const list: Tree[] = [];
  list[1] = 7n;
  t.deepEqual(encodeTree([list, 'x']), Buffer.from('828207' + '6178', 'hex'));
});

test('a tree that was put into itself is written up to some depth', (t) => {
  const list: Tree[] = [1];
  const map = new Map<Tree, Tree>([['list', list]]);
  list.push(map);
  for (const tree of [list, map]) {
    t.true(placesOf(tree).length > 100);
    const bytes = encodeTree(tree);
    t.true(bytes.length > 100 && bytes.length < 100_000);
  }
});
