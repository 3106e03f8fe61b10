/**
 * One end of a TCP connection, the one that is not in the guest (RFC 9293): opening in either direction, closing,
 * resets. It knows no sockets and no packets; what carries its bytes on the host's side is its `Application`.
 */
import { RECEIVE_BYTES, UNANSWERED_MS } from '../limits.js';
import type { ConnectionOptions } from './application.js';
import { distance, Receiver } from './receiver.js';
import { lengthOf, MAX_SEGMENT_BYTES, TCP_FLAG, type Segment } from './segment.js';
import { SendQueue } from './send-queue.js';
import { Sender } from './sender.js';

type State = 'waiting' | 'syn-sent' | 'syn-received' | 'open' | 'lingering' | 'closed';

/** RFC 7323: windows are told in units of 16 bytes. */
const SCALE = 4;
const MIN_MSS = 64;
/** What a side that names no MSS takes (RFC 9293, 3.7.1). */
const DEFAULT_MSS = 536;
const MAX_SYNS = 6;
const SYN_MS = 1000;
/** Short for a TIME-WAIT: nothing between the two ends can delay a segment. */
const LINGER_MS = 2000;
const NOTHING = Buffer.alloc(0);

export class Connection {
  private state: State = 'waiting';
  private sender: Sender | null = null;
  private receiver: Receiver | null = null;
  /** What the application wrote before the connection was open. */
  private readonly early = new SendQueue();
  private earlyEnd = false;
  /** How far windows are shifted, in either direction; 0 when the guest does not scale. */
  private localScale = 0;
  private remoteScale = 0;
  private mss = DEFAULT_MSS;
  private answerDue = false;
  private cancelTimer: (() => void) | null = null;
  private readonly since: number;

  constructor(private readonly options: ConnectionOptions) {
    this.since = options.timers.now();
  }

  /** Bytes written that the guest has not acknowledged. */
  get waiting(): number {
    return this.early.length + (this.sender?.waiting ?? 0);
  }

  /** Both sides have ended, and the host's is gone. */
  get over(): boolean {
    return this.state === 'lingering' && this.options.application().released();
  }

  /** Somebody should have answered by now for the connection to be. */
  get unanswered(): boolean {
    const opening = this.state === 'waiting' || this.state === 'syn-sent' || this.state === 'syn-received';
    return opening && this.options.timers.now() - this.since >= UNANSWERED_MS;
  }

  /** Answers the guest's SYN. */
  accept(syn: Segment): void {
    // It may have given way by now.
    if (this.state !== 'waiting') return;
    this.negotiate(syn);
    this.receiver = new Receiver((syn.seq + 1) >>> 0, () => this.options.application().pending());
    this.state = 'syn-received';
    this.sendSyn(1);
  }

  /** Asks the guest for a connection. */
  connect(): void {
    this.state = 'syn-sent';
    this.sendSyn(1);
  }

  write(data: Buffer): void {
    if (this.sender === null) this.early.push(data);
    else this.sender.write(data);
  }

  end(): void {
    if (this.sender === null) this.earlyEnd = true;
    else this.sender.finish();
  }

  /** The host's side is gone, and with it what was on its way. */
  reset(): void {
    if (this.state === 'closed') return;
    if (this.state !== 'lingering') this.emit({ seq: this.seq(this.sender?.position ?? 0), flags: TCP_FLAG.rst });
    this.close();
  }

  /** It is taken away: neither side hears of the other any more. */
  abandon(): void {
    this.giveUp('reset');
  }

  /** The application has passed bytes on. */
  consumed(): void {
    if (this.state === 'open' && this.receiver!.hasNews) this.answer();
  }

  receive(segment: Segment): void {
    switch (this.state) {
      case 'waiting':
      case 'closed':
        return;
      case 'syn-sent':
        return this.receiveAnswer(segment);
      case 'syn-received':
        if (!this.isSane(segment)) return;
        if (distance(this.seq(0), segment.ack) !== 0) return;
        this.open(segment.window << this.remoteScale);
        return this.receiveOpen(segment);
      case 'open':
      case 'lingering':
        if (this.isSane(segment)) this.receiveOpen(segment);
    }
  }

  private receiveAnswer(segment: Segment): void {
    const { flags, ack } = segment;
    if ((flags & TCP_FLAG.ack) === 0 || ack !== this.seq(0)) return;
    if (flags & TCP_FLAG.rst) return this.fail('refused');
    if ((flags & TCP_FLAG.syn) === 0) return;
    this.negotiate(segment);
    this.receiver = new Receiver((segment.seq + 1) >>> 0, () => this.options.application().pending());
    // Only from here on are windows scaled.
    this.open(segment.window);
    this.answer();
    this.options.application().opened();
  }

