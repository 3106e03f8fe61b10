/**
 * Guests that look for what they may not reach, and that ask for more than they get: nothing is reached but what was allowed, what
 * they hold of this computer has a limit, the recording goes on, and all that follows is exact.
 */
import { createSocket } from 'node:dgram';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { MAX_CONNECTIONS, RECEIVE_BYTES, SEND_BYTES } from '../../network/limits.js';
import { temporaryFolder } from '../support/folder.js';
import {
  countingServer,
  hostileSpec,
  RECORD_TIMEOUT_MS,
  recordWatched,
  type Watched,
} from '../support/hostile-guest.js';
import { noise } from '../support/host-server.js';
import { goesAllTheWay, relogsExactly, replays } from '../support/stages.js';
import { THOROUGH, thorough } from '../support/thorough.js';

const TIMEOUT = 'timeout: 25m';
/** The recording, and what follows it. */
const TEST_TIMEOUT_MS = 2 * RECORD_TIMEOUT_MS;
const LEASE = [String.raw`send: "udhcpc -i eth0 -n -q && echo le''ased\n"`, `expect: "^leased"\n  ${TIMEOUT}`];
const BEGIN = [String.raw`send: "echo be''gin\n"`, 'expect: "^begin"'];
/** The recording goes on: the shell answers. */
const STILL_THERE = [String.raw`send: "echo still''-there-$((6 * 7))\n"`, `expect: "^still-there-42"\n  ${TIMEOUT}`];

const CONNECTIONS = THOROUGH ? 10_000 : 400;
const READERS = THOROUGH ? 100 : 20;
/** Each writes some megabytes before it has to stop. */
const WRITERS = THOROUGH ? 30 : 3;
/** What is done with a recording: one test of them all relogs in any case. */
const follow = THOROUGH ? goesAllTheWay : replays;
const FILE = noise(5_000_000);
/** A count that is taken while connections come and go sees some that are gone. */
const SOCKETS = MAX_CONNECTIONS + 16;
/** Beside what the connections hold, for garbage and for the guest's own code. */
const SLACK_BYTES = 256 << 20;

/** Types a line, and waits for what it prints in the end. */
const types = (line: string, ending: string): string[] => [
  `send: ${JSON.stringify(`${line}\n`)}`,
  `expect: ${JSON.stringify(ending)}\n  ${TIMEOUT}`,
];

function tell(t: ExecutionContext, { printed, before, peak, sockets }: Watched): void {
  const said = printed.match(/(opened|half|readers|writers|[\d.]+ (tcp|udp)): \d[\w ,]*/g) ?? [];
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  t.log(`${megabytes(before)} before, ${megabytes(peak)} at most; at most ${sockets} sockets at once`);
  for (const line of said) t.log(line.trim());
}

/** A UDP port of this computer, and how many datagrams came. */
async function datagrams(t: ExecutionContext): Promise<{ port: number; came: () => number }> {
  let came = 0;
  const socket = createSocket('udp4', () => came++);
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => void socket.close());
  return { port: socket.address().port, came: () => came };
}

