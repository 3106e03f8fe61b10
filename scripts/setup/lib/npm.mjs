import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tail } from './command.mjs';
import { SetupError } from './failure.mjs';
import { Stamp } from './files.mjs';
import { nodeGypEnvironment } from './node-headers.mjs';

const NETWORK = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network request/;

/**
 * `npm ci`: exactly the packages of package-lock.json, whose hashes npm checks.
 *
 * @param {string} root
 * @returns {import('./step-runner.mjs').Step}
 */
export function npmStep(root) {
  // In node_modules, as it must go when that goes; npm ci empties it first.
  const stamp = new Stamp(join(root, 'node_modules', '.decouple-setup'));
  const key = packagesKey(root);
  return {
    isDone: async () => stamp.matches(key),
    run: async () => {
      const env = {
        ...nodeGypEnvironment(),
        // zstd-napi: compile what npm's hashes cover, rather than download a binary that nobody has checked.
        npm_config_build_from_source: 'true',
      };
      const args = ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--no-update-notifier'];
      const { status, output } = await run('npm', args, { cwd: root, env });
      if (status !== 0) throw failure(status, output);
      stamp.write(key);
    },
  };
}

/** @param {string} root */
function packagesKey(root) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { dependencies, devDependencies, allowScripts } = manifest;
  const inputs = [process.arch, process.platform, dependencies, devDependencies, allowScripts];
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  return createHash('sha256').update(JSON.stringify(inputs)).update(lock).digest('hex');
}

/**
 * @param {number} status
 * @param {string} output
 */
function failure(status, output) {
  if (status === 127) return new SetupError('npm is not installed.', 'Install it (Debian: the package npm).', output);
  if (NETWORK.test(output)) {
    return new SetupError(
      'The npm packages are not here yet, and the npm registry cannot be reached.',
      'Connect this machine to the network (or set npm up for your proxy), and run this again.',
      output,
    );
  }
  return new SetupError(
    `npm ci failed:\n${tail(output)}`,
    'Put right what npm says above, and run this again.',
    output,
  );
}
