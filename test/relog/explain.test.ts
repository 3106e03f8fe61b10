/** The parts of an explanation that can be looked at without a machine. */
import test from 'ava';
import { parseFault } from '../../engines/unicorn/index.js';
import { EventWriter } from '../../formats/event-writer.js';
import { eventText, readEvents } from '../../relog/explain/events.js';
import { EventComparison } from '../../relog/explain/event-comparison.js';
import { Decoding, stringTarget, written, type Decoded } from '../../relog/explain/operands.js';
import { Trace } from '../../relog/explain/trace.js';

const GPR = [0x100, 0x200, 0x300, 0x400, 0x8000, 0x500, 0x600, 0x700];
const REGISTERS = { gpr: GPR, base: (segment: number) => (segment === 5 ? 0x10000 : 0) };

function decoded(code: number[], bits: 16 | 32 = 32): Decoded {
  const decoding = new Decoding();
  try {
    return decoding.at(0x1000, Uint8Array.from([...code, 0x90, 0x90, 0x90]), bits)!;
  } finally {
    decoding.close();
  }
}

const WRITES: [string, number[], 16 | 32, number, number][] = [
  ['mov [ebx+esi*4-8], eax', [0x89, 0x44, 0xb3, 0xf8], 32, 0x400 + 0x1800 - 8, 4],
  ['push eax', [0x50], 32, 0x7ffc, 4],
  ['mov byte gs:[ecx], 1', [0x65, 0xc6, 0x01, 0x01], 32, 0x10200, 1],
  ['inc word [bx+si]', [0xff, 0x00], 16, 0xa00, 2],
  ['movups [eax], xmm0', [0x0f, 0x11, 0x00], 32, 0x100, 16],
];

for (const [text, code, bits, linear, length] of WRITES) {
  test(`explain: where ${text} writes`, (t) => {
    t.deepEqual(written(decoded(code, bits), REGISTERS), [{ linear, length }]);
  });
}

test('explain: what writes nothing, and strings', (t) => {
  t.deepEqual(written(decoded([0x8b, 0x03]), REGISTERS), []);
  const stos = decoded([0xf3, 0xab]);
  t.like(stos, { string: true, repeated: true, compares: false, length: 2 });
  t.deepEqual(written(stos, REGISTERS), []);
  const after = GPR.with(7, 0x710);
  t.deepEqual(stringTarget(stos, 0x1000, GPR, after), { linear: 0x16fc, length: 0x18 });
  t.like(decoded([0xf2, 0xae]), { string: false, repeated: true, compares: true });
  t.is(new Decoding().at(0, Uint8Array.of(0x0f, 0xff), 32), null);
});

test('explain: an instruction that was overwritten is decoded anew', (t) => {
  const decoding = new Decoding();
  t.is(decoding.at(0x1000, Uint8Array.of(0x50, 0x90), 32)!.writes.length, 1);
  t.is(decoding.at(0x1000, Uint8Array.of(0x58, 0x90), 32)!.writes.length, 0);
  decoding.close();
});

test('explain: events of a relog and of the machine', (t) => {
  const write = (value: number, marked: boolean): Uint8Array => {
    const events = new EventWriter(0);
    events.portRead(0x60, 1, 5);
    if (marked) events.keyframeMark(90, 1, null);
    events.interrupt(100, 48, 0xc0000000, 0x246, null);
    events.tsc(value, 1);
    events.dma(120, 0x1000, new Uint8Array(40), null);
    return events.take();
  };
  const same = new EventComparison();
  same.addRelog(write(7, true));
  same.addMachine(write(7, false));
  t.is(same.compare(true), null);
  const other = new EventComparison();
  other.addRelog(write(7, true));
  other.addMachine(write(8, false));
  const mismatch = other.compare(false)!;
  t.is(mismatch.index, 2);
  t.is(eventText(mismatch.relog!), 'tsc value=100000007');
  t.is(eventText(mismatch.machine!), 'tsc value=100000008');
  const short = new EventComparison();
  short.addMachine(write(7, false));
  t.true(short.wantsRelog);
  t.is(short.compare(false), null);
  t.like(short.compare(true), { index: 0, relog: null });
  const [, interrupt, , dma] = readEvents(write(7, false));
  t.is(eventText(interrupt!), '100 interrupt vector=48 eip=c0000000 eflags=246');
  t.is(eventText(dma!), `120 dma address=1000 data=${'00'.repeat(16)}... (40 bytes)`);
});

test('explain: the last instructions are kept, in order', (t) => {
  const trace = new Trace();
  for (let position = 0; position < 100; position++) {
    trace.add({ position, linear: position, code: new Uint8Array(), bits: 32 });
  }
  const kept = trace.list().map(({ position }) => position);
  t.is(kept.at(-1), 99);
  t.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, i) => 100 - kept.length + i),
  );
});

test('explain: faults for tests', (t) => {
  t.deepEqual(parseFault('1234:ebp'), { position: 1234n, target: 5 });
  t.deepEqual(parseFault('9:memory'), { position: 9n, target: 'memory' });
  for (const wrong of ['1234', 'x:eax', '1:rax', '1:', '-1:eax']) {
    t.throws(() => parseFault(wrong), { name: 'DecoupleError', message: /DECOUPLE_TEST_FAULT/ });
  }
});
