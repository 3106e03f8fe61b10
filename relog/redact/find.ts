/** Finds what can be replaced in a relog, by stepping through its events, without simulating anything. */
import { ContainerReader } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { kindTable, type EventReader } from '../../formats/event-reader.js';
import { EVENT } from '../../formats/events.js';
import { readRelogHeader, RELOG_FRAME } from '../../formats/relog.js';
import { breathe } from '../breathe.js';
import type { StageOptions } from '../api.js';
import { RelogEvents } from '../inspect/relog-events.js';
import { NetworkPayloads } from './network-payloads.js';
import { byArrival, type Payload } from './payload.js';
import { SerialLines } from './serial-lines.js';

/** What to look for. */
export interface Channels {
  serial: boolean;
  network: boolean;
}

/** Events that carry payloads. */
export const CARRIERS = kindTable([EVENT.portRead, EVENT.dma]);

export interface Found {
  /** In the order in which they begin to arrive. */
  payloads: Payload[];
  /** Number of the last keyframe before all of them. */
  keyframe: number;
}

/**
 * @throws DecoupleError what reading a relog throws; damaged when it has no end
 */
export async function findPayloads(path: string, channels: Channels, { signal }: StageOptions): Promise<Found> {
  const payloads: Payload[] = [];
  const finder = new Finder(channels, (payload) => payloads.push(payload));
  /** Events before each keyframe. */
  const keyframes: number[] = [];
  const reader = new ContainerReader(path, 'relog');
  try {
    readRelogHeader(reader);
    const frames = new RelogEvents(reader, {
      onFrame: ({ kind }) => {
        if (kind === RELOG_FRAME.keyframe) keyframes.push(finder.events);
      },
    });
    let ended = false;
    for (let frame = frames.nextFrame(); frame !== null; frame = frames.nextFrame()) {
      finder.frame(frame);
      ended ||= frame.ended;
      await breathe(signal);
    }
    if (!ended) throw withoutEnd(path);
  } finally {
    reader.close();
  }
  finder.end();
  payloads.sort(byArrival);
  const first = payloads[0]?.first ?? 0;
  return {
    payloads,
    keyframe: Math.max(
      0,
      keyframes.findLastIndex((events) => events <= first),
    ),
  };
}

export class Finder {
  private readonly serial: SerialLines | null;
  private readonly network: NetworkPayloads | null;
  /** Events stepped through. */
  events = 0;

  constructor(channels: Channels, found: (payload: Payload) => void) {
    this.serial = channels.serial ? new SerialLines(found) : null;
    this.network = channels.network ? new NetworkPayloads(found) : null;
  }

  /** Steps through a frame to its end. Errors: ShapeError. */
  frame(reader: EventReader): void {
    while (reader.next(CARRIERS)) {
      const number = this.events + reader.count - 1;
      const event = reader.read();
      const { position } = event;
      if (event.kind === 'portRead') {
        this.serial?.portRead(number, position, event.port, event.size, event.value);
        this.network?.portRead(number, position, event.port, event.size, event.value);
      } else if (event.kind === 'dma') this.network?.dma(number, position, event.data);
    }
    this.events += reader.count;
  }

  end(): void {
    this.serial?.end();
    this.network?.end();
  }
}

/** What is complete in it may be used, but nothing says where the simulator is to be then. */
function withoutEnd(path: string): DecoupleError {
  return new DecoupleError(
    'damaged',
    `${path} is cut off: it has no end.`,
    'Make a whole relog of what is there with `decouple cut`, from its start, and redact that.',
  );
}
