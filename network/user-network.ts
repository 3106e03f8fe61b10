/**
 * A network for one guest that needs no rights on the host, as QEMU's user networking: DHCP, ARP, DNS, echo, and TCP and
 * UDP to ports of the host's 127.0.0.1 that are allowed, at 10.0.2.2. Nothing else is let out. It lives outside the
 * machine: what it does reaches the guest as frames, which the recording keeps; a replay does without it.
 */
import type { Server } from 'node:net';
import { ADDRESS, BROADCAST_MAC, isGuestAddress, ownMac } from './addresses.js';
import { ARP, buildArp, parseArp } from './arp.js';
import { asBuffer } from './bytes.js';
import { answerDhcp, DHCP_PORT } from './dhcp.js';
import { DNS_PORT } from './dns.js';
import { buildFrame, ETHER_TYPE, parseFrame } from './ethernet.js';
import { mayReach, type HostAccess } from './host/access.js';
import { listen, type Forward } from './host/forwarder.js';
import { hostResolve, NameServer, type Resolve } from './host/name-server.js';
import { linkFromHost, linkToHost } from './host/tcp-link.js';
import { UdpRelay } from './host/udp-relay.js';
import { echoReply, unreachable, UNREACHABLE } from './icmp.js';
import { buildIpv4, parseIpv4, PROTOCOL, type Ipv4Packet } from './ipv4.js';
import { TcpTable } from './tcp/table.js';
import { realTimers } from './timers.js';
import { buildUdp, parseUdp, type UdpDatagram } from './udp.js';

export interface UserNetworkOptions {
  forwards: readonly Forward[];
  access: HostAccess;
  /** Bytes that may be on their way to the guest in one TCP connection. */
  maxOnItsWay: number;
  /** Takes a frame to the guest's card. */
  send(frame: Buffer): void;
  /** Instead of the host's resolver. */
  resolve?: Resolve;
}

export class UserNetwork {
  /** Known once the guest has said something; before that its card may not be ready for anything. */
  private guestMac: Buffer | null = null;
  private servers: Server[] = [];
  private closed = false;
  private readonly tcp: TcpTable;
  private readonly udp: UdpRelay;
  private readonly names: NameServer;

  private constructor(private readonly options: UserNetworkOptions) {
    this.tcp = new TcpTable({
      timers: realTimers,
      maxOnItsWay: options.maxOnItsWay,
      send: (source, destination, payload) => this.sendIp({ source, destination, protocol: PROTOCOL.tcp, payload }),
      mayAsk: (address, port) => address === ADDRESS.gateway && mayReach(options.access, 'tcp', port),
      asked: linkToHost,
    });
    this.udp = new UdpRelay({
      timers: realTimers,
      send: (sourcePort, guest, destinationPort, data) =>
        this.sendUdp(ADDRESS.gateway, guest, { sourcePort, destinationPort, data }),
    });
    this.names = new NameServer(options.access.names ? (options.resolve ?? hostResolve) : null);
  }

  /** @throws DecoupleError port-unavailable */
  static async start(options: UserNetworkOptions): Promise<UserNetwork> {
    const network = new UserNetwork(options);
    try {
      for (const forward of options.forwards) network.servers.push(await network.forward(forward));
    } catch (error) {
      network.close();
      throw error;
    }
    return network;
  }

  /** A frame from the guest, who may put anything into it. It is not kept. */
  receive(bytes: Uint8Array): void {
    const frame = parseFrame(asBuffer(bytes));
    if (this.closed || frame === null || (frame.source[0]! & 1) !== 0) return;
    if (frame.type === ETHER_TYPE.arp) this.receiveArp(frame.payload, frame.source);
    else if (frame.type === ETHER_TYPE.ipv4) this.receiveIp(frame.payload, frame.source);
  }

