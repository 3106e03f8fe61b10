/** Input that is wrong: refused with an error, never more. */
import type { TestFn } from 'ava';
import fc from 'fast-check';
import { encode } from '../../../../formats/cbor.js';
import { EventWriter } from '../../../../formats/event-writer.js';
import { DecoupleError } from '../../../../formats/errors.js';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const NOTHING = 'start: jmp start';

function validFrame(): Uint8Array {
  const events = new EventWriter(0);
  events.portRead(0x60, 1, 5);
  events.mmioRead(0xa0000, 4, 6);
  events.tsc(1, 2);
  events.cpuid(1, 2, [3, 4, 5, 6]);
  events.msr(1, 2, 3);
  events.random(7);
  events.flagsImage(8);
  events.x87(0xd9fe, new Uint8Array(10), new Uint8Array(10), 0);
  events.x87Environment([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  events.x87Status(1);
  events.interrupt(1, 2, 3, 4, 5);
  events.exception(2, 3, 4, 5, 6, 7);
  events.softwareInterrupt(3, 4, 5, 6);
  events.dma(4, MAP.data, Uint8Array.of(1, 2), null);
  events.effect(4, 5, Uint8Array.of(0x90), Uint8Array.of(0xa0), encode([[MAP.data, Uint8Array.of(1)]]));
  events.keyframeMark(5, 1, null);
  events.check(6, 7, 8, [1, 2, 3, 4, 5, 6, 7, 8], null);
  events.end(7, null);
  return events.take();
}

export function malformedSuite(test: TestFn, make: MakeSimulator): void {
  test('malformed: a frame is refused as a whole, with a reason', (t) => {
    const s = new Scenario(make, NOTHING);
    const refused = (bytes: number[]): void => {
      const error = t.throws(() => s.simulator.feed(Uint8Array.from(bytes)), { instanceOf: DecoupleError });
      t.is(error.code, 'relog-malformed');
    };
    refused([]);
    refused([0xf6]);
    refused([0x20]);
    refused([0, 0x00]);
    refused([0, 0x81, 1]);
    refused([0, 0x83, 21, 0]);
    refused([0, 0x83, 21, 0, 0xf6, 0x83, 21, 0, 0xf6]);
    refused([0, 0x82, 12, 0]);
    refused([0, 0x84, 1, 0x60, 3, 0]);
    refused([0, 0x84, 1, 0x19, 0x01, 0x00, 1, 0x19, 0x01, 0x00]);
    refused([0, 0x84, 1, 0x1a, 0, 1, 0, 0, 1, 0]);
    refused([0, 0x85, 19, 0, 0, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6]);
    refused([0, 0x9f, 1]);
    refused([0, 0x83, 21, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    refused([1, 0x83, 21, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf6]);
    t.is(s.simulator.run().reason, 'starved');
  });

  test('malformed: DMA outside RAM, positions that go back, events after the end', (t) => {
    const dma = (address: number): Uint8Array => {
      const events = new EventWriter(0);
      events.dma(0, address, new Uint8Array(16), null);
      return events.take();
    };
    const s = new Scenario(make, NOTHING);
    for (const address of [MAP.device, MAP.device - 8, 0xfffffff8, 0x200000 - 8]) {
      t.throws(() => s.simulator.feed(dma(address)), { instanceOf: DecoupleError });
    }
    s.simulator.feed(dma(0x200000 - 16));
    const later = new EventWriter(100);
    later.end(100, null);
    s.simulator.feed(later.take());
    t.throws(() => s.simulator.feed(dma(0)), { instanceOf: DecoupleError });
  });

  test('malformed: effects outside RAM, of no instruction, with writes that are none', (t) => {
    const effect = (code: number, writes: Uint8Array): Uint8Array => {
      const events = new EventWriter(0);
      events.effect(0, 0, new Uint8Array(code), Uint8Array.of(0xa0), writes);
      return events.take();
    };
    const at = (address: number, size: number): Uint8Array => encode([[address, new Uint8Array(size)]]);
    const s = new Scenario(make, NOTHING);
    for (const [code, writes] of [
      [0, at(0, 1)],
      [16, at(0, 1)],
      [1, at(MAP.device, 1)],
      [1, at(0x200000 - 8, 16)],
      [1, at(0xffffffff, 2)],
      [1, at(0, 0)],
      [1, encode([[0]])],
      [1, encode(0)],
      [1, Uint8Array.of(0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
      [1, Uint8Array.of(0x80, 0)],
      [1, new Uint8Array()],
    ] as const) {
      const error = t.throws(() => s.simulator.feed(effect(code, writes)), { instanceOf: DecoupleError });
      t.is(error.code, 'relog-malformed');
    }
    s.simulator.feed(effect(15, at(0x200000 - 16, 16)));
  });

  test('malformed: frames that begin before the last one ended', (t) => {
    const s = new Scenario(make, NOTHING);
    const frame = (base: number, position: number): Uint8Array => {
      const events = new EventWriter(base);
      events.check(position, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0], null);
      return events.take();
    };
    s.simulator.feed(frame(0, 50));
    t.throws(() => s.simulator.feed(frame(49, 50)), { instanceOf: DecoupleError });
    s.simulator.feed(frame(50, 50));
  });

  test('malformed: every cut of a valid frame, but between two events, is refused', (t) => {
    const frame = validFrame();
    const s = new Scenario(make, NOTHING);
    let whole = 0;
    for (let length = 0; length < frame.length; length++) {
      s.simulator.dropEvents();
      try {
        s.simulator.feed(frame.subarray(0, length));
        whole++;
      } catch (error) {
        t.true(error instanceof DecoupleError);
      }
    }
    // One for each event: what comes before it.
    t.is(whole, 18);
    s.simulator.dropEvents();
    s.simulator.feed(frame);
  });

  test('malformed: random bytes, and random changes of a valid frame, are refused or run', (t) => {
    const s = new Scenario(make, NOTHING);
    const frame = validFrame();
    const feedAndRun = (bytes: Uint8Array): void => {
      s.restart();
      try {
        s.simulator.feed(bytes);
      } catch (error) {
        t.true(error instanceof DecoupleError);
        return;
      }
      s.simulator.run(1000);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), feedAndRun), { numRuns: 300 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(frame.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = frame.slice();
          for (const [at, value] of changes) bytes[at] = value;
          feedAndRun(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });
}
