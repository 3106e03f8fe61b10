/**
 * Moves the pins of guests/debian.lock.json to what Debian's archives offer now (`npm run update-lock`). Packages are
 * those the specs that come with the project need, libunicorn for each architecture that can run the simulator,
 * bubblewrap, tshark for the tests, and clang for the fuzzer.
 */
import { join } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import { writeLock, type Lock } from '../../guests/debian/lock.js';
import { PackageStore } from '../../guests/debian/packages.js';
import { describeGuest, listGuests } from '../../guests/index.js';
import { projectRoot } from '../../guests/paths.js';
import { packagesOf } from '../../guests/provision.js';
import { BUBBLEWRAP } from './bubblewrap.js';
import { TSHARK } from './tshark.js';
import { CLANG } from './clang.js';
import { PREFIX_ARCHITECTURES } from './debian-prefix.js';
import { UNICORN_ARCHITECTURES, UNICORN_PACKAGES, UNICORN_RELEASE } from './unicorn.js';

async function wantedPackages(): Promise<Map<string, Set<string>>> {
  const wanted = new Map<string, Set<string>>();
  for (const { name } of await listGuests()) {
    const spec = describeGuest(name);
    const names = wanted.get(`${spec.release}/i386`) ?? new Set();
    packagesOf(spec).forEach((each) => names.add(each));
    wanted.set(`${spec.release}/i386`, names);
  }
  for (const architecture of UNICORN_ARCHITECTURES) {
    wanted.set(`${UNICORN_RELEASE}/${architecture}`, new Set(UNICORN_PACKAGES));
  }
  for (const architecture of PREFIX_ARCHITECTURES) {
    for (const { release, packages } of [BUBBLEWRAP, TSHARK, CLANG]) {
      const names = wanted.get(`${release}/${architecture}`) ?? new Set();
      packages.forEach((each) => names.add(each));
      wanted.set(`${release}/${architecture}`, names);
    }
  }
  return wanted;
}

async function main(): Promise<void> {
  const lock: Lock = {};
  for (const [root, names] of await wantedPackages()) {
    const [release = '', architecture = ''] = root.split('/');
    const store = new PackageStore(join(projectRoot(), '.cache'), release, architecture);
    const pins: Lock[string] = {};
    for (const name of names) {
      const pin = await store.offered(name);
      if (pin === null) {
        const advice = 'Check the name in the guest spec.';
        throw new DecoupleError('guest-build-failed', `${root} has no package ${name}.`, advice);
      }
      pins[name] = pin;
      console.log(`${root} ${pin.package} ${pin.version}`);
    }
    lock[root] = pins;
  }
  await writeLock(lock);
}

await main();
