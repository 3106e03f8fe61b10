import test from 'ava';
import fc from 'fast-check';
import { EVENT, EVENT_TITLE } from '../../formats/events.js';
import { eventText } from '../../relog/inspect/event-json.js';
import { anyEvents } from '../support/events.js';

/** As JSON has it: hex for bytes and for integers of 64 bits. */
function shown(value: unknown): unknown {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

test('an event is one line of JSON, with its fields in their order', (t) => {
  fc.assert(
    fc.property(anyEvents(), (events) => {
      for (const { kind, position, ...fields } of events) {
        const text = eventText({ kind, position, ...fields } as (typeof events)[number], true);
        t.false(text.includes('\n'));
        const expected = [
          [EVENT[kind] >= EVENT.interrupt ? 'position' : 'after', position],
          ['kind', EVENT_TITLE.get(EVENT[kind])],
          ...Object.entries(fields).map(([name, value]) => [name, shown(value)]),
        ];
        t.deepEqual(Object.entries(JSON.parse(text) as object), expected);
      }
    }),
  );
});
