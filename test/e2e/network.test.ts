/** Guests with a network card: they talk to this computer while they are recorded, and all that follows is exact. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { ExportResult, RecordResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { freePort, noise, serve } from '../support/host-server.js';
import { acpiSpec, goesAllTheWay, GUEST, relogsExactly, replays, run, sessionFile } from '../support/stages.js';
import { THOROUGH, thorough } from '../support/thorough.js';
import { tshark } from '../support/tshark.js';

const FILE = noise(THOROUGH ? 20_000_000 : 1_000_000);
const MD5 = createHash('md5').update(FILE).digest('hex');
/** What the guest makes with `seq` and serves. */
const PAGE = Array.from({ length: 20_000 }, (_, i) => `${i + 1}\n`).join('');
const TIMEOUT = 'timeout: 10m';
const LEASE = [String.raw`send: "udhcpc -i eth0 -n -q && echo le''ased\n"`, `expect: leased\n  ${TIMEOUT}`];

/** Relogging replays, too. */
const follow = THOROUGH ? goesAllTheWay : relogsExactly;

for (const guest of ['debian-net', ...(THOROUGH ? ['debian-net-ne2k', 'debian-net-acpi'] : [])]) {
  test.serial(`${guest} downloads a file and serves a page; a capture shows both`, async (t) => {
    const folder = temporaryFolder(t);
    const guestPort = await freePort();
    const port = await serve(t, (request, response) => {
      if (request.url === '/file') return void response.end(FILE);
      // The guest asks for this when its own server listens; it hears of the end of what it serves.
      void fetch(`http://127.0.0.1:${guestPort}/page.txt`)
        .then((answer) => answer.text())
        .then((page) => response.end(page === PAGE ? 'the page is right' : `the page is ${page.length} bytes`))
        .catch((error: unknown) => response.end(String(error)));
    });
    const recording = join(folder, 'run.dcr');
    const acpi = join(folder, 'acpi.yaml');
    writeFileSync(acpi, JSON.stringify(acpiSpec('debian-net')));
    const session = sessionFile(
      folder,
      ...LEASE,
      String.raw`send: "wget -q -O /tmp/file http://host:${port}/file; md5sum </tmp/file\n"`,
      `expect: ${MD5}\n  ${TIMEOUT}`,
      String.raw`send: "mkdir /www; seq 1 20000 >/www/page.txt; httpd -p 80 -h /www; wget -q -O - http://host:${port}/served\n"`,
      `expect: the page is right\n  ${TIMEOUT}`,
    );
    await run<RecordResult>(
      t,
      'record',
      guest.endsWith('acpi') ? acpi : guest,
      '--session',
      session,
      '-o',
      recording,
      '--net',
      'user',
      ...['--forward', `tcp:${guestPort}:80`, '--allow', `tcp:${port}`],
    );

    const capture = join(folder, 'run.pcapng');
    const exported = await run<ExportResult>(t, 'export', recording, '--pcapng', '-o', capture);
    const objects = join(folder, 'objects');
    await tshark(capture, '-q', '--export-objects', `http,${objects}`);
    t.true(readFileSync(join(objects, 'file')).equals(FILE));
    t.is(readFileSync(join(objects, 'page.txt'), 'utf8'), PAGE);
    t.is(readFileSync(join(objects, 'served'), 'utf8'), 'the page is right');
    // What comes from the guest comes from its address, our checksums are right, and time goes forward.
    const fields = [
      'frame.packet_flags_direction',
      'ip.src',
      'tcp.checksum.status',
      'frame.time_delta',
      'frame.comment',
    ];
    const table = await tshark(
      ...[capture, '-o', 'tcp.check_checksum:TRUE', '-Y', 'tcp', '-T', 'fields'],
      ...fields.flatMap((field) => ['-e', field]),
    );
    const rows = table.split('\n').map((line) => line.split('\t'));
    const expected = (direction = '') => (Number(direction) === 1 ? '10.0.2.2' : '10.0.2.15');
    t.true(rows.length > FILE.length / 1500 && rows.length <= exported.framesIn + exported.framesOut);
    const wrong = rows.find(
      ([direction, source, checksum, delta, comment = '']) =>
        source !== expected(direction) ||
        (source === '10.0.2.2' && checksum !== '1') ||
        !(Number(delta) >= 0) ||
        !/^step \d+, /.test(comment),
    );
    t.is(wrong, undefined);

    await follow(t, recording);
  });
}

