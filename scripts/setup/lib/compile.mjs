import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { SetupError } from './failure.mjs';
import { filesBelow, hashFiles, Stamp } from './files.mjs';

const NOT_SOURCES = ['node_modules', 'dist', 'build', 'out', 'docs'];

/**
 * The TypeScript compiler, unless no source changed since it last succeeded.
 *
 * @param {string} root
 * @returns {import('./step-runner.mjs').Step}
 */
export function compileStep(root) {
  const stamp = new Stamp(join(root, 'dist', '.decouple-setup'));
  const key = hashFiles(root, sources(root));
  return {
    isDone: async () => stamp.matches(key) && existsSync(join(root, 'dist', 'scripts', 'setup', 'steps.js')),
    run: async () => {
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { status, output } = await run(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root });
      if (status !== 0) {
        throw new SetupError(`The TypeScript does not compile:\n${tail(output, 30)}`, 'Correct it.', output);
      }
      stamp.write(key);
    },
  };
}

/** @param {string} root */
function sources(root) {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !NOT_SOURCES.includes(entry.name))
    .map((entry) => entry.name);
  return [
    ...['tsconfig.json', 'package.json', 'package-lock.json'],
    ...folders.flatMap((folder) => filesBelow(root, folder, (name) => name.endsWith('.ts'))),
  ];
}
