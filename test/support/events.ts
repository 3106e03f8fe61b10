/** Made-up events of a relog, of every kind, and how each is written. */
import fc from 'fast-check';
import { EVENT_LAYOUT, type FieldType, type RelogEvent } from '../../formats/event-layout.js';
import type { EventWriter } from '../../formats/event-writer.js';
import { EVENT, type EventName } from '../../formats/events.js';

const u32 = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(300));
const u16 = fc.integer({ min: 0, max: 0xffff });
const sized = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const FIELD: Record<FieldType, fc.Arbitrary<unknown>> = {
  u8: fc.nat(0xff),
  u16,
  u32,
  u64: fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 300n })),
  width: fc.constantFrom(1, 2, 4),
  optional: fc.option(u32),
  bytes: fc.uint8Array({ maxLength: 300 }),
  st: sized(10),
  xmm: sized(16),
  gpr: fc.array(u32, { minLength: 8, maxLength: 8 }),
};

/** Not those that come once, whose fields the writer computes, or that it does not write: v86's results are exact. */
const NOT_FREE: readonly EventName[] = ['check', 'state', 'effect', 'end', 'sseApproximation'];
const FREE = (Object.keys(EVENT) as EventName[]).filter((name) => !NOT_FREE.includes(name));

/** A run's worth of events from position 7 on; positions of synchronous ones are those of what is before them. */
export function anyEvents(): fc.Arbitrary<RelogEvent[]> {
  const one = fc.constantFrom(...FREE).chain((kind) => {
    const fields = Object.fromEntries(EVENT_LAYOUT[kind].map(([name, type]) => [name, FIELD[type]]));
    const delta = fc.oneof(fc.nat(30), fc.nat(2 ** 31), fc.nat(2 ** 40));
    return fc.record({ kind: fc.constant(kind), delta, fields: fc.record(fields) });
  });
  return fc.array(one, { maxLength: 30 }).map((events) => {
    let position = 7;
    return events.map(({ kind, delta, fields }) => {
      if (EVENT[kind] >= EVENT.interrupt) position += delta;
      const event: Record<string, unknown> = { kind, position, ...fields };
      if ('size' in event) event['value'] = Number(event['value']) % 2 ** (8 * (event['size'] as number));
      return event as unknown as RelogEvent;
    });
  });
}

export function writeEvent(writer: EventWriter, e: RelogEvent): void {
  const halves = (value: bigint): [number, number] => [Number(value & 0xffffffffn), Number(value >> 32n)];
  switch (e.kind) {
    case 'portRead':
      return writer.portRead(e.port, e.size, e.value);
    case 'mmioRead':
      return writer.mmioRead(e.address, e.size, e.value);
    case 'tsc':
      return writer.tsc(...halves(e.value));
    case 'cpuid':
      return writer.cpuid(e.leaf, e.subleaf, [e.eax, e.ebx, e.ecx, e.edx]);
    case 'msr':
      return writer.msr(e.index, ...halves(e.value));
    case 'random':
      return writer.random(e.value);
    case 'flagsImage':
      return writer.flagsImage(e.eflags);
    case 'x87':
      return writer.x87(e.opcode, e.st0, e.st1, e.fsw);
    case 'x87Environment':
      return writer.x87Environment([e.fcw, e.fsw, e.ftw, e.fop, e.fip, e.fcs, e.fdp, e.fds, e.mask]);
    case 'x87Status':
      return writer.x87Status(e.fsw);
    case 'interrupt':
      return writer.interrupt(e.position, e.vector, e.eip, e.eflags, e.rep);
    case 'exception':
      return writer.exception(e.position, e.vector, e.eip, e.eflags, e.error, e.cr2);
    case 'softwareInterrupt':
      return writer.softwareInterrupt(e.position, e.vector, e.eip, e.eflags);
    case 'dma':
      return writer.dma(e.position, e.address, e.data, e.rep);
    case 'keyframeMark':
      return writer.keyframeMark(e.position, e.index, e.rep);
    case 'end':
    case 'check':
    case 'state':
    case 'effect':
    case 'sseApproximation':
      throw new Error(`${e.kind} is not for made-up runs`);
  }
}
