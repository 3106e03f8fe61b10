/**
 * The fields of each kind of event, in their order (docs/formats/relog.md): one table, from which events are read,
 * stepped over and printed. The kind, and the delta of those that have a position, come before them.
 */
import type { EventName } from './events.js';

/** What TypeScript makes of each type of field. */
interface FieldValues {
  u8: number;
  u16: number;
  u32: number;
  u64: bigint;
  /** Bytes of an access: 1, 2 or 4. */
  width: number;
  /** A u32, or null. */
  optional: number | null;
  bytes: Uint8Array;
  /** An x87 register, 10 bytes. */
  st: Uint8Array;
  /** An SSE register, 16 bytes. */
  xmm: Uint8Array;
  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  gpr: number[];
}
export type FieldType = keyof FieldValues;
type Field = readonly [name: string, type: FieldType];

const ACCESS = [
  ['size', 'width'],
  ['value', 'u32'],
] as const satisfies readonly Field[];
const DELIVERY = [
  ['vector', 'u8'],
  ['eip', 'u32'],
  ['eflags', 'u32'],
] as const satisfies readonly Field[];
const REP = ['rep', 'optional'] as const satisfies Field;

export const EVENT_LAYOUT = {
  portRead: [['port', 'u16'], ...ACCESS],
  mmioRead: [['address', 'u32'], ...ACCESS],
  tsc: [['value', 'u64']],
  cpuid: [
    ['leaf', 'u32'],
    ['subleaf', 'u32'],
    ['eax', 'u32'],
    ['ebx', 'u32'],
    ['ecx', 'u32'],
    ['edx', 'u32'],
  ],
  msr: [
    ['index', 'u32'],
    ['value', 'u64'],
  ],
  random: [['value', 'u32']],
  flagsImage: [['eflags', 'u32']],
  x87: [
    ['opcode', 'u16'],
    ['st0', 'st'],
    ['st1', 'st'],
    ['fsw', 'u16'],
  ],
  x87Environment: [
    ['fcw', 'u16'],
    ['fsw', 'u16'],
    ['ftw', 'u16'],
    ['fop', 'u16'],
    ['fip', 'u32'],
    ['fcs', 'u16'],
    ['fdp', 'u32'],
    ['fds', 'u16'],
    ['mask', 'u32'],
  ],
  x87Status: [['fsw', 'u16']],
  sseApproximation: [
    ['opcode', 'u16'],
    ['value', 'xmm'],
  ],
  interrupt: [...DELIVERY, REP],
  exception: [...DELIVERY, ['error', 'optional'], ['cr2', 'optional']],
  softwareInterrupt: DELIVERY,
  dma: [['address', 'u32'], ['data', 'bytes'], REP],
  keyframeMark: [['index', 'u32'], REP],
  end: [REP],
  check: [['eip', 'u32'], ['eflags', 'u32'], ['gpr', 'gpr'], REP, ['digest', 'u32']],
  state: [['state', 'bytes']],
  effect: [
    ['eip', 'u32'],
    ['code', 'bytes'],
    ['after', 'bytes'],
    ['writes', 'bytes'],
  ],
} as const satisfies Record<EventName, readonly Field[]>;

type Layout = typeof EVENT_LAYOUT;

/** One event, read. `position` is of the event itself, or of the last positioned one before a synchronous one. */
export type RelogEvent = {
  [Name in EventName]: { kind: Name; position: number } & {
    [F in Layout[Name][number] as F[0]]: FieldValues[F[1]];
  };
}[EventName];
