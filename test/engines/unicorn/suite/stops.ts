/** Where a run stops, and that nothing else depends on it: frames, limits, keyframes. */
import type { TestFn } from 'ava';
import fc from 'fast-check';
import type { EventWriter } from '../../../../formats/event-writer.js';
import { encodeEffect, readCpuState, stateAfter } from '../../../../formats/relog.js';
import { MAP, mapPage } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const TIMER = 0x20;
const SOURCE = `
start:  mov ecx, 3
again:  in al, 0x60
        add ebx, eax
        mov edi, 0x21000
        push ecx
        mov ecx, 20
        rep stosb
        pop ecx
        mov edx, [0x300000]
        dec ecx
        jnz again
        int 0x80
        rdtsc
done:   jmp done
timer:  inc dword ptr [0x20000]
        iret
fault:  mov dword ptr [0x41c00], 0x20003
        add esp, 4
        iret
call:   iret
`;

type Write = (events: EventWriter) => void;

/** The events of a run of SOURCE, one by one. */
function eventsOf(s: Scenario): Write[] {
  const eip = (label: string, offset = 0): number => s.at(label) + offset;
  return [
    (e) => e.portRead(0x60, 1, 1),
    (e) => e.interrupt(6, TIMER, eip('again', 15), 0x202, 12),
    (e) => e.exception(10, 14, eip('again', 18), 0x202, 0, 0x300000),
    (e) => e.dma(13, MAP.data + 0x100, Uint8Array.of(1, 2, 3), null),
    (e) => e.portRead(0x60, 1, 2),
    (e) => e.keyframeMark(20, 1, null),
    (e) => e.interrupt(20, TIMER, eip('again', 10), 0x206, null),
    (e) => e.portRead(0x60, 1, 3),
    (e) => e.softwareInterrupt(39, 0x80, eip('done', -2), 0x246),
    (e) => e.tsc(7, 8),
    (e) => e.end(41, null),
  ];
}

