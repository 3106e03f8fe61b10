/** Redacting relogs: what is replaced is gone, what the guest depends on stays and is told, and the result is exact. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ContainerReader } from '../../formats/container/index.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RelogResult, VerifyResult } from '../../relog/api.js';
import type { RedactResult } from '../../relog/redact/redact.js';
import { decouple } from '../support/cli.js';
import { documentedCddl } from '../support/documents.js';
import { temporaryFolder } from '../support/folder.js';
import { itemsOf } from '../support/frame-items.js';
import { noise, serve } from '../support/host-server.js';
import { countsOf, python } from '../support/read-relog.js';
import { run, sessionFile } from '../support/stages.js';
import { THOROUGH, thorough } from '../support/thorough.js';
import { tinyGuest } from '../support/tiny-guest.js';

const TIMEOUT = 'timeout: 5m';

/** How often any of these is in what the frames of a file hold. */
function occurrences(path: string, ...texts: (string | Buffer)[]): number {
  const reader = new ContainerReader(path, 'relog');
  let count = 0;
  for (const { payload } of reader) {
    const bytes = Buffer.from(payload);
    for (const text of texts) for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) count++;
  }
  reader.close();
  return count;
}

/** It verifies, has as much in it as the relog that it was made of, and breaks no rule of the format. */
async function isSound(t: ExecutionContext, path: string, of: RelogResult): Promise<void> {
  const { instructions, events, keyframes } = of;
  t.like(await run<VerifyResult>(t, 'verify', path), { exact: true, instructions, events, keyframes });
  const read = await python([path]);
  t.is(read.exitCode, 0, read.stderr);
  t.is(
    countsOf(read).reduce((sum, [, count]) => sum + count, 0),
    events,
  );
  const cddl = documentedCddl();
  for (const { rule, item } of itemsOf(path)) t.is(cddl.check(rule, item), null);
}

/**
 * Reads five lines: moves the first, asks what the second is, keeps the third for later, moves the fourth, and has the
 * fifth given back by a device, the scratch register of the serial port.
 */
const READER = `
.code16
start:
  cli
  xor ax, ax
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x7000
  mov ecx, 500000
before:
  imul eax, ecx
  dec ecx
  jnz before
  mov al, '>'
  call put
  mov di, 0x4000
  call line
  mov di, 0x4100
  call line
  mov al, [0x4100]
  mov cx, 9
  cmp al, 'q'
  je turn
  mov cx, 5
turn:
  dec cx
  jnz turn
  mov di, 0x4200
  call line
  mov di, 0x4300
  call line
  mov di, 0x4400
  call line
  mov si, 0x4400
  mov dx, 0x3ff
back:
  mov al, [si]
  out dx, al
  in al, dx
  mov [si + 0x2000], al
  inc si
  cmp si, di
  jne back
  # copies of all, and a long time
  mov si, 0x4000
  mov di, 0x5000
  mov cx, 0x400
  cld
  rep movsb
  mov ecx, 900000
later:
  imul eax, ecx
  dec ecx
  jnz later
  mov al, [0x5200]
  test al, 1
  jnz odd
  nop
odd:
  mov al, '!'
  call put
rest:
  hlt
  jmp rest

line:
  mov dx, 0x3fd
wait:
  mov cx, 500
pause:
  dec cx
  jnz pause
  in al, dx
  test al, 1
  jz wait
  mov dx, 0x3f8
  in al, dx
  cmp al, 10
  je got
  mov [di], al
  inc di
  jmp line
got:
  ret

put:
  mov dx, 0x3f8
  out dx, al
  ret
`;

test.serial('lines that are only moved are replaced; others stay, also those that matter much later', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const session = sessionFile(
    folder,
    'expect: ">"\n  timeout: 20s',
    String.raw`send: "Only moved 12\nquestion\nuneven kept\nThe last one\nReturned by a device\n"`,
    'expect: "!"\n  timeout: 20s',
  );
  const spec = tinyGuest(folder, { code: READER });
  await run(t, 'record', spec, '--start', 'power-on', '--session', session, '-o', at('run.dcr'));
  const relog = await run<RelogResult>(t, 'relog', at('run.dcr'), '-o', at('run.relog'), '--keyframe-every', '300k');
  t.true(relog.keyframes > 4);
  const result = await run<RedactResult>(t, 'redact', at('run.relog'), '-o', at('clean.relog'));
  t.deepEqual(
    result.replaced.map(({ length }) => length),
    [13, 12, 20],
  );
  t.like(result.remains, { length: 1, 0: { length: 20, source: 'uart0', where: 'pages' } });
  t.deepEqual(
    result.kept.map(({ length, source }) => ({ length, source })),
    [
      { length: 8, source: 'uart0' },
      { length: 11, source: 'uart0' },
    ],
  );
  // Where it matters, not where it came in.
  const [question, later] = result.kept;
  t.true(question!.differsAt >= question!.position);
  t.true(later!.differsAt - later!.position > 1_000_000);
  await isSound(t, at('clean.relog'), relog);
  t.true(occurrences(at('run.relog'), 'Only moved 12', 'The last one') >= 2);
  t.is(occurrences(at('clean.relog'), 'Only moved', 'The last'), 0);
  t.true(occurrences(at('clean.relog'), 'xxxx xxxxx 00', 'xxx xxxx xxx') >= 2);
  t.true(occurrences(at('clean.relog'), 'question', 'uneven kept') >= 2);

  // What cannot be done: nothing of that kind is there, the output is, a recording.
  const nothing = await decouple(['redact', at('clean.relog'), '--network', '-o', at('none.relog'), '--json']);
  t.is(nothing.status, EXIT_STATUS.redact, nothing.stderr);
  t.regex(nothing.stderr, /has no packets with a payload/);
  t.false(existsSync(at('none.relog')));
  const there = await decouple(['redact', at('run.relog'), '-o', at('clean.relog')]);
  t.is(there.status, EXIT_STATUS.exists, there.stderr);
  const recording = await decouple(['redact', at('run.dcr'), '-o', at('none.relog')]);
  t.is(recording.status, EXIT_STATUS.kind, recording.stderr);
  t.regex(recording.stderr, /is a recording, .* the machine needs the inputs themselves/);
  const whole = readFileSync(at('run.relog'));
  writeFileSync(at('short.relog'), whole.subarray(0, whole.length / 2));
  const short = await decouple(['redact', at('short.relog'), '-o', at('none.relog')]);
  t.is(short.status, EXIT_STATUS.damaged, short.stderr);
  t.regex(short.stderr, /is cut off[^]*decouple cut/);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('none')),
    [],
  );

  // With a store, and whole again.
  await run(t, 'redact', at('run.relog'), '--serial', '-o', at('thin.relog'), '--store', at('contents'));
  t.like(await run<VerifyResult>(t, 'verify', at('thin.relog')), { exact: true });
});