  /** Deals with RST and SYN (RFC 5961); false when there is nothing more to a segment. */
  private isSane(segment: Segment): boolean {
    const { flags, seq } = segment;
    if (flags & TCP_FLAG.rst) {
      if (seq === this.receiver!.next) this.fail('reset');
      else if (this.receiver!.expects(seq)) this.answer();
      return false;
    }
    if (flags & TCP_FLAG.syn) {
      if (this.state === 'syn-received') this.sendSyn(1);
      else this.answer();
      return false;
    }
    return (flags & TCP_FLAG.ack) !== 0;
  }

  private receiveOpen(segment: Segment): void {
    const application = this.options.application();
    const before = this.sender!.waiting;
    const base = this.seq(0);
    this.sender!.acknowledge(
      (position) => distance((base + position) >>> 0, segment.ack),
      segment.window << this.remoteScale,
      lengthOf(segment) === 0,
    );
    if (this.sender!.waiting < before) application.acknowledged();
    const { data, ended, answer } = this.receiver!.accept(segment);
    if (data.length > 0) application.data(data);
    if (ended) application.ended();
    if (answer) this.answerSoon();
    if (this.state === 'open' && this.sender!.done && this.receiver!.ended) this.linger();
  }

  private negotiate({ mss, scale }: Segment): void {
    this.mss = Math.min(MAX_SEGMENT_BYTES, Math.max(MIN_MSS, mss ?? DEFAULT_MSS));
    this.localScale = scale === null ? 0 : SCALE;
    this.remoteScale = scale ?? 0;
  }

  /** @param window of the guest, in bytes */
  private open(window: number): void {
    this.stopTimer();
    this.state = 'open';
    const { timers, maxOnItsWay } = this.options;
    this.sender = new Sender(
      {
        ...{ timers, maxOnItsWay, mss: this.mss },
        emit: (at, data, fin) => {
          const flags = TCP_FLAG.ack | (data.length > 0 ? TCP_FLAG.psh : 0) | (fin ? TCP_FLAG.fin : 0);
          this.emit({ seq: this.seq(at), flags, data });
        },
        dead: () => this.fail('timeout'),
      },
      window,
    );
    this.sender.write(this.early.take(this.early.length));
    if (this.earlyEnd) this.sender.finish();
  }

  private sendSyn(attempt: number): void {
    this.stopTimer();
    if (attempt > MAX_SYNS) return this.fail('timeout');
    const answering = this.state === 'syn-received';
    const scale = !answering || this.localScale > 0 ? SCALE : null;
    const flags = TCP_FLAG.syn | (answering ? TCP_FLAG.ack : 0);
    this.emit({ seq: this.options.initial, flags, mss: MAX_SEGMENT_BYTES, scale });
    const delay = SYN_MS * 2 ** (attempt - 1);
    this.cancelTimer = this.options.timers.after(delay, () => this.sendSyn(attempt + 1));
  }

  /** What came in one go is answered by one segment. */
  private answerSoon(): void {
    if (this.answerDue) return;
    this.answerDue = true;
    this.options.timers.soon(() => {
      if (this.answerDue && this.state !== 'closed') this.answer();
    });
  }

  private answer(): void {
    this.emit({ seq: this.seq(this.sender!.position), flags: TCP_FLAG.ack });
  }

  private emit(part: { seq: number; flags: number } & Partial<Segment>): void {
    const { localPort, remotePort } = this.options;
    const room = this.receiver?.advertise() ?? RECEIVE_BYTES;
    const isSyn = (part.flags & TCP_FLAG.syn) !== 0;
    const ack = this.receiver?.next ?? 0;
    this.answerDue = false;
    this.options.send({
      sourcePort: localPort,
      destinationPort: remotePort,
      ack,
      window: Math.min(0xffff, isSyn ? room : room >>> this.localScale),
      mss: null,
      scale: null,
      data: NOTHING,
      ...part,
      flags: part.flags | (this.receiver === null ? 0 : TCP_FLAG.ack),
    });
  }

  /** The number of a position of the sender. */
  private seq(position: number): number {
    return (this.options.initial + 1 + position) >>> 0;
  }

  private linger(): void {
    this.state = 'lingering';
    this.cancelTimer = this.options.timers.after(LINGER_MS, () => {
      // Its place is taken for as long as there is a socket, which may have to wait until the host takes everything.
      if (this.over) this.close();
      else this.linger();
    });
  }

  private fail(why: 'refused' | 'reset' | 'timeout'): void {
    // What the guest has ended in order, the host may take in its own time.
    if (this.state !== 'lingering' || this.over) this.giveUp(why);
  }

  private giveUp(why: 'refused' | 'reset' | 'timeout'): void {
    const { over } = this;
    this.close();
    if (!over) this.options.application().failed(why);
  }

  private close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.stopTimer();
    this.sender?.stop();
    this.options.closed();
  }

  private stopTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = null;
  }
}
