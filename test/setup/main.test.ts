/** The set-up as a user meets it when something is missing. Works on a bare copy, so that nothing here is touched. */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { projectRoot } from '../../guests/paths.js';
import { temporaryFolder } from '../support/folder.js';

function bareCopy(t: ExecutionContext): string {
  const copy = temporaryFolder(t);
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(join(projectRoot(), name), join(copy, name));
  cpSync(join(projectRoot(), 'scripts'), join(copy, 'scripts'), { recursive: true });
  return copy;
}

/** A folder for PATH with all of this machine's programs in /usr/bin but those named. */
function programsWithout(t: ExecutionContext, ...missing: string[]): string {
  const folder = join(temporaryFolder(t), 'bin');
  mkdirSync(folder);
  for (const name of readdirSync('/usr/bin')) {
    if (!missing.includes(name)) symlinkSync(join('/usr/bin', name), join(folder, name));
  }
  return folder;
}

const setUp = (root: string, env: Record<string, string>) =>
  execa(process.execPath, ['scripts/setup/main.mjs'], { cwd: root, env, reject: false });

test('names the programs that are missing, and their packages', async (t) => {
  const { exitCode, stderr } = await setUp(bareCopy(t), { PATH: programsWithout(t, 'make', 'g++') });
  t.is(exitCode, 1);
  t.regex(stderr, /This machine lacks g\+\+, make\./);
  t.regex(stderr, /packages g\+\+ make/);
  t.notRegex(stderr, /at .*\.mjs/);
});

test('says so when the npm registry cannot be reached', async (t) => {
  const env = {
    npm_config_cache: join(temporaryFolder(t), 'npm'),
    // Nobody listens on the port of the discard service.
    npm_config_registry: ['http:', '', '127.0.0.1:9', ''].join('/'),
    npm_config_fetch_retries: '0',
  };
  const { exitCode, stderr } = await setUp(bareCopy(t), env);
  t.is(exitCode, 1);
  t.regex(stderr, /npm packages are not here yet, and the npm registry cannot be reached/);
  t.regex(stderr, /Connect this machine to the network/);
});
