/** Two ends of a TCP connection and a bad link between them. */
import { ADDRESS } from '../../network/addresses.js';
import type { Application } from '../../network/tcp/application.js';
import { Connection } from '../../network/tcp/connection.js';
import { buildSegment, parseSegment, TCP_FLAG, type Segment } from '../../network/tcp/segment.js';
import { VirtualTime } from './virtual-time.js';

/** What becomes of the next segment: null is lost, a number arrives so many milliseconds later. */
export type Fate = () => number | null;

/** An application that keeps what it gets. */
export class Keeper implements Application {
  got: Buffer[] = [];
  events: string[] = [];
  unread = 0;
  opened = (): void => void this.events.push('opened');
  data = (bytes: Buffer): void => void this.got.push(Buffer.from(bytes));
  pending = (): number => this.unread;
  released = (): boolean => this.unread === 0;
  ended = (): void => void this.events.push('ended');
  acknowledged = (): void => undefined;
  failed = (why: string): void => void this.events.push(why);

  get bytes(): Buffer {
    return Buffer.concat(this.got);
  }
}

export class TcpPair {
  readonly time = new VirtualTime();
  /** Asks for the connection. */
  readonly client: Connection;
  /** Is asked. */
  readonly server: Connection;
  readonly atClient = new Keeper();
  readonly atServer = new Keeper();
  sent: Segment[] = [];
  open = 2;
  private accepted = false;

  constructor(fate: Fate = () => 1, maxOnItsWay = 64 << 10) {
    const common = { timers: this.time, maxOnItsWay, closed: () => void this.open-- };
    this.client = new Connection({
      ...{ ...common, localPort: 1000, remotePort: 80, initial: 0xfffffff0 },
      application: () => this.atClient,
      send: (segment) => this.carry(segment, fate, (arrived) => this.toServer(arrived)),
    });
    this.server = new Connection({
      ...{ ...common, localPort: 80, remotePort: 1000, initial: 0x7ffffff0 },
      application: () => this.atServer,
      send: (segment) => this.carry(segment, fate, (arrived) => this.client.receive(arrived)),
    });
    this.client.connect();
  }

  private toServer(segment: Segment): void {
    if (!this.accepted && segment.flags === TCP_FLAG.syn) {
      this.accepted = true;
      this.server.accept(segment);
    } else this.server.receive(segment);
  }

  private carry(segment: Segment, fate: Fate, deliver: (segment: Segment) => void): void {
    this.sent.push(segment);
    const delay = fate();
    if (delay === null) return;
    const bytes = buildSegment(segment, ADDRESS.gateway, ADDRESS.guest);
    this.time.after(delay, () => deliver(parseSegment(bytes, ADDRESS.gateway, ADDRESS.guest)!));
  }
}