test.serial('where every line matters nothing is written', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const asks = READER.replace('cmp al, 10\n', 'cmp al, 10\n  je got\n  cmp al, 120\n');
  t.not(asks, READER);
  const session = sessionFile(
    folder,
    'expect: ">"\n  timeout: 20s',
    String.raw`send: "abc\ndef\nghi\njkl\nmno\n"`,
    'expect: "!"\n  timeout: 20s',
  );
  await run(
    t,
    'record',
    tinyGuest(folder, { code: asks }),
    '--start',
    'power-on',
    '--session',
    session,
    '-o',
    at('run.dcr'),
  );
  await run(t, 'relog', at('run.dcr'), '-o', at('run.relog'));
  const { status, stderr } = await decouple(['redact', at('run.relog'), '-o', at('clean.relog')]);
  t.is(status, EXIT_STATUS.redact, stderr);
  t.regex(stderr, /depends on each of its 5 payloads/);
  t.false(existsSync(at('clean.relog')));
});

const SECRET = noise(200_000);
/** Any 32 bytes of it that are on the disk are found by one of these. */
const PIECES = Array.from({ length: SECRET.length / 1000 }, (_, i) => SECRET.subarray(1000 * i, 1000 * i + 16));

for (const guest of ['debian-net', ...(THOROUGH ? ['debian-net-ne2k'] : [])]) {
  thorough(`${guest}: a download that is stored and hashed is replaced`, async (t) => {
    const folder = temporaryFolder(t);
    const at = (name: string): string => join(folder, name);
    const port = await serve(t, (_, response) => response.end(SECRET));
    const session = sessionFile(
      folder,
      String.raw`send: "udhcpc -i eth0 -n -q && echo le''ased\n"`,
      `expect: leased\n  ${TIMEOUT}`,
      String.raw`send: "wget -q -O /tmp/file http://host:${port}/file; md5sum </tmp/file; echo rea''dy; cat >/tmp/typed\n"`,
      `expect: "^ready"\n  ${TIMEOUT}`,
      String.raw`send: "My Secret Line 4711\n"`,
      String.raw`send: "\x04"`,
      String.raw`send: "md5sum /tmp/typed; echo do''ne\n"`,
      `expect: "^done"\n  ${TIMEOUT}`,
    );
    await run(t, 'record', guest, '--session', session, '--net', 'user', '--allow', `tcp:${port}`, '-o', at('run.dcr'));
    const every = ['--keyframe-every', '5M'];
    const relog = await run<RelogResult>(t, 'relog', at('run.dcr'), '-o', at('run.relog'), ...every);
    const result = await run<RedactResult>(t, 'redact', at('run.relog'), '-o', at('clean.relog'));
    const tcp = result.replaced.filter(({ kind, peer }) => kind === 'tcp' && peer === `10.0.2.2:${port}`);
    t.is(
      tcp.reduce((sum, { length }) => sum + length, 0),
      SECRET.length,
    );
    t.true(tcp.every(({ source }) => (guest === 'debian-net' ? source === 'dma' : source.startsWith('port '))));
    // The head of the answer, addresses and names are looked at; so are commands.
    t.true(result.kept.some(({ kind, peer }) => kind === 'tcp' && peer === `10.0.2.2:${port}`));
    t.true(result.kept.some(({ kind }) => kind === 'udp'));
    t.true(result.kept.some(({ kind }) => kind === 'line'));
    t.true(result.replaced.some(({ kind, length }) => kind === 'line' && length === 19));
    t.deepEqual(result.remains, []);
    await isSound(t, at('clean.relog'), relog);
    t.true(occurrences(at('run.relog'), ...PIECES) > PIECES.length);
    t.is(occurrences(at('clean.relog'), ...PIECES), 0);
    t.true(occurrences(at('run.relog'), 'My Secret Line 4711') > 0);
    t.is(occurrences(at('clean.relog'), 'My Secret Line', 'Secret'), 0);
    t.true(occurrences(at('clean.relog'), 'xx xxxxxx xxxx 0000') > 0);

    // What was not asked for stays.
    const lines = await run<RedactResult>(t, 'redact', at('run.relog'), '--serial', '-o', at('lines.relog'));
    t.true([...lines.replaced, ...lines.kept].every(({ kind }) => kind === 'line'));
    t.true(occurrences(at('lines.relog'), ...PIECES) > PIECES.length);
    t.is(occurrences(at('lines.relog'), 'My Secret Line'), 0);
    t.like(await run<VerifyResult>(t, 'verify', at('lines.relog')), { exact: true });
    t.false(readFileSync(at('clean.relog')).equals(readFileSync(at('lines.relog'))));
  });
}