for (const allowing of THOROUGH ? [true, false] : [true]) {
  test.serial(
    `a scan reaches ${allowing ? 'the allowed port alone' : 'nothing when nothing is allowed'}`,
    async (t) => {
      t.timeout(TEST_TIMEOUT_MS);
      const folder = temporaryFolder(t);
      const servers = await Promise.all(
        Array.from({ length: 5 }, () => countingServer(t, (socket) => socket.resume())),
      );
      const udp = await Promise.all(Array.from({ length: 3 }, () => datagrams(t)));
      const [allowed] = servers as [(typeof servers)[0]];
      const listening = [...servers, ...udp].map(({ port }) => `${port - 2}-${Math.min(port + 2, 65_535)}`);
      const all = THOROUGH ? ['1-65535'] : ['1-64', ...listening];
      const ranges = (allowing ? all : listening).join(' ');
      const others = Object.values(networkInterfaces())
        .flatMap((each) => each ?? [])
        .filter(({ family, internal }) => family === 'IPv4' && !internal)
        .map(({ address }) => address);
      const output = join(folder, 'run.dcr');
      const watched = await recordWatched(t, {
        ...{ guest: hostileSpec(folder), output, ports: allowing ? [allowed.port] : [] },
        // Without --dns is as with --no-dns.
        args: allowing ? ['--no-dns'] : [],
        steps: [
          ...LEASE,
          ...types(`scan ${ranges} 10.0.2.2`, '^10.0.2.2 udp: '),
          ...types(`scan ${listening.join(' ')} 10.0.2.3 ${others.join(' ')}; echo end''ed`, '^ended'),
          // To where only this computer itself gets.
          ...types(`flood half 127.0.0.1 ${servers[1]!.port} 20`, '^half: 20 asked for, 0 answers, 20 resets'),
          ...types("ping -c 1 10.0.2.2; ping -c 1 -W 1 192.0.2.1; echo end''ed", '^ended'),
          // Names that this computer knows, without asking anybody.
          ...types(`nslookup localhost; nslookup ${hostname()}; nslookup host; echo end''ed`, '^ended'),
          ...STILL_THERE,
        ],
      });
      tell(t, watched);
      t.deepEqual(
        servers.map(({ came }) => came),
        servers.map((each) => (allowing && each === allowed ? 1 : 0)),
      );
      t.deepEqual(udp.map(({ came }) => came()), [0, 0, 0]); // prettier-ignore
      const { printed } = watched;
      const answered = [...printed.matchAll(/^answered: (\d+)/gm)].map(([, port]) => Number(port));
      t.deepEqual(answered, allowing ? [allowed.port] : []);
      t.regex(printed, /1 packets transmitted, 1 packets received[^]*1 packets transmitted, 0 packets received/);
      const unknown = [...printed.matchAll(/can't find (\S+): NXDOMAIN/g)].map(([, name]) => name);
      t.deepEqual(new Set(unknown), new Set(['localhost', hostname()]));
      t.regex(printed, /Name:\s+host\s+Address:\s+10\.0\.2\.2/);
      await (allowing ? follow(t, output) : replays(t, output));
    },
  );
}

test.serial('names are asked for with --dns', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const folder = temporaryFolder(t);
  const { printed } = await recordWatched(t, {
    ...{ guest: hostileSpec(folder), output: join(folder, 'run.dcr'), ports: [], args: ['--dns'] },
    steps: [...LEASE, ...types("nslookup localhost; echo end''ed", '^ended')],
  });
  t.regex(printed, /Name:\s+localhost\s+Address:\s+10\.0\.2\.2/);
});

test.serial(`${CONNECTIONS} connections, and as many that are never taken`, async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const folder = temporaryFolder(t);
  const server = await countingServer(t, (socket) => socket.resume());
  const output = join(folder, 'run.dcr');
  const flood = (way: string, ...numbers: number[]): string[] =>
    types(`flood ${way} 10.0.2.2 ${server.port} ${numbers.join(' ')}`, `${way}: \\d+`);
  const watched = await recordWatched(t, {
    ...{ guest: hostileSpec(folder), output, ports: [server.port], args: [] },
    steps: [
      ...[...LEASE, ...BEGIN, ...flood('opened', CONNECTIONS, 300), ...flood('half', CONNECTIONS)],
      // There is room again.
      ...[...flood('opened', 20, 5), ...STILL_THERE],
    ],
  });
  tell(t, watched);
  t.log(`the server saw ${server.came} connections, at most ${server.most} at once`);
  t.true(server.came >= CONNECTIONS + 20, String(server.came));
  t.true(server.most >= MAX_CONNECTIONS / 2 && server.most <= SOCKETS, String(server.most));
  t.true(watched.sockets <= SOCKETS, String(watched.sockets));
  t.true(watched.peak - watched.before < SLACK_BYTES, `${watched.before} ${watched.peak}`);
  await (THOROUGH ? goesAllTheWay : relogsExactly)(t, output);
});

thorough('readers that do not read, writers to a server that does not', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const folder = temporaryFolder(t);
  const generous = await countingServer(t, (socket) => socket.once('data', () => socket.end(FILE)));
  const deaf = await countingServer(t, (socket) => socket.pause());
  const output = join(folder, 'run.dcr');
  const flood = (way: string, { port }: { port: number }, count: number): string[] =>
    types(`flood ${way} 10.0.2.2 ${port} ${count} &`, `${way}: \\d+`);
  const watched = await recordWatched(t, {
    ...{ guest: hostileSpec(folder), output, ports: [generous.port, deaf.port], args: [] },
    steps: [
      ...[...LEASE, ...BEGIN, ...flood('readers', generous, READERS), ...flood('writers', deaf, WRITERS)],
      ...STILL_THERE,
    ],
  });
  tell(t, watched);
  t.deepEqual([generous.came, deaf.came], [READERS, WRITERS]);
  t.regex(watched.printed, new RegExp(`readers: ${READERS} of ${READERS} leave \\d{6,} bytes unread`, 'm'));
  t.regex(watched.printed, /writers: (\d+) of \1 wrote \d{7,} bytes/m);
  // What the documents say that a connection holds, and a chunk that was read before there was too much.
  const held = (READERS + WRITERS) * (SEND_BYTES + RECEIVE_BYTES + (64 << 10));
  t.true(watched.peak - watched.before < held + SLACK_BYTES, `${watched.before} ${watched.peak}`);
  await follow(t, output);
});
