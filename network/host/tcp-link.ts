/** Joins a TCP connection of the guest to a socket of the host: bytes, ends, resets and back-pressure, both ways. */
import { connect, type Socket } from 'node:net';
import { SEND_BYTES } from '../limits.js';
import type { Application } from '../tcp/application.js';
import type { Connection } from '../tcp/connection.js';
import type { Request } from '../tcp/table.js';
import { HostWriter } from './host-writer.js';

const LOOPBACK = '127.0.0.1';

/** A connection of the guest to a port of the host's loopback interface. */
export function linkToHost(port: number, request: Request): Application {
  const socket = connect({ host: LOOPBACK, port, allowHalfOpen: true });
  let answered = false;
  socket.once('connect', () => {
    answered = true;
    request.accept();
  });
  return join(socket, request.connection, () => {
    if (!answered) request.refuse();
    else request.connection.reset();
  });
}

/** A connection that came to a forwarded port. */
export function linkFromHost(socket: Socket, connection: Connection): Application {
  return join(socket, connection, () => connection.reset());
}

/** @param broken the socket failed, or was closed before its end */
function join(socket: Socket, connection: Connection, broken: () => void): Application {
  let ended = false;
  let failed = false;
  const writer = new HostWriter(socket, () => connection.consumed());
  socket.setNoDelay(true);
  socket.on('data', (bytes) => {
    connection.write(bytes);
    if (connection.waiting >= SEND_BYTES) socket.pause();
  });
  socket.on('end', () => {
    ended = true;
    connection.end();
  });
  // What is to be said is said by `close`, which comes after it.
  socket.on('error', () => (ended = false));
  socket.on('close', (hadError) => {
    if (!failed && (hadError || !ended)) broken();
  });
  return {
    opened: () => undefined,
    data: (bytes) => writer.write(bytes),
    pending: () => writer.pending,
    released: () => socket.destroyed,
    ended: () => writer.end(),
    acknowledged: () => {
      if (connection.waiting < SEND_BYTES / 2 && socket.isPaused()) socket.resume();
    },
    failed: () => {
      failed = true;
      // A reset waits until the host takes the connection, which may be minutes or never.
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    },
  };
}
