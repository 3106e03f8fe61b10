/** What a TCP connection needs of those around it: who its bytes are for, and how its segments get away. */
import type { Timers } from '../timers.js';
import type { Segment } from './segment.js';

export interface Application {
  /** The guest took the connection that `connect` asked for. */
  opened(): void;
  /** Bytes from the guest; valid during the call only. */
  data(bytes: Buffer): void;
  /** Bytes of `data` that are not yet passed on. */
  pending(): number;
  /** After both sides have ended: everything is passed on, and nothing of the host is held any more. */
  released(): boolean;
  /** The guest sends no more. */
  ended(): void;
  /** The guest acknowledged something: there may be room for more. */
  acknowledged(): void;
  /** The guest ended the connection in the middle, or does not answer. Nothing follows. */
  failed(why: 'refused' | 'reset' | 'timeout'): void;
}

export interface ConnectionOptions {
  timers: Timers;
  localPort: number;
  remotePort: number;
  /** Initial sequence number. */
  initial: number;
  maxOnItsWay: number;
  send(segment: Segment): void;
  /** Asked for when the first segment comes. */
  application(): Application;
  /** Nothing will be said any more. */
  closed(): void;
}
