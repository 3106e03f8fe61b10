import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { projectRoot } from '../../guests/paths.js';
import { temporaryFolder } from '../support/folder.js';

interface Files {
  hashFiles: (root: string, names: string[]) => string;
  filesBelow: (root: string, directory: string, accepts: (name: string) => boolean) => string[];
  Stamp: new (path: string) => { matches(key: string): boolean; write(key: string): void };
}
interface Lock {
  withLock: (cacheDir: string, action: () => Promise<void>) => Promise<void>;
}

/** The modules of the first steps are plain JavaScript, outside what is compiled. */
const load = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(join(projectRoot(), 'scripts', 'setup', 'lib', name)).href)) as T;

const { hashFiles, filesBelow, Stamp } = await load<Files>('files.mjs');
const { withLock } = await load<Lock>('lock.mjs');

test('the hash is over names and contents, in whatever order they are named', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'a'), '1');
  writeFileSync(join(folder, 'b'), '2');
  const hash = hashFiles(folder, ['a', 'b']);
  t.is(hashFiles(folder, ['b', 'a']), hash);
  t.not(hashFiles(folder, ['a']), hash);
  writeFileSync(join(folder, 'b'), '3');
  t.not(hashFiles(folder, ['a', 'b']), hash);
});

test('files below a folder', (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'x', 'y'), { recursive: true });
  for (const name of ['x/a.ts', 'x/b.js', 'x/y/c.ts']) writeFileSync(join(folder, name), '');
  t.deepEqual(filesBelow(folder, 'x', (name) => name.endsWith('.ts')).sort(), ['x/a.ts', 'x/y/c.ts']);
  t.deepEqual(
    filesBelow(folder, 'none', () => true),
    [],
  );
});

test('a stamp holds for its key alone', (t) => {
  const stamp = new Stamp(join(temporaryFolder(t), 'deep', 'stamp'));
  t.false(stamp.matches('a'));
  stamp.write('a');
  t.true(stamp.matches('a'));
  t.false(stamp.matches('b'));
});

test('one set-up at a time, and a lock left by a dead process does not count', async (t) => {
  const folder = temporaryFolder(t);
  const lock = join(folder, 'setup.lock');
  const order: string[] = [];
  const run = (name: string): Promise<void> =>
    withLock(folder, async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      order.push(`${name} ends`);
    });
  await Promise.all([run('one'), run('two')]);
  t.deepEqual(order, ['one begins', 'one ends', 'two begins', 'two ends']);
  writeFileSync(lock, '999999999');
  await run('three');
  t.is(order.length, 6);
  t.false(existsSync(lock));
  await t.throwsAsync(
    withLock(folder, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.false(existsSync(lock));
});

test('no address of a package archive or registry is written down', (t) => {
  const root = projectRoot();
  const accepts = (name: string): boolean => /\.(ts|mjs|json|yaml|md|c|h)$|\/(init|profile)$/.test(name);
  const names = ['scripts', 'guests', 'corpus'].flatMap((folder) => filesBelow(root, folder, accepts));
  t.true(names.length > 40);
  for (const name of names) t.notRegex(readFileSync(join(root, name), 'utf8'), /https?:\/\//, name);
});
