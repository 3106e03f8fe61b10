/** Parts of a relog stand on their own, and say of their stretch what the whole says of it. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { AnalyzeResult, RelogResult, VerifyResult } from '../../relog/api.js';
import type { CutResult } from '../../relog/cut/cut.js';
import type { StatsResult } from '../../relog/inspect/stats.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { noise, serve } from '../support/host-server.js';
import { run, sessionFile } from '../support/stages.js';
import { THOROUGH } from '../support/thorough.js';

const STRETCHES = THOROUGH ? 10 : 1;
/** Instructions. */
const LONGEST = THOROUGH ? 60_000_000 : 20_000_000;
const FILE = noise(3_000_000);
const MD5 = createHash('md5').update(FILE).digest('hex');
const MODULES = ['crc32c_generic', 'ata_piix', 'sd_mod', 'ext4'];
const SPEC = {
  ...{ name: 'disk-and-network', extends: 'debian-net', disks: { hda: { size: '16M' } } },
  initramfs: { modules: MODULES },
};
const TIMEOUT = 'timeout: 5m';

/** The disk only with `--all`: its guest has to boot. */
async function relogOfDiskAndNetwork(t: ExecutionContext, folder: string): Promise<string> {
  const port = await serve(t, (_, response) => response.end(FILE));
  const spec = join(folder, 'guest.yaml');
  writeFileSync(spec, JSON.stringify(SPEC));
  const load = `for m in ${MODULES.join(' ')}; do modprobe $m; done; while [ ! -b /dev/sda ]; do sleep 0.1; done`;
  const url = `http://host:${port}/file`;
  const lines = THOROUGH
    ? [
        `${load}; udhcpc -i eth0 -n -q; mke2fs /dev/sda >/dev/null; mkdir /disk; mount -t ext4 /dev/sda /disk`,
        `wget -q -O /disk/file ${url}; umount /disk; mount -t ext4 /dev/sda /disk; md5sum </disk/file`,
      ]
    : [`udhcpc -i eth0 -n -q; wget -q -O /tmp/file ${url}; md5sum </tmp/file`];
  const session = sessionFile(
    folder,
    ...lines.map((line) => `send: ${JSON.stringify(`${line}\n`)}`),
    `expect: ${MD5}\n  ${TIMEOUT}`,
  );
  const [recording, relog] = [join(folder, 'run.dcr'), join(folder, 'run.relog')];
  const guest = THOROUGH ? spec : 'debian-net';
  await run(t, 'record', guest, '--session', session, '-o', recording, '--net', 'user', '--allow', `tcp:${port}`);
  await run<RelogResult>(t, 'relog', recording, '-o', relog, '--keyframe-every', '10M');
  return relog;
}

function reportsIn(folder: string): Map<string, string> {
  const files = (readdirSync(folder, { recursive: true }) as string[]).filter((file) =>
    statSync(join(folder, file)).isFile(),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(join(folder, file), 'latin1')]));
}

test('stretches of a run with disk and network: each verifies, and reports what the whole reports of it', async (t) => {
  const folder = temporaryFolder(t);
  const relog = await relogOfDiskAndNetwork(t, folder);
  const { events, instructions } = await run<StatsResult>(t, 'stats', relog);
  t.true(events.some(({ kind, events }) => kind === 'dma' && events > 100));
  const { start } = await run<{ header: { start: number } }>(t, 'info', relog).then(({ header }) => header);
  const stretch = fc.tuple(
    fc.noBias(fc.integer({ min: start, max: start + instructions - LONGEST })),
    fc.noBias(fc.integer({ min: 1, max: LONGEST - 1 })),
  );
  for (const [n, [from, length]] of fc.sample(stretch, STRETCHES).entries()) {
    const to = from + length;
    const part = join(folder, `part${n}.relog`);
    const cut = await run<CutResult>(t, 'cut', relog, '--from', String(from), '--to', String(to), '-o', part);
    t.log(`${from} to ${to}: ${cut.from} to ${cut.to}, ${cut.keyframes} keyframes, ${cut.bytes} bytes`);
    t.true(cut.from <= from && cut.to >= to);
    const { from: begin, to: end, events, keyframes } = cut;
    t.like(await run<VerifyResult>(t, 'verify', part), {
      ...{ exact: true, events, keyframes, instructions: end - begin },
    });
    const analyses = ['-a', 'coverage', '-a', 'profile'];
    const asked = ['--from', String(from), '--to', String(to)];
    const all = ['--from', String(begin), '--to', String(end)];
    const pairs = [{ ofPart: [] as string[], ofWhole: all }];
    // As asked for, the ends are in the middle of blocks.
    if (n < 2) pairs.push({ ofPart: asked, ofWhole: asked });
    for (const [i, { ofPart, ofWhole }] of pairs.entries()) {
      const [a, b] = ['part', 'whole'].map((name) => join(folder, `${name}${n}-${i}`)) as [string, string];
      const inPart = await run<AnalyzeResult>(t, 'analyze', part, ...analyses, '-o', a, ...ofPart);
      const inWhole = await run<AnalyzeResult>(t, 'analyze', relog, ...analyses, '-o', b, ...ofWhole);
      t.is(inPart.instructions, inWhole.instructions);
      t.true(inPart.instructions > 0 && reportsIn(a).size >= 4);
      t.deepEqual(reportsIn(a), reportsIn(b));
    }
  }
  for (const [what, args] of Object.entries({
    'behind the end': ['--from', `${start + instructions + 1}`],
    'beyond the end': ['--from', '0', '--to', `${start + instructions + 1000}`],
  })) {
    const wrong = join(folder, 'wrong.relog');
    const { status, stderr } = await decouple(['cut', relog, ...args, '-o', wrong]);
    t.is(status, EXIT_STATUS.usage, what);
    t.regex(stderr, /has no such part: it ends/);
    t.false(existsSync(wrong));
    t.is((await decouple(['analyze', relog, '-a', 'profile', ...args, '-o', wrong])).status, EXIT_STATUS.usage, what);
  }
});
