/** Recordings of a guest that asks the network for all that it can, and of what that takes of this computer. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import { PROJECT } from './cli.js';
import { socketsTo } from './host-server.js';
import { largestBelow, sessionFile, start } from './stages.js';

const LOOK_MS = 200;
/** Ten thousand connections take long on a busy computer. */
export const RECORD_TIMEOUT_MS = 1_800_000;

/** A spec of debian-net with the programs that scan and flood. */
export function hostileSpec(folder: string): string {
  const spec = join(folder, 'hostile.yaml');
  const program = (name: string): object => ({
    path: `/usr/bin/${name}`,
    source: `${PROJECT}guests/programs/${name}.c`,
  });
  const initramfs = { programs: [program('scan'), program('flood')] };
  writeFileSync(spec, JSON.stringify({ name: 'hostile', extends: 'debian-net', initramfs }));
  return spec;
}

/** A server that counts who comes. */
export interface Counter {
  port: number;
  /** Connections in all. */
  came: number;
  open: number;
  /** Most that were open at once. */
  most: number;
}

/** @param meet what becomes of a connection, whose end is not the server's if it is not read */
export async function countingServer(t: ExecutionContext, meet: (socket: Socket) => void): Promise<Counter> {
  const counter: Counter = { port: 0, came: 0, open: 0, most: 0 };
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    counter.came++;
    counter.most = Math.max(counter.most, ++counter.open);
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => void (counter.open--, sockets.delete(socket)));
    meet(socket);
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  counter.port = (server.address() as { port: number }).port;
  return counter;
}

export interface Watched {
  /** What the guest printed. */
  printed: string;
  /** Resident bytes of the largest process at the guest's word `begin`, and the most until the end. */
  before: number;
  peak: number;
  /** Most sockets that were connected, or about to be, to the ports at once. */
  sockets: number;
}

/** Records a session, and looks at what the recorder holds meanwhile. */
export async function recordWatched(
  t: ExecutionContext,
  { guest, output, steps, ports, args }: Recorded,
): Promise<Watched> {
  const session = sessionFile(join(output, '..'), ...steps);
  const allowed = ports.flatMap((port) => ['--allow', `tcp:${port}`]);
  const options = ['--session', session, '-o', output, '--net', 'user', ...allowed, ...args, '--json', '--console'];
  const running = start(['record', guest, ...options], RECORD_TIMEOUT_MS);
  const watched: Watched = { printed: '', before: 0, peak: 0, sockets: 0 };
  // The console goes where --json leaves room for it.
  running.stderr.on('data', (bytes: Buffer) => (watched.printed += bytes.toString('latin1')));
  const look = setInterval(() => {
    const bytes = largestBelow(running.pid!);
    if (!/^begin/m.test(watched.printed)) watched.before = Math.max(watched.before, bytes);
    watched.peak = Math.max(watched.peak, bytes);
    watched.sockets = Math.max(watched.sockets, socketsTo(ports));
  }, LOOK_MS);
  const { exitCode, stdout } = await running;
  clearInterval(look);
  t.is(exitCode, EXIT_STATUS.ok, `${watched.printed}\n${stdout}`);
  return watched;
}

interface Recorded {
  guest: string;
  output: string;
  steps: readonly string[];
  /** Of 127.0.0.1, which the guest may reach. */
  ports: readonly number[];
  args: readonly string[];
}
