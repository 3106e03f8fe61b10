/**
 * Finds the payloads of packets that a network card gave to the guest: whole frames that came by DMA, and those that were
 * read from a port, piece by piece. Which port that is depends on where the guest's card is: all are looked at that are
 * not some other device's.
 */
import { PC_DEVICES } from '../../formats/pc-devices.js';
import { FILLER } from './filler.js';
import { addSums, findPackets, type FoundPacket, type FoundPart } from './packets.js';
import type { Payload } from './payload.js';
import { SAMPLE_BYTES } from './remains.js';

const CARDS = ['ne2k', 'virtio-net'];
const SCANNED_BYTES = 64 << 10;

/** Events of which each gives `width` bytes, one after another; `start`: of the first, counted from the packet's checksum. */
interface Run {
  event: number;
  count: number;
  width: number;
  start: number;
}

export class NetworkPayloads {
  private readonly streams = new Map<number, PortStream>();
  private readonly otherPorts = new Uint8Array(0x10000);

  constructor(private readonly found: (payload: Payload) => void) {
    for (const [name, { ports }] of Object.entries(PC_DEVICES)) {
      if (!CARDS.includes(name)) for (const [first, last] of ports) this.otherPorts.fill(1, first, last + 1);
    }
  }

  dma(event: number, position: number, data: Uint8Array): void {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
    findPackets(bytes, true, (packet) => {
      const run = { event, count: 1, width: bytes.length, start: -packet.sumAt };
      partsOf(packet, 'dma', position, [run]).forEach(this.found);
    });
  }

  portRead(event: number, position: number, port: number, size: number, value: number): void {
    if (this.otherPorts[port] === 1) return;
    let stream = this.streams.get(port);
    if (stream === undefined) this.streams.set(port, (stream = new PortStream(port, this.found)));
    stream.add(event, position, size, value);
  }

  end(): void {
    for (const stream of this.streams.values()) stream.scan(true);
  }
}

/** What was read from one port and not yet looked through, and by which events. */
class PortStream {
  private readonly bytes = Buffer.alloc(SCANNED_BYTES);
  private length = 0;
  private reads: { event: number; position: number; at: number; size: number }[] = [];

  constructor(
    private readonly port: number,
    private readonly found: (payload: Payload) => void,
  ) {}

  add(event: number, position: number, size: number, value: number): void {
    if (this.length + size > this.bytes.length) this.scan(false);
    this.bytes.writeUIntLE(value, this.length, size);
    this.reads.push({ event, position, at: this.length, size });
    this.length += size;
  }

  scan(whole: boolean): void {
    const done = findPackets(this.bytes.subarray(0, this.length), whole, (packet) => this.packet(packet));
    this.bytes.copyWithin(0, done, this.length);
    this.length -= done;
    const kept = this.reads.findIndex(({ at, size }) => at + size > done);
    this.reads = kept < 0 ? [] : this.reads.slice(kept).map((read) => ({ ...read, at: read.at - done }));
  }

  private packet(packet: FoundPacket): void {
    const runs: Run[] = [];
    let position: number | null = null;
    for (const read of this.reads) {
      if (read.at + read.size <= packet.sumAt) continue;
      if (read.at >= packet.end) break;
      position ??= read.position;
      const run = runs.at(-1);
      if (run !== undefined && read.event === run.event + run.count && read.size === run.width) run.count++;
      else runs.push({ event: read.event, count: 1, width: read.size, start: read.at - packet.sumAt });
    }
    partsOf(packet, `port ${this.port.toString(16)}h`, position ?? 0, runs).forEach(this.found);
  }
}

/** @param runs of the events from the packet's checksum to its end */
function partsOf(packet: FoundPacket, source: string, position: number, runs: readonly Run[]): PacketPart[] {
  return packet.parts.map((part) => new PacketPart(packet, part, source, position, runs));
}

class PacketPart implements Payload {
  readonly kind: Payload['kind'];
  readonly peer: string;
  readonly first: number;
  readonly last: number;
  readonly length: number;
  readonly sample: Uint8Array | null;
  /** Counted from the checksum. */
  private readonly from: number;

  constructor(
    private readonly packet: FoundPacket,
    private readonly part: FoundPart,
    readonly source: string,
    readonly position: number,
    private readonly runs: readonly Run[],
  ) {
    this.kind = packet.kind;
    this.peer = packet.peer;
    this.length = part.length;
    this.sample = part.begin.length === SAMPLE_BYTES ? part.begin : null;
    this.from = part.at - packet.sumAt;
    this.first = runs[0]!.event;
    const end = this.from + part.length - 1;
    const last = runs.findLast(({ start }) => start <= end)!;
    this.last = last.event + Math.min(last.count - 1, Math.floor((end - last.start) / last.width));
  }

  fill(event: number, data: Uint8Array, replaced: readonly Payload[]): boolean {
    const run = this.runs.find((each) => event >= each.event && event < each.event + each.count);
    if (run === undefined) return false;
    const start = run.start + (event - run.event) * run.width;
    const [from, end] = [Math.max(0, this.from - start), Math.min(data.length, this.from + this.length - start)];
    if (end > from) data.fill(FILLER, from, end);
    const sum = start < 2 && this.packet.sum !== 0 ? this.sumWith(replaced) : null;
    if (sum !== null) {
      for (const at of [0, 1])
        if (at >= start && at < start + data.length) data[at - start] = at === 0 ? sum >> 8 : sum & 0xff;
    }
    return true;
  }

  /** The packet's checksum with these parts of it replaced. */
  private sumWith(replaced: readonly Payload[]): number {
    const sum = replaced.reduce(
      (total, other) =>
        other instanceof PacketPart && other.packet === this.packet ? addSums(total, other.part.delta) : total,
      this.packet.sum,
    );
    return this.kind === 'udp' && sum === 0 ? 0xffff : sum;
  }
}
