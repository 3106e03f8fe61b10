/** Bytes of the guest to a socket of the host: one write at a time, so that what waits is bytes, and not a list of writes. */
import type { Socket } from 'node:net';
import { SendQueue } from '../tcp/send-queue.js';

/** In one write. What is in it counts as waiting until all of it is taken. */
const WRITE_BYTES = 64 << 10;

export class HostWriter {
  private readonly queue = new SendQueue();
  private writing = 0;
  private ended = false;

  /** @param passedOn the host took something */
  constructor(
    private readonly socket: Pick<Socket, 'write' | 'end' | 'destroyed'>,
    private readonly passedOn: () => void,
  ) {}

  /** Bytes that the host has not taken. */
  get pending(): number {
    return this.queue.length + this.writing;
  }

  /** @param bytes copied: the frame that they are in is the guest's */
  write(bytes: Uint8Array): void {
    if (this.socket.destroyed) return;
    this.queue.push(Buffer.from(bytes));
    this.next();
  }

  /** Once everything is written. */
  end(): void {
    this.ended = true;
    this.next();
  }

  private next(): void {
    if (this.writing > 0 || this.socket.destroyed) return;
    if (this.queue.length === 0) {
      if (this.ended) this.socket.end();
      return;
    }
    const bytes = this.queue.take(WRITE_BYTES);
    this.writing = bytes.length;
    this.socket.write(bytes, () => {
      this.writing = 0;
      this.next();
      this.passedOn();
    });
  }
}