export function stopsSuite(test: TestFn, make: MakeSimulator): void {
  const scenario = (): Scenario =>
    new Scenario(make, SOURCE, {
      paging: true,
      handlers: { [TIMER]: 'timer', 14: 'fault', 0x80: 'call' },
      memory: (memory) => mapPage(memory, 0x300000, 0, 0),
    });

  test('stops: a new CPU state', (t) => {
    const s = new Scenario(make, 'start: inc eax\n in al, 0x60\n jmp start\n entry: add ebx, eax\n done: jmp done');
    const state = { ...s.guest.state, eip: s.at('entry'), gpr: [5, 0, 0, 7, 0, 0, 0, 0] };
    s.events.portRead(0x60, 1, 9);
    s.events.state(2, state);
    s.events.end(4, null);
    const stop = s.run();
    t.is(stop.reason, 'state');
    if (stop.reason !== 'state') return;
    t.deepEqual(readCpuState(stop.state), state);
    t.is(s.register('eax'), 9);
    s.simulator.loadState(readCpuState(stop.state), s.simulator.position);
    t.is(s.simulator.run().reason, 'end');
    t.is(s.register('ebx'), 12);
  });

  test('stops: an effect, in the place of its instruction', (t) => {
    const s = new Scenario(make, 'start: inc eax\n odd: bswap ecx\n inc eax\n done: jmp done');
    const code = Uint8Array.of(0x0f, 0xc9);
    const after = { ...s.guest.state, eip: s.at('odd') + 2, gpr: [7, 8, 0, 0, 0, 0, 0, 0] };
    const effect = encodeEffect(code, { ...s.guest.state, eip: s.at('odd') }, after, [[MAP.data, Uint8Array.of(1, 2)]]);
    const write = (eip: number, bytes: Uint8Array): void => {
      s.events.effect(1, eip, bytes, effect.after, effect.writes);
      s.events.end(4, null);
    };
    s.simulator.enableBlocks();
    write(effect.eip, code);
    const stop = s.run();
    t.is(stop.reason, 'effect');
    if (stop.reason !== 'effect') return;
    t.deepEqual([...stop.code], [...code]);
    t.is(s.simulator.position, 2n);
    t.deepEqual([...s.simulator.readPhysical(MAP.data, 2)!], [1, 2]);
    s.simulator.loadState(stateAfter(s.simulator.readState(), stop.after), 2n);
    t.is(s.simulator.run().reason, 'end');
    t.deepEqual([s.register('eax'), s.register('ecx')], [8, 8]);
    const batch = s.simulator.takeBatch();
    t.is(
      batch.executions.reduce((sum, times, i) => sum + times * batch.icount[i]!, 0),
      4,
    );
    for (const [eip, bytes] of [
      [effect.eip, Uint8Array.of(0x0f, 0xca)],
      [effect.eip + 1, code],
    ] as const) {
      s.restart();
      write(eip, bytes);
      s.runToDivergence(t, 'the instruction of an effect');
    }
  });

  for (const [string, from] of [
    // No RAM is there: every element goes to devices.
    ['stosb', 0x400000],
    ['lodsb', MAP.high],
    ['scasb', MAP.high],
  ] as const) {
    test(`stops: rep ${string} may be left in its middle, and counts once`, (t) => {
      const [ROUNDS, BEFORE] = [3, 5];
      const times = string === 'stosb' ? 2_000_000 : 1_000_000;
      const s = new Scenario(
        make,
        `start: mov ebx, ${ROUNDS}
         again: mov edi, ${from}
                mov esi, edi
                mov ecx, ${times}
                xor eax, eax
                cmp eax, eax
         string: rep ${string}
                dec ebx
                jnz again
         done:  jmp done`,
      );
      s.simulator.enableBlocks();
      const retired = 1 + ROUNDS * (BEFORE + 3);
      s.events.end(retired, null);
      let pauses = 0;
      for (let stop = s.run(); stop.reason !== 'end'; stop = s.simulator.run()) {
        t.is(stop.reason, 'pause');
        pauses++;
        t.is(s.simulator.readState().eip, s.at('string'));
        t.true(s.register('ecx') > 0);
      }
      t.true(pauses >= ROUNDS - 1, `${pauses}`);
      t.is(s.simulator.position, BigInt(retired));
      t.is(s.register('edi') + s.register('esi'), 2 * from + times);
      const { icount, executions } = s.simulator.takeBatch();
      t.is(
        icount.reduce((sum, count, i) => sum + count * executions[i]!, 0),
        retired,
      );
    });
  }

  test('stops: the same events in one frame and in one frame each', (t) => {
    const whole = scenario();
    for (const write of eventsOf(whole)) write(whole.events);
    const first = whole.run();
    if (first.reason === 'diverged') t.log(first.divergence);
    t.deepEqual(first, { reason: 'keyframe', index: 1 });
    t.is(whole.simulator.run().reason, 'end');

    const pieces = scenario();
    const reasons: string[] = [];
    for (const write of eventsOf(pieces)) {
      write(pieces.events);
      let stop = pieces.run();
      reasons.push(stop.reason);
      if (stop.reason === 'keyframe') stop = pieces.simulator.run();
      if (stop.reason === 'diverged') t.log(stop.divergence);
      t.not(stop.reason, 'diverged');
    }
    t.is(reasons.at(-1), 'end');
    t.deepEqual(pieces.simulator.readState(), whole.simulator.readState());
    t.is(pieces.simulator.position, whole.simulator.position);
    t.is(pieces.simulator.counts.events, eventsOf(whole).length);
  });

  test('stops: starved comes before the last events are consumed, and finish lets them go', (t) => {
    const s = new Scenario(make, 'start: inc eax\n inc eax\n inc eax\n inc eax\n done: jmp done');
    const registers = [0, 0, 0, 0, MAP.stack0, 0, 0, 0];
    t.is(s.simulator.run().reason, 'starved');
    s.events.check(0, MAP.code, 0x202, registers, null);
    s.events.check(2, MAP.code + 2, 0x202, registers.with(0, 2), null);
    s.events.check(3, MAP.code + 3, 0x206, registers.with(0, 3), null);
    t.is(s.run().reason, 'starved');
    const held = s.simulator.position;
    t.true(held <= 2n);
    s.simulator.finish();
    t.is(s.simulator.run().reason, 'starved');
    t.is(s.simulator.position, 3n);
    t.is(s.simulator.counts.checks, 3);
  });

  test('stops: limits anywhere change nothing, nor what was counted of the code', (t) => {
    const run = (limits: number[]) => {
      const s = scenario();
      s.simulator.enableBlocks();
      for (const write of eventsOf(s)) write(s.events);
      s.simulator.feed(s.events.take());
      let next = 0;
      for (;;) {
        const stop = s.simulator.run(limits[next++]);
        if (stop.reason === 'diverged') throw new Error(JSON.stringify(stop.divergence.what));
        if (stop.reason === 'end') break;
      }
      const state = s.simulator.readState();
      const batch = s.simulator.takeBatch();
      s.simulator.close();
      return { state, batch };
    };
    const whole = run([]);
    const total = whole.batch.icount.reduce((sum, icount, i) => sum + icount * whole.batch.executions[i]!, 0);
    t.is(total, 41);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 15 }), { maxLength: 40 }), (limits) => {
        const cut = run(limits);
        t.deepEqual(cut, whole);
      }),
      { numRuns: 25 },
    );
  });

  test('stops: a batch has what ran since the last one', (t) => {
    const s = new Scenario(
      make,
      'start: mov ecx, 4\n again: inc eax\n test al, 1\n jz even\n inc ebx\n even: loop again\n done: jmp done',
    );
    s.simulator.enableBlocks();
    s.events.end(19, null);
    s.runToEnd(t);
    const { pc, size, icount, executions, code, cr3, length } = s.simulator.takeBatch();
    const offsets = [...pc].map((address) => address - MAP.code);
    t.deepEqual(offsets, [0, 5, 10, 11]);
    t.deepEqual([...size], [5, 5, 1, 2]);
    t.deepEqual([...icount], [1, 3, 1, 1]);
    t.deepEqual([...executions], [1, 4, 2, 4]);
    t.deepEqual([...cr3], [0, 0, 0, 0]);
    t.is(length, 4);
    t.deepEqual(code, s.guest.program.bytes.subarray(0, 13));
    t.is(s.simulator.takeBatch().length, 0);
  });

  test('stops: a block that faults counts what retired, a REP instruction once, spaces apart', (t) => {
    const s = new Scenario(
      make,
      `start: inc eax
              mov ebx, [0x300000]
              mov ecx, 30
              mov edi, 0x21000
              rep stosb
              mov eax, cr3
              mov cr3, eax
       done:  jmp done
       fault: mov dword ptr [0x41c00], 0x20003
              add esp, 4
              iret`,
      { paging: true, handlers: { 14: 'fault' }, memory: (memory) => mapPage(memory, 0x300000, 0, 0) },
    );
    s.simulator.enableBlocks();
    s.events.exception(1, 14, MAP.code + 1, 0x202, 0, 0x300000);
    s.events.end(10, null);
    s.runToEnd(t);
    const { executions, icount, cr3, length } = s.simulator.takeBatch();
    t.true(executions.every((times) => times === 1));
    t.is(
      icount.reduce((sum, count) => sum + count, 0),
      10,
    );
    t.true(cr3.every((space) => space === MAP.directory));
    t.true(length >= 2);
  });

  test('stops: at a keyframe, RAM can be compared; a page that differs is found', (t) => {
    const s = new Scenario(make, 'start: mov dword ptr [0x20010], 5\n mov dword ptr [0x100020], 6\n done: jmp done');
    s.events.keyframeMark(2, 1, null);
    s.events.end(3, null);
    t.deepEqual(s.run(), { reason: 'keyframe', index: 1 });
    t.is(s.word(MAP.data + 0x10), 5);
    t.is(s.word(MAP.high + 0x20), 6);
    t.is(s.simulator.readPhysical(MAP.device, 4), null);
    t.is(s.simulator.readPhysical(MAP.device - 2, 4), null);
    t.is(s.simulator.readPhysical(0xffffffff, 8), null);
    t.is(s.simulator.translate(0x12345678), 0x12345678);
    t.is(s.simulator.run().reason, 'end');
  });
}
