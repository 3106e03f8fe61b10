/** Datagrams of the guest to ports of the host's loopback interface, and what comes back: a socket a pair of ports. */
import { createSocket, type Socket } from 'node:dgram';
import { FLOW_IDLE_MS, MAX_FLOWS, MAX_WAITING_DATAGRAMS } from '../limits.js';
import type { Timers } from '../timers.js';
import { MAX_UDP_BYTES } from '../udp.js';

const LOOPBACK = '127.0.0.1';

export interface UdpRelayOptions {
  timers: Timers;
  /** A datagram for the guest. */
  send(hostPort: number, guest: number, guestPort: number, data: Buffer): void;
}

interface Flow {
  socket: Socket;
  connected: boolean;
  waiting: Buffer[];
  cancelIdle: () => void;
}

export class UdpRelay {
  private readonly flows = new Map<string, Flow>();

  constructor(private readonly options: UdpRelayOptions) {}

  /** @param refused nobody listens at that port of the host */
  relay(guest: number, guestPort: number, hostPort: number, data: Buffer, refused: () => void): void {
    const name = `${guest}:${guestPort} ${hostPort}`;
    if (hostPort === 0 || (!this.flows.has(name) && this.flows.size >= MAX_FLOWS)) return;
    const flow = this.flows.get(name) ?? this.open(name, guest, guestPort, hostPort, refused);
    this.keep(name, flow);
    const copy = Buffer.from(data);
    if (flow.connected) flow.socket.send(copy);
    else if (flow.waiting.length < MAX_WAITING_DATAGRAMS) flow.waiting.push(copy);
  }

  close(): void {
    for (const name of [...this.flows.keys()]) this.drop(name);
  }

  private open(name: string, guest: number, guestPort: number, hostPort: number, refused: () => void): Flow {
    const socket = createSocket('udp4');
    const flow: Flow = { socket, connected: false, waiting: [], cancelIdle: () => undefined };
    this.flows.set(name, flow);
    socket.on('message', (data) => {
      this.keep(name, flow);
      // What does not fit into one packet is lost: packets are not split.
      if (data.length <= MAX_UDP_BYTES) this.options.send(hostPort, guest, guestPort, data);
    });
    // A connected socket is told that nobody listens there (ICMP port unreachable, RFC 1122 4.1.3.3).
    socket.on('error', () => {
      this.drop(name);
      refused();
    });
    socket.bind(0, LOOPBACK, () =>
      socket.connect(hostPort, LOOPBACK, () => {
        flow.connected = true;
        for (const data of flow.waiting.splice(0)) socket.send(data);
      }),
    );
    return flow;
  }

  private keep(name: string, flow: Flow): void {
    flow.cancelIdle();
    flow.cancelIdle = this.options.timers.after(FLOW_IDLE_MS, () => this.drop(name));
  }

  private drop(name: string): void {
    const flow = this.flows.get(name);
    if (flow === undefined) return;
    this.flows.delete(name);
    flow.cancelIdle();
    flow.socket.close();
  }
}
