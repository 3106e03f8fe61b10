/** All TCP connections of the network, by their two ends. */
import { randomInt } from 'node:crypto';
import { MAX_CONNECTIONS } from '../limits.js';
import type { Timers } from '../timers.js';
import type { Application } from './application.js';
import { Connection } from './connection.js';
import { buildSegment, parseSegment, resetFor, TCP_FLAG, type Segment } from './segment.js';

/** Ports that connections into the guest come from (RFC 6335, section 6). */
const FIRST_EPHEMERAL = 49152;
const EPHEMERAL_PORTS = 16384;

export interface TcpOptions {
  timers: Timers;
  maxOnItsWay: number;
  /** Sends a segment, as the payload of an IPv4 packet. */
  send(source: number, destination: number, segment: Buffer): void;
  /** Whether a connection to this address and port may be asked for. */
  mayAsk(address: number, port: number): boolean;
  /** The guest wants a connection to this port of the host: see there to it that `accept` or `refuse` is called. */
  asked(port: number, request: Request): Application;
}

/** A connection that the guest asked for. */
export interface Request {
  connection: Connection;
  accept(): void;
  refuse(): void;
}

export class TcpTable {
  private readonly connections = new Map<string, Connection>();
  private nextPort = 0;

  constructor(private readonly options: TcpOptions) {}

  get size(): number {
    return this.connections.size;
  }

  /** @param payload of an IPv4 packet from `guest` to `address` */
  receive(guest: number, address: number, payload: Buffer): void {
    const segment = parseSegment(payload, guest, address);
    if (segment === null) return;
    const existing = this.connections.get(key(guest, segment.sourcePort, address, segment.destinationPort));
    if (existing !== undefined) return existing.receive(segment);
    const opening = (segment.flags & (TCP_FLAG.syn | TCP_FLAG.ack | TCP_FLAG.rst)) === TCP_FLAG.syn;
    const allowed = opening && this.options.mayAsk(address, segment.destinationPort) && this.hasRoom();
    if (allowed) this.ask(guest, address, segment);
    else this.refuse(guest, address, segment);
  }

  /**
   * Asks the guest for a connection, from the address `own`.
   * @returns null when there are too many
   */
  connect(
    own: number,
    guest: number,
    port: number,
    makeApplication: (c: Connection) => Application,
  ): Connection | null {
    if (!this.hasRoom()) return null;
    // One of so many is free, as there are fewer connections.
    let ownPort: number;
    do ownPort = FIRST_EPHEMERAL + (this.nextPort++ % EPHEMERAL_PORTS);
    while (this.connections.has(key(guest, port, own, ownPort)));
    const connection = this.add(guest, port, own, ownPort, makeApplication);
    connection.connect();
    return connection;
  }

  /** Ends whatever is open. */
  close(): void {
    for (const connection of [...this.connections.values()]) connection.abandon();
  }

  /** When there are too many, the oldest one that is over gives way, or one that nobody answers. */
  private hasRoom(): boolean {
    if (this.connections.size < MAX_CONNECTIONS) return true;
    const all = [...this.connections.values()];
    const expendable = all.find(({ over }) => over) ?? all.find(({ unanswered }) => unanswered);
    expendable?.abandon();
    return expendable !== undefined;
  }

  private ask(guest: number, address: number, syn: Segment): void {
    this.add(guest, syn.sourcePort, address, syn.destinationPort, (connection) =>
      this.options.asked(syn.destinationPort, {
        connection,
        accept: () => connection.accept(syn),
        refuse: () => {
          this.connections.delete(key(guest, syn.sourcePort, address, syn.destinationPort));
          this.refuse(guest, address, syn);
        },
      }),
    );
  }

  private add(
    guest: number,
    guestPort: number,
    own: number,
    ownPort: number,
    makeApplication: (connection: Connection) => Application,
  ): Connection {
    const name = key(guest, guestPort, own, ownPort);
    const { timers, maxOnItsWay } = this.options;
    let application: Application | null = null;
    const connection = new Connection({
      ...{ timers, maxOnItsWay },
      localPort: ownPort,
      remotePort: guestPort,
      initial: randomInt(2 ** 32),
      send: (segment) => this.send(own, guest, segment),
      application: () => application!,
      closed: () => this.connections.delete(name),
    });
    this.connections.set(name, connection);
    application = makeApplication(connection);
    return connection;
  }

  private refuse(guest: number, address: number, segment: Segment): void {
    const reset = resetFor(segment);
    if (reset !== null) this.send(address, guest, reset);
  }

  private send(source: number, destination: number, segment: Segment): void {
    this.options.send(source, destination, buildSegment(segment, source, destination));
  }
}

function key(guest: number, guestPort: number, own: number, ownPort: number): string {
  return `${guest}:${guestPort} ${own}:${ownPort}`;
}
