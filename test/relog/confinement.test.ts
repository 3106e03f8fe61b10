/** The process of a stage is let do what the stage needs, and nothing else (docs/security.md). */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { callFilter, CALLS } from '../../confine/index.js';
import { confinement } from '../../relog/process/confinement.js';
import { verifyApart, type Verified } from '../../relog/verify-apart.js';
import { PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

const RELOG = `${PROJECT}test/fixtures/v3/tiny.relog`;

/** Verifies a relog in a process that does something else, too. */
function verifyWith(deed: string): Promise<Verified> {
  const url = new URL('../support/misbehaving.js', import.meta.url);
  url.search = encodeURIComponent(deed);
  return verifyApart({ input: RELOG, symbols: url.href, explain: false, recording: null, disks: {} });
}

/** Where bubblewrap may not work there is nothing to test. */
const confined = (await confinement()) === 'bubblewrap' ? test : test.skip;

confined('a process that does what it should', async (t) => {
  t.true((await verifyWith('nothing')).result.exact);
});

confined('a file that is not the stage’s is not seen', async (t) => {
  const secret = join(temporaryFolder(t), 'secret');
  writeFileSync(secret, 'x');
  for (const path of [secret, '/etc/passwd', `${PROJECT}README.md`]) {
    const error = await t.throwsAsync(verifyWith(`read=${path}`), { code: 'engine-died' } as object);
    t.regex(error.message, new RegExp(`tried to use ${path}, which it may not see`));
  }
});

confined('no file is written but the stage’s', async (t) => {
  const folder = temporaryFolder(t);
  for (const path of [join(folder, 'new'), RELOG, join(PROJECT, 'dist', 'new.js')]) {
    await t.throwsAsync(verifyWith(`write=${path}`), { message: /which it may not see/ });
  }
  t.deepEqual(readdirSync(folder), []);
  t.false(existsSync(join(PROJECT, 'dist', 'new.js')));
});

confined('a socket or another process ends it', async (t) => {
  let connections = 0;
  const server = createServer(() => connections++).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  for (const deed of [`connect=${(server.address() as AddressInfo).port}`, 'start']) {
    await t.throwsAsync(verifyWith(deed), { message: /was stopped: it tried to open a socket, to start a process/ });
  }
  t.is(connections, 0);
});

confined('it sees the system and its own process', async (t) => {
  process.env['A_SECRET'] = 'x';
  t.teardown(() => delete process.env['A_SECRET']);
  const error = await t.throwsAsync(verifyWith('look'));
  const { root, processes, names } = JSON.parse(error.message) as Record<'root' | 'processes' | 'names', string[]>;
  t.false(
    root.some((name) => ['home', 'var', 'boot', 'srv'].includes(name)),
    root.join(),
  );
  t.true(processes.length <= 2, processes.join());
  t.false(names.includes('A_SECRET'));
});

test('calls are numbered as this computer’s kernel has it', (t) => {
  const headers: [string, string][] = [
    ['x64', '/usr/include/x86_64-linux-gnu/asm/unistd_64.h'],
    ['arm64', '/usr/include/asm-generic/unistd.h'],
  ];
  for (const [architecture, path] of headers.filter(([, each]) => existsSync(each))) {
    const numbers = [...readFileSync(path, 'utf8').matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)/gm)];
    const known = new Map(numbers.map(([, name, number]) => [name!, Number(number)]));
    const { deadly, sockets, absent, clone } = CALLS[architecture]!;
    for (const [name, number] of Object.entries({ ...deadly, ...sockets, ...absent, clone })) {
      t.is(known.get(name), number, `${name} of ${architecture}`);
    }
  }
  t.is(callFilter({ sockets: false }, 'pdp11'), null);
});
