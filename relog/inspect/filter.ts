/** Which events of a relog, or items of a recording, somebody wants to see. */
import { INPUT_CHANNELS, OUTPUT_CHANNELS } from '../../formats/devices.js';
import { DecoupleError } from '../../formats/errors.js';
import { kindTable, type EventReader } from '../../formats/event-reader.js';
import { EVENT, EVENT_TITLE } from '../../formats/events.js';
import { PC_DEVICES } from '../../formats/pc-devices.js';

export interface FilterOptions {
  /** Names of kinds; null is all. */
  kinds: readonly string[] | null;
  /** First and last position (relog) or step (recording). */
  from: number;
  to: number;
  /** Names of devices or, in a recording, of channels; null is all. */
  devices: readonly string[] | null;
  /** Ranges of ports, first and last. */
  ports: readonly (readonly [number, number])[] | null;
}

/** Kinds of items that a recording's log is told as. */
export const LOG_KINDS = ['clock', 'module', 'input', 'output', 'console', 'digest'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

type Ranges = readonly (readonly [number, number])[];

/** Chosen events of a relog. */
export class EventFilter {
  /** For {@link EventReader.next}. */
  readonly wanted: Uint8Array;
  private readonly ports: Ranges | null;
  private readonly memory: Ranges;

  /** @throws DecoupleError usage */
  constructor({ kinds, devices, ports }: FilterOptions) {
    const numbers = kinds === null ? [...EVENT_TITLE.keys()] : kinds.map(eventKind);
    const ranges = (devices ?? []).map((name) => {
      if (!Object.hasOwn(PC_DEVICES, name)) throw unknown('device', name, Object.keys(PC_DEVICES));
      return PC_DEVICES[name]!;
    });
    this.ports = devices === null && ports === null ? null : [...(ports ?? []), ...ranges.flatMap((d) => d.ports)];
    this.memory = ranges.flatMap((d) => d.memory ?? []);
    // Of all events only these two say which device they come from.
    const placed: number[] = [EVENT.portRead, EVENT.mmioRead];
    this.wanted = kindTable(this.ports === null ? numbers : numbers.filter((kind) => placed.includes(kind)));
  }

  /** Whether the event the reader stands at, of a wanted kind, is of a device that is wanted. */
  matches(events: EventReader): boolean {
    if (this.ports === null) return true;
    return within(events.first(), events.kind === EVENT.portRead ? this.ports : this.memory);
  }
}

/** Other names of what goes in and out of a recorded machine. */
const CHANNELS_OF: Record<string, readonly string[]> = {
  ...Object.fromEntries([...INPUT_CHANNELS, ...OUTPUT_CHANNELS].map((channel) => [channel, [channel]])),
  ...Object.fromEntries([0, 1, 2, 3].map((n) => [`uart${n}`, [`serial${n}`]])),
  mouse: ['mouse-move', 'mouse-buttons', 'mouse-wheel'],
  ne2k: ['network'],
  'virtio-net': ['network'],
};

/** Chosen items of a recording's log. */
export class LogFilter {
  private readonly kinds: ReadonlySet<string>;
  private readonly channels: ReadonlySet<string> | null;

  /** @throws DecoupleError usage */
  constructor({ kinds, devices, ports }: FilterOptions) {
    if (ports !== null) {
      throw new DecoupleError(
        'usage',
        'A recording has no port reads to look for.',
        'Relog it first, or name channels with --device.',
      );
    }
    for (const kind of kinds ?? []) {
      if (!(LOG_KINDS as readonly string[]).includes(kind)) throw unknown('kind in a recording', kind, LOG_KINDS);
    }
    this.kinds = new Set(kinds ?? LOG_KINDS);
    const channels = devices?.flatMap((name) => {
      if (!Object.hasOwn(CHANNELS_OF, name)) throw unknown('device in a recording', name, Object.keys(CHANNELS_OF));
      return CHANNELS_OF[name]!;
    });
    this.channels = channels === undefined ? null : new Set(channels);
  }

  /** @param channel null for items that belong to no device */
  wants(kind: LogKind, channel: string | null): boolean {
    return this.kinds.has(kind) && (this.channels === null || (channel !== null && this.channels.has(channel)));
  }
}

/**
 * The number of a kind of events by its name.
 * @throws DecoupleError usage
 */
export function eventKind(name: string): number {
  for (const [kind, title] of EVENT_TITLE) if (title === name) return kind;
  throw unknown('kind of event', name, [...EVENT_TITLE.values()]);
}

function unknown(what: string, name: string, known: readonly string[]): DecoupleError {
  return new DecoupleError('usage', `There is no ${what} "${name}".`, `There are: ${[...new Set(known)].join(', ')}.`);
}

function within(value: number, ranges: Ranges): boolean {
  for (const [first, last] of ranges) if (value >= first && value <= last) return true;
  return false;
}
