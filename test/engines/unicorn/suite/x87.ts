/** x87 and SSE: what an implementation may choose is taken from the relog, after a look whether it can be right. */
import type { TestFn } from 'ava';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

/** A number as an x87 register holds it: one bit in front, 63 behind the point. */
function extended(value: number): Uint8Array {
  const bytes = new Uint8Array(10);
  if (value === 0) return bytes;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(Math.abs(value) * 2 ** (52 - exponent)) << 11n, true);
  view.setUint16(8, (exponent + 16383) | (value < 0 ? 0x8000 : 0), true);
  return bytes;
}

const ONE_STEP_OFF = (bytes: Uint8Array): Uint8Array => bytes.with(0, bytes[0]! ^ 1);

/** A frame with the event that no writer of this project writes, and the end at position 2. */
function approximation(value: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0x83, 11, 0x19, 0x0f, 0x53, 0x50, ...value, 0x83, 21, 2, 0xf6);
}

export function x87Suite(test: TestFn, make: MakeSimulator): void {
  test('x87: the machine’s result of a transcendental instruction is taken when it is close', (t) => {
    const s = new Scenario(make, 'start: fldz\n fcos\n fstp tbyte ptr [0x20000]\n done: jmp done');
    s.events.x87(0xd9ff, ONE_STEP_OFF(extended(1)), new Uint8Array(10), 0x3820);
    s.events.end(4, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.readPhysical(MAP.data, 10), ONE_STEP_OFF(extended(1)));
    t.is(s.simulator.forgiven['x87-transcendental'], 1);
  });

  test('x87: one that is far off, of another instruction, or missing is a divergence', (t) => {
    const cases: ((s: Scenario) => void)[] = [
      (s) => s.events.x87(0xd9ff, extended(0.999), new Uint8Array(10), 0x3800),
      (s) => s.events.x87(0xd9fe, extended(1), new Uint8Array(10), 0x3800),
      (s) => s.events.x87(0xd9ff, extended(1), new Uint8Array(10), 0x3000),
      () => undefined,
    ];
    for (const write of cases) {
      const s = new Scenario(make, 'start: fldz\n fcos\n done: jmp done');
      write(s);
      s.events.end(3, null);
      s.runToDivergence(t, 'x87');
      s.simulator.close();
    }
  });

  test('x87: the environment in memory is the machine’s', (t) => {
    const s = new Scenario(make, 'start: fld1\n fldz\n fnstenv [0x20000]\n done: jmp done', {
      memory: (memory) => memory.write(MAP.data, new Uint8Array(32).fill(0x77)),
    });
    s.events.x87Environment([0x37f, 0x3000, (0x1fff & 0x0fff) | 0x1000, 0x123, 0x10002, 0x08, 0x20000, 0x10, 0]);
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 0xffff037f);
    t.is(s.word(MAP.data + 4), 0xffff3000);
    t.is(s.word(MAP.data + 12), 0x10002);
    t.is(s.word(MAP.data + 16), (0x123 << 16) | 8);
    t.is(s.word(MAP.data + 24), 0xffff0010);
    t.is(s.word(MAP.data + 28), 0x77777777);
  });

  test('x87: FXSAVE writes what is not reserved, and faults before it writes', (t) => {
    const s = new Scenario(make, 'start: fld1\n fxsave [0x20000]\n done: jmp done', {
      memory: (memory) => memory.write(MAP.data, new Uint8Array(512).fill(0x77)),
      state: (state) => state.xmm.set([1, 2, 3, 4], 16),
    });
    s.events.x87Environment([0x37f, 0x3800, 0x3fff, 0, 0, 0, 0, 0, 0xffff]);
    s.events.end(3, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 0x3800037f);
    // The abridged tag word: ST0 is physical register 7. The byte behind it is reserved.
    t.is(s.word(MAP.data + 4), 0x00007780);
    t.is(s.word(MAP.data + 24), 0x1f80);
    t.is(s.word(MAP.data + 28), 0xffff);
    t.deepEqual(s.simulator.readPhysical(MAP.data + 32, 10), extended(1));
    t.is(s.word(MAP.data + 176), 0x04030201);
    t.is(s.word(MAP.data + 288), 0x77777777);
  });

  test('x87: FNSAVE stores the registers, too, and initialises', (t) => {
    const s = new Scenario(make, 'start: fld1\n fnsave [0x20000]\n frstor [0x20000]\n done: jmp done');
    s.events.x87Environment([0x37f, 0x3800, 0x3fff, 0, 0, 0, 0, 0, 0]);
    s.events.end(4, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.readPhysical(MAP.data + 28, 10), extended(1));
    t.is(s.simulator.readState().x87.ftw, 0x3fff);
  });

  test('x87: an environment that cannot be right is a divergence', (t) => {
    for (const fields of [
      [0x27f, 0, 0xffff],
      [0x37f, 0x800, 0xffff],
      [0x37f, 0, 0x3fff],
    ]) {
      const s = new Scenario(make, 'start: fnstenv [0x20000]\n done: jmp done');
      s.events.x87Environment([...fields, 0, 0, 0, 0, 0, 0]);
      s.events.end(2, null);
      s.runToDivergence(t, 'x87-environment');
      s.simulator.close();
    }
  });

  test('x87: pushing and comparing clear C1; moving TOP keeps C0, C2 and C3; FNCLEX clears all four', (t) => {
    const [c1, c2] = [0x200, 0x400];
    for (const [instruction, codes] of [
      ['fld1', c2],
      ['fld st(0)', c2],
      ['fld dword ptr [0x20000]', c2],
      ['fld qword ptr [0x20000]', c2],
      ['fld tbyte ptr [0x20000]', c2],
      ['fild word ptr [0x20000]', c2],
      ['fild dword ptr [0x20000]', c2],
      ['fild qword ptr [0x20000]', c2],
      ['fbld tbyte ptr [0x20000]', c2],
      ['fincstp', c2],
      ['fdecstp', c2],
      ['fnclex', 0],
      ['fxch', c2],
      ['fst st(1)', c2],
      ['fnop', c1 | c2],
    ] as const) {
      const s = new Scenario(make, `start: fld1\n fchs\n fxam\n ${instruction}\n done: jmp done`);
      s.events.end(5, null);
      s.runToEnd(t);
      t.is(s.simulator.readState().x87.fsw & 0x4700, codes, instruction);
    }
  });

  test('x87: status words, of which the exception bits alone may differ', (t) => {
    const s = new Scenario(make, 'start: fld1\n fnstsw ax\n done: jmp done');
    s.events.x87Status(0x3821);
    s.events.end(3, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 0x3821);
    const wrong = new Scenario(make, 'start: fld1\n fnstsw ax\n done: jmp done');
    wrong.events.x87Status(0x3800 | 0x4000);
    wrong.events.end(3, null);
    wrong.runToDivergence(t, 'x87-status');
  });

  test('x87: approximations of SSE are taken when close, and may be left out', (t) => {
    const third = new Uint8Array(new Float32Array([1 / 3, 1 / 3, 1 / 3, 1 / 3]).buffer);
    const options = {
      state: (state: { xmm: Uint8Array }) => state.xmm.set(new Uint8Array(new Float32Array([3, 3, 3, 3]).buffer), 16),
    };
    const exact = new Scenario(make, 'start: rcpps xmm0, xmm1\n done: jmp done', options);
    exact.events.end(2, null);
    exact.runToEnd(t);
    t.deepEqual(exact.simulator.readState().xmm.slice(0, 16), third);
    const close = new Scenario(make, 'start: rcpps xmm0, xmm1\n done: jmp done', options);
    close.simulator.feed(approximation(third.with(1, third[1]! ^ 1)));
    t.is(close.simulator.run().reason, 'end');
    t.deepEqual(close.simulator.readState().xmm.slice(0, 16), third.with(1, third[1]! ^ 1));
    const far = new Scenario(make, 'start: rcpps xmm0, xmm1\n done: jmp done', options);
    far.simulator.feed(approximation(third.with(2, third[2]! ^ 0x40)));
    t.is(far.simulator.run().reason, 'diverged');
  });
}