test.serial('the server resets the connection in the middle: the guest sees an error', async (t) => {
  const folder = temporaryFolder(t);
  const port = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': FILE.length });
    response.write(FILE.subarray(0, FILE.length / 4), () => response.socket?.resetAndDestroy());
  });
  const recording = join(folder, 'run.dcr');
  const nobody = await freePort();
  const session = sessionFile(
    folder,
    ...LEASE,
    String.raw`send: "wget -q -O /tmp/file http://10.0.2.2:${port}/; echo status=$?\n"`,
    `expect: "wget: .*(reset|closed)"\n  ${TIMEOUT}`,
    `expect: "status=1"\n  ${TIMEOUT}`,
    // Nobody listens there; and other addresses are out of reach.
    String.raw`send: "wget -O - http://10.0.2.2:${nobody}/; wget -O - http://192.0.2.1/; echo do''ne\n"`,
    `expect: "10.0.2.2.: Connection refused"\n  ${TIMEOUT}`,
    `expect: "192.0.2.1.: Connection refused"\n  ${TIMEOUT}`,
    `expect: "done"\n  ${TIMEOUT}`,
  );
  const network = ['--net', 'user', '--allow', `tcp:${port}`, '--allow', `tcp:${nobody}`];
  await run(t, 'record', 'debian-net', '--session', session, '-o', recording, ...network);
  await follow(t, recording);
});

test.serial('a card that is plugged into nothing gets no answer', async (t) => {
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  const session = sessionFile(
    folder,
    String.raw`send: "udhcpc -i eth0 -n -q -t 2 -T 1; echo status=$?\n"`,
    `expect: "no lease, failing"\n  ${TIMEOUT}`,
    `expect: status=1\n  ${TIMEOUT}`,
  );
  await run(t, 'record', 'debian-net', '--session', session, '-o', recording);
  await replays(t, recording);
  const capture = join(folder, 'run.pcapng');
  const { framesIn, framesOut } = await run<ExportResult>(t, 'export', recording, '--pcapng', '-o', capture);
  t.is(framesIn, 0);
  t.true(framesOut >= 2);
});

thorough('iPXE, from power-on, gets an address', async (t) => {
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  const until = ['--until-screen', 'Configuring.*[)].*ok', '--for', '180s'];
  t.like(await run(t, 'record', 'ipxe', '--start', 'power-on', '--net', 'user', ...until, '-o', recording), {
    reason: 'until-matched',
  });
  const capture = join(folder, 'run.pcapng');
  await run(t, 'export', recording, '--pcapng', '-o', capture);
  const kinds = await tshark(capture, '-Y', 'dhcp', '-T', 'fields', '-e', 'dhcp.option.dhcp');
  await relogsExactly(t, recording);
  // Discover, offer, ..., request, acknowledgment (RFC 2132, section 9.6).
  t.regex(kinds, /^1\n2\n(1\n2\n)*3\n5/);
});

test('a guest without a card, a port that is taken', async (t) => {
  const output = join(temporaryFolder(t), 'run.dcr');
  const record = (...args: string[]) => decouple(['record', ...args, '--for', '1s', '-o', output, '--net', 'user']);
  const noCard = await record(GUEST);
  t.is(noCard.status, EXIT_STATUS.guest, noCard.stderr);
  t.regex(noCard.stderr, /has no network card/);
  const port = await serve(t, (_, response) => response.end());
  const taken = await record('debian-net', '--forward', `tcp:${port}:80`);
  t.is(taken.status, EXIT_STATUS.port, taken.stderr);
  t.regex(taken.stderr, new RegExp(`Port ${port} of 127.0.0.1 cannot be listened at`));
});
