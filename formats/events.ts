/** Kinds of events in a relog (docs/formats/relog.md). From 16 on they have a position. */
export const EVENT = {
  portRead: 1,
  mmioRead: 2,
  tsc: 3,
  cpuid: 4,
  msr: 5,
  random: 6,
  flagsImage: 7,
  x87: 8,
  x87Environment: 9,
  x87Status: 10,
  sseApproximation: 11,
  interrupt: 16,
  exception: 17,
  softwareInterrupt: 18,
  dma: 19,
  keyframeMark: 20,
  end: 21,
  check: 22,
  state: 23,
  effect: 24,
} as const;

/** Kinds of events with a position of their own. */
export const POSITIONED_EVENTS: readonly number[] = Object.values(EVENT).filter((kind) => kind >= EVENT.interrupt);

export type EventName = keyof typeof EVENT;

export const EVENT_NAME: ReadonlyMap<number, EventName> = new Map(
  (Object.entries(EVENT) as [EventName, number][]).map(([name, kind]) => [kind, name]),
);

/** The name of each kind in the specification, which is what people see: `port-read`. */
export const EVENT_TITLE: ReadonlyMap<number, string> = new Map(
  [...EVENT_NAME].map(([kind, name]) => [kind, name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)]),
);
