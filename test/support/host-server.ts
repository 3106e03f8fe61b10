/** A web server on this computer's loopback interface, for guests to talk to. */
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';

/** Bytes that no compression makes fewer, always the same. */
export function noise(length: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** @returns its port; it is gone after the test */
export async function serve(t: ExecutionContext, listener: RequestListener): Promise<number> {
  const server: Server = createHttpServer(listener);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port that nobody listened at a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sockets that a process holds, and whose other end is one of the ports of 127.0.0.1 (proc(5), /proc/net/tcp). */
export function socketsTo(ports: readonly number[]): number {
  const rows = readFileSync('/proc/net/tcp', 'latin1').trim().split('\n').slice(1);
  return rows.filter((row) => {
    const [, , remote = '', , , , , , , inode] = row.trim().split(/\s+/);
    return inode !== '0' && ports.includes(parseInt(remote.split(':')[1] ?? '', 16));
  }).length;
}
