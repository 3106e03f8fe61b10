import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { SetupError } from './failure.mjs';
import { filesBelow, hashFiles, Stamp } from './files.mjs';

/** Compiles the repairs of v86, and puts them into one module with it. */
const LINK = 'dist/engines/v86/repairs/link.js';
const NOT_SOURCES = ['node_modules', 'dist', 'build', 'out', 'docs'];

/**
 * The TypeScript compiler, and the repairs of v86, unless no source changed since it last succeeded.
 *
 * @param {string} root
 * @returns {import('./step-runner.mjs').Step}
 */
export function compileStep(root) {
  const stamp = new Stamp(join(root, 'dist', '.decouple-setup'));
  const key = hashFiles(root, sources(root));
  return {
    isDone: async () =>
      stamp.matches(key) &&
      ['scripts/setup/steps.js', 'engines/v86/repairs/linked.wasm'].every((made) =>
        existsSync(join(root, 'dist', made)),
      ),
    run: async () => {
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      const { status, output } = await run(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: root });
      if (status !== 0) {
        throw new SetupError(`The TypeScript does not compile:\n${tail(output, 30)}`, 'Correct it.', output);
      }
      const linked = await run(process.execPath, [LINK], { cwd: root });
      if (linked.status !== 0) {
        throw new SetupError(
          `The repairs of v86 do not compile:\n${tail(linked.output, 30)}`,
          'Correct them.',
          linked.output,
        );
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
