/** Listens at a port of the host's loopback interface for connections into the guest. */
import { createServer, type Server, type Socket } from 'node:net';
import { DecoupleError } from '../../formats/errors.js';

const LOOPBACK = '127.0.0.1';

export interface Forward {
  /** Port of the host's 127.0.0.1. */
  hostPort: number;
  guestPort: number;
}

/** @throws DecoupleError port-unavailable */
export function listen({ hostPort }: Forward, onConnection: (socket: Socket) => void): Promise<Server> {
  // An end of one direction is passed on, and not taken for the end of both.
  const server = createServer({ allowHalfOpen: true }, onConnection);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(unavailable(hostPort, error)));
    server.listen(hostPort, LOOPBACK, () => resolve(server));
  });
}

function unavailable(port: number, cause: Error): DecoupleError {
  return new DecoupleError(
    'port-unavailable',
    `Port ${port} of 127.0.0.1 cannot be listened at: ${cause.message}.`,
    'Give another port to --forward, or end the program that uses it.',
    { cause },
  );
}
