/** The simulator's addon: C++ compiled by node-gyp against this Node and libunicorn. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { runCommand } from '../../guests/debian/command.js';
import type { UnicornLocation } from './unicorn.js';

const NATIVE = join('engines', 'unicorn', 'native');

/** False when the checkout has no addon to build. */
export function hasAddon(root: string): boolean {
  return existsSync(join(root, NATIVE, 'binding.gyp'));
}

export async function isAddonBuilt(root: string, unicorn: UnicornLocation): Promise<boolean> {
  const stamp = stampPath(root);
  const built = existsSync(join(root, NATIVE, 'build', 'Release', 'simulator.node'));
  return built && existsSync(stamp) && readFileSync(stamp, 'utf8') === addonKey(root, unicorn);
}

/**
 * @param environment tells node-gyp where this Node's headers are
 * Errors: `simulator-unavailable`.
 */
export async function buildAddon(
  root: string,
  unicorn: UnicornLocation,
  environment: Record<string, string>,
): Promise<void> {
  const tool = join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  const env = {
    ...environment,
    DECOUPLE_UNICORN_INCLUDE: unicorn.include,
    DECOUPLE_UNICORN_LIB: unicorn.lib,
  };
  // From scratch: what make goes by, times of files, says little after a checkout.
  for (const command of [['clean'], ['configure'], ['build', '--jobs', '2']]) {
    const args = [tool, ...command, '--directory', join(root, NATIVE)];
    const result = await runCommand(process.execPath, args, { cwd: root, env });
    if (result.status !== 0) throw failure(`${result.stderr}\n${result.stdout.toString('utf8')}`);
  }
  await writeFile(`${stampPath(root)}.new`, addonKey(root, unicorn));
  await rename(`${stampPath(root)}.new`, stampPath(root));
}

function failure(output: string): DecoupleError {
  const lines = output.split('\n');
  const first = lines.find((line) => /error|ERR!.*(Error|stack)/.test(line)) ?? lines.at(-1) ?? '';
  const headers = /getaddrinfo|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|node-v[\d.]+-headers/.test(output);
  const advice = headers
    ? "Node's headers are not installed and cannot be downloaded: install a Node that has include/node beside it."
    : 'Run this again with DECOUPLE_DEBUG=1 to see all that the compiler said.';
  const message = `The simulator's addon cannot be built: ${first.trim()}`;
  return new DecoupleError('simulator-unavailable', message, advice, { cause: new Error(output) });
}

const stampPath = (root: string): string => join(root, NATIVE, 'build', '.decouple-setup');

/** Hash of all the addon is made of. */
function addonKey(root: string, unicorn: UnicornLocation): string {
  const hash = createHash('sha256').update(JSON.stringify([unicorn, process.version, process.arch]));
  const names = readdirSync(join(root, NATIVE), { recursive: true, encoding: 'utf8' })
    .filter((name) => !/^build(\/|$)/.test(name) && /\.(cc|cpp|h|hpp|gyp|gypi)$/.test(name))
    .sort();
  for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(root, NATIVE, name)));
  return hash.digest('hex');
}
