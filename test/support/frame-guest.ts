/** A guest made of nothing but frames: one TCP connection after another, and single packets. */
import { ADDRESS, ownMac } from '../../network/addresses.js';
import { buildFrame, ETHER_TYPE, parseFrame } from '../../network/ethernet.js';
import { buildIpv4, parseIpv4, PROTOCOL, type Ipv4Packet } from '../../network/ipv4.js';
import type { HostAccess } from '../../network/host/access.js';
import { Connection } from '../../network/tcp/connection.js';
import { buildSegment, parseSegment, TCP_FLAG, type Segment } from '../../network/tcp/segment.js';
import { realTimers } from '../../network/timers.js';
import { UserNetwork, type UserNetworkOptions } from '../../network/user-network.js';
import type { Keeper } from './tcp-pair.js';

export const GUEST_MAC = Buffer.from('525400123456', 'hex');

const EVERYTHING: HostAccess = { ports: { tcp: 'all', udp: 'all' }, names: true };

export class FrameGuest {
  network!: UserNetwork;
  /** Packets that no connection took. */
  packets: Ipv4Packet[] = [];
  frames: Buffer[] = [];
  private readonly connections = new Map<number, Connection>();
  /** Takes connections that the network asks for. */
  serve: ((connection: Connection) => Keeper) | null = null;

  static async start(options: Partial<UserNetworkOptions> = {}): Promise<FrameGuest> {
    const guest = new FrameGuest();
    guest.network = await UserNetwork.start({
      ...{ forwards: [], access: EVERYTHING, maxOnItsWay: 64 << 10, ...options },
      // As the machine does it: what arrives, arrives later.
      send: (frame) => void setImmediate(() => guest.receive(frame)),
    });
    return guest;
  }

  send(protocol: number, payload: Buffer, destination: number = ADDRESS.gateway, source: number = ADDRESS.guest): void {
    const packet = buildIpv4({ source, destination, protocol, payload });
    const mac = ownMac(ADDRESS.gateway)!;
    this.network.receive(buildFrame({ destination: mac, source: GUEST_MAC, type: ETHER_TYPE.ipv4, payload: packet }));
  }

  /** Connects from `localPort`. */
  connect(localPort: number, remotePort: number, application: Keeper, address: number = ADDRESS.gateway): Connection {
    const connection = this.connection(localPort, remotePort, application, address);
    connection.connect();
    return connection;
  }

  private receive(frame: Buffer): void {
    this.frames.push(frame);
    const packet = parseIpv4(parseFrame(frame)?.payload ?? Buffer.alloc(0));
    if (packet === null) return;
    const segment =
      packet.protocol === PROTOCOL.tcp ? parseSegment(packet.payload, packet.source, packet.destination) : null;
    if (segment === null) return void this.packets.push(packet);
    const known = this.connections.get(segment.destinationPort);
    if (known !== undefined) known.receive(segment);
    else if (segment.flags === TCP_FLAG.syn && this.serve !== null) this.accept(segment);
  }

  private accept(syn: Segment): void {
    const holder: { application: Keeper | null } = { application: null };
    const late = new Proxy({} as Keeper, { get: (_, name) => holder.application![name as keyof Keeper] });
    const connection = this.connection(syn.destinationPort, syn.sourcePort, late, ADDRESS.gateway);
    holder.application = this.serve!(connection);
    connection.accept(syn);
  }

  private connection(localPort: number, remotePort: number, application: Keeper, address: number): Connection {
    const connection = new Connection({
      ...{ timers: realTimers, localPort, remotePort, initial: 1, maxOnItsWay: 64 << 10 },
      application: () => application,
      closed: () => this.connections.delete(localPort),
      send: (segment) => this.send(PROTOCOL.tcp, buildSegment(segment, ADDRESS.guest, address), address),
    });
    this.connections.set(localPort, connection);
    return connection;
  }
}
