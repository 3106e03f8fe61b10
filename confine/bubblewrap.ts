/** Bubblewrap, which starts a process that sees only what it is shown: the system's, or the one that the set-up fetched. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemPlaces } from './system.js';

export interface Bubblewrap {
  program: string;
  /** Arguments that come first. */
  args: string[];
  /** What it needs itself, beside the environment of the process that it starts. */
  environment: Record<string, string>;
}

/** Its folder in the project's cache; this file runs as dist/confine/bubblewrap.js. */
export const BUBBLEWRAP_FOLDER = 'bubblewrap';
const FETCHED = fileURLToPath(new URL(`../../.cache/${BUBBLEWRAP_FOLDER}/usr/`, import.meta.url));

let found: Promise<Bubblewrap | null> | null = null;

/** Null where there is none, or where the system does not let it make namespaces. */
export function findBubblewrap(): Promise<Bubblewrap | null> {
  found ??= look().then((one) => {
    // The set-up may bring it.
    if (one === null) found = null;
    return one;
  });
  return found;
}

async function look(): Promise<Bubblewrap | null> {
  for (const one of [{ program: 'bwrap', args: [], environment: {} }, ...fetched()]) if (await works(one)) return one;
  return null;
}

function fetched(): Bubblewrap[] {
  if (!existsSync(join(FETCHED, 'bin', 'bwrap'))) return [];
  const folders = [join(FETCHED, 'lib'), join(FETCHED, '..', 'lib')].filter((folder) => existsSync(folder));
  const path = folders.flatMap((folder) => readdirSync(folder).map((triplet) => join(folder, triplet)));
  // What it starts looks for its libraries where it always does.
  const before = process.env['LD_LIBRARY_PATH'];
  const after = before === undefined ? ['--unsetenv', 'LD_LIBRARY_PATH'] : ['--setenv', 'LD_LIBRARY_PATH', before];
  return [{ program: join(FETCHED, 'bin', 'bwrap'), args: after, environment: { LD_LIBRARY_PATH: path.join(':') } }];
}

/** What it is asked for later is asked for here. */
function works({ program, args, environment }: Bubblewrap): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { stdio: 'ignore' as const, env: { ...process.env, ...environment } };
    const child = spawn(program, [...args, '--unshare-all', ...systemPlaces(), '/bin/true'], options);
    child.on('error', () => resolve(false));
    child.on('exit', (status) => resolve(status === 0));
  });
}
