/** The steps of the set-up that come after npm and the TypeScript compiler (see main.mjs). */
import { join } from 'node:path';
import { isGuestBuilt, loadGuest } from '../../guests/index.js';
import { buildAddon, hasAddon, isAddonBuilt } from './addon.js';
import { fetchBubblewrap, hasBubblewrap } from './bubblewrap.js';
import { fetchTshark, findTshark } from './tshark.js';
import { fetchUnicorn, findUnicorn } from './unicorn.js';

export interface Step {
  isDone: () => Promise<boolean>;
  run: (report: (line: string) => void) => Promise<void>;
}

export interface SetupOptions {
  /** Also what the tests need. */
  tests: boolean;
  /** Tells node-gyp where this Node's headers are. */
  nodeGypEnvironment: Record<string, string>;
}

export const DEFAULT_GUEST = 'debian-busybox';
const TEST_GUESTS = ['debian-disk', 'debian-net', 'debian-net-ne2k', 'ipxe'];

export function laterSteps(root: string, options: SetupOptions): { name: string; step: Step }[] {
  const cacheDir = join(root, '.cache');
  const guests = [DEFAULT_GUEST, ...(options.tests ? TEST_GUESTS : [])];
  return [
    { name: 'libunicorn', step: unicornStep(cacheDir) },
    { name: 'bubblewrap', step: bubblewrapStep(cacheDir) },
    ...(hasAddon(root) ? [{ name: 'simulator', step: addonStep(root, cacheDir, options.nodeGypEnvironment) }] : []),
    ...(options.tests ? [{ name: 'tshark', step: tsharkStep(cacheDir) }] : []),
    ...guests.map((name) => ({ name: `guest ${name}`, step: guestStep(name, cacheDir) })),
  ];
}

function unicornStep(cacheDir: string): Step {
  return {
    isDone: async () => (await findUnicorn(cacheDir)) !== null,
    run: (report) => fetchUnicorn(cacheDir, report),
  };
}

function bubblewrapStep(cacheDir: string): Step {
  return { isDone: () => hasBubblewrap(cacheDir), run: (report) => fetchBubblewrap(cacheDir, report) };
}

function tsharkStep(cacheDir: string): Step {
  return {
    isDone: async () => (await findTshark(cacheDir)) !== null,
    run: (report) => fetchTshark(cacheDir, report),
  };
}

function addonStep(root: string, cacheDir: string, environment: Record<string, string>): Step {
  const located = async () => {
    const unicorn = await findUnicorn(cacheDir);
    if (unicorn === null) throw new Error('setup: libunicorn vanished between two steps');
    return unicorn;
  };
  return {
    isDone: async () => isAddonBuilt(root, await located()),
    run: async () => buildAddon(root, await located(), environment),
  };
}

function guestStep(name: string, cacheDir: string): Step {
  return {
    isDone: () => isGuestBuilt(name, cacheDir),
    run: async (report) => {
      await loadGuest(name, { cacheDir, onStep: report });
    },
  };
}