  /** Ends all connections; the guest hears no more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const server of this.servers) server.close();
    this.tcp.close();
    this.udp.close();
  }

  private receiveArp(payload: Buffer, source: Buffer): void {
    const packet = parseArp(payload);
    if (packet === null) return;
    // A sender without an address asks whether somebody has the one it wants (RFC 5227).
    if (packet.sender !== 0 && !isGuestAddress(packet.sender)) return;
    this.guestMac = Buffer.from(source);
    const mac = ownMac(packet.target);
    if (packet.operation !== ARP.request || mac === null) return;
    const reply = buildArp({
      operation: ARP.reply,
      senderMac: mac,
      sender: packet.target,
      targetMac: packet.senderMac,
      target: packet.sender,
    });
    this.sendFrame(this.guestMac, mac, ETHER_TYPE.arp, reply);
  }

  private receiveIp(payload: Buffer, source: Buffer): void {
    const packet = parseIpv4(payload);
    if (packet === null) return;
    const asksForAddress = packet.source === 0 && packet.protocol === PROTOCOL.udp;
    if (!asksForAddress && !isGuestAddress(packet.source)) return;
    this.guestMac = Buffer.from(source);
    const { protocol } = packet;
    if (protocol === PROTOCOL.udp) this.receiveUdp(packet);
    else if (isMany(packet.destination)) return;
    else if (protocol === PROTOCOL.tcp) this.tcp.receive(packet.source, packet.destination, packet.payload);
    else if (protocol === PROTOCOL.icmp) this.receiveIcmp(packet);
    else this.refuse(packet, UNREACHABLE.protocol);
  }

  private receiveIcmp(packet: Ipv4Packet & { whole: Buffer }): void {
    const { source, destination, protocol, payload } = packet;
    const reply = echoReply(payload);
    if (reply === null) return;
    if (ownMac(destination) === null) this.refuse(packet, UNREACHABLE.prohibited);
    else this.sendIp({ source: destination, destination: source, protocol, payload: reply });
  }

  private receiveUdp(packet: Ipv4Packet & { whole: Buffer }): void {
    const { source, destination, payload } = packet;
    const datagram = parseUdp(payload, source, destination);
    if (datagram === null) return;
    const { sourcePort, destinationPort, data } = datagram;
    if (destinationPort === DHCP_PORT.server) this.receiveDhcp(data);
    else if (source === 0 || isMany(destination)) return;
    else if (destination === ADDRESS.nameServer && destinationPort === DNS_PORT) {
      void this.names.answer(data).then((answer) => {
        if (answer === null) return;
        this.sendUdp(destination, source, { sourcePort: DNS_PORT, destinationPort: sourcePort, data: answer });
      });
    } else if (destination === ADDRESS.gateway && mayReach(this.options.access, 'udp', destinationPort)) {
      const quoted = { ...packet, whole: Buffer.from(packet.whole) };
      this.udp.relay(source, sourcePort, destinationPort, data, () => this.refuse(quoted, UNREACHABLE.port));
    } else {
      const own = ownMac(destination) !== null && destination !== ADDRESS.gateway;
      this.refuse(packet, own ? UNREACHABLE.port : UNREACHABLE.prohibited);
    }
  }

  private receiveDhcp(data: Buffer): void {
    const answer = answerDhcp(data);
    if (answer === null) return;
    const { server, client } = DHCP_PORT;
    const datagram = { sourcePort: server, destinationPort: client, data: answer };
    const payload = buildUdp(datagram, ADDRESS.gateway, ADDRESS.broadcast);
    const packet = { source: ADDRESS.gateway, destination: ADDRESS.broadcast, protocol: PROTOCOL.udp, payload };
    this.sendFrame(BROADCAST_MAC, ownMac(ADDRESS.gateway)!, ETHER_TYPE.ipv4, buildIpv4(packet));
  }

  /** Says that a packet cannot be delivered, in the name of the gateway. */
  private refuse({ source, whole }: { source: number; whole: Buffer }, code: number): void {
    const payload = unreachable(code, whole);
    this.sendIp({ source: ADDRESS.gateway, destination: source, protocol: PROTOCOL.icmp, payload });
  }

  private async forward(forward: Forward): Promise<Server> {
    return listen(forward, (socket) => {
      const connection = this.tcp.connect(ADDRESS.gateway, ADDRESS.guest, forward.guestPort, (made) =>
        linkFromHost(socket, made),
      );
      if (connection === null) socket.resetAndDestroy();
    });
  }

  private sendUdp(source: number, destination: number, datagram: UdpDatagram): void {
    const payload = buildUdp(datagram, source, destination);
    this.sendIp({ source, destination, protocol: PROTOCOL.udp, payload });
  }

  private sendIp(packet: Ipv4Packet): void {
    if (this.guestMac === null) return;
    // Addresses out of reach are behind the gateway, and so are what comes in their name.
    const mac = ownMac(packet.source) ?? ownMac(ADDRESS.gateway)!;
    this.sendFrame(this.guestMac, mac, ETHER_TYPE.ipv4, buildIpv4(packet));
  }

  private sendFrame(destination: Buffer, source: Buffer, type: number, payload: Buffer): void {
    if (!this.closed) this.options.send(buildFrame({ destination, source, type, payload }));
  }
}

/** Broadcast and multicast. */
function isMany(address: number): boolean {
  return address === ADDRESS.broadcast || address === ADDRESS.subnetBroadcast || address >>> 28 === 14;
}
