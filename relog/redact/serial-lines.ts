/** Finds the lines that a guest read from its serial ports: 16550s, where PCs have them. */
import { PC_DEVICES } from '../../formats/pc-devices.js';
import { textFiller } from './filler.js';
import type { Payload } from './payload.js';
import { SAMPLE_BYTES } from './remains.js';

const UARTS = ['uart0', 'uart1', 'uart2', 'uart3'];
const REGISTER = { receive: 0, cause: 2, status: 5 } as const;
const DATA_READY = 1;
/** Interrupt causes: there is data, and there has been for a while. */
const CAUSE_MASK = 0x0f;
const CAUSES_OF_DATA = [0x04, 0x0c];
const SPACE = 0x20;
const TAB = 9;
const DELETE = 0x7f;

export class SerialLines {
  private readonly ports: SerialPort[];

  constructor(found: (line: Payload) => void) {
    this.ports = UARTS.map((name) => new SerialPort(name, PC_DEVICES[name]!.ports[0]![0], found));
  }

  /** @param event number of the event; `position`: of the one with a position before it */
  portRead(event: number, position: number, port: number, size: number, value: number): void {
    const uart = this.ports.find(({ base }) => port >= base && port < base + 8);
    if (uart !== undefined && size === 1) uart.read(event, position, port - uart.base, value);
  }

  end(): void {
    for (const port of this.ports) port.endLine();
  }
}

class SerialPort {
  private ready = false;
  private events: number[] = [];
  private begin: number[] = [];
  private position = 0;
  private changes = false;

  constructor(
    private readonly name: string,
    readonly base: number,
    private readonly found: (line: Payload) => void,
  ) {}

  read(event: number, position: number, register: number, value: number): void {
    if (register === REGISTER.status) this.ready = (value & DATA_READY) !== 0;
    else if (register === REGISTER.cause) this.ready ||= CAUSES_OF_DATA.includes(value & CAUSE_MASK);
    // Without data the same port may be a half of the divisor.
    else if (register === REGISTER.receive && this.ready) this.byte(event, position, value);
  }

  private byte(event: number, position: number, value: number): void {
    if ((value < SPACE && value !== TAB) || value === DELETE) {
      this.endLine();
      return;
    }
    if (this.events.length === 0) this.position = position;
    this.events.push(event);
    if (this.begin.length < SAMPLE_BYTES) this.begin.push(value);
    this.changes ||= textFiller(value) !== value;
  }

  endLine(): void {
    const { events, begin, position, changes, name } = this;
    this.events = [];
    this.begin = [];
    this.changes = false;
    if (changes) this.found(new SerialLine(name, position, Uint32Array.from(events), Uint8Array.from(begin)));
  }
}

class SerialLine implements Payload {
  readonly kind = 'line';
  readonly peer = null;
  readonly first: number;
  readonly last: number;
  readonly length: number;
  readonly sample: Uint8Array | null;

  constructor(
    readonly source: string,
    readonly position: number,
    private readonly events: Uint32Array,
    begin: Uint8Array,
  ) {
    this.sample = begin.length === SAMPLE_BYTES ? begin : null;
    this.first = events[0]!;
    this.last = events.at(-1)!;
    this.length = events.length;
  }

  fill(event: number, data: Uint8Array): boolean {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.events[middle]! < event) low = middle + 1;
      else high = middle;
    }
    if (this.events[low] !== event) return false;
    data[0] = textFiller(data[0]!);
    return true;
  }
}
