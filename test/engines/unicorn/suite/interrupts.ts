/** What comes from outside the instruction stream: interrupts, the halt they end, checks, marks. */
import type { TestFn } from 'ava';
import { MAP, SELECTOR } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const TIMER = 0x20;
const COUNTER = `
timer:  inc dword ptr [0x20000]
        iret
`;

export function interruptsSuite(test: TestFn, make: MakeSimulator): void {
  test('interrupts: at every position of a straight run, in and between blocks', (t) => {
    const source = `start: inc eax\n inc ebx\n lea ecx, [eax+ebx]\n jmp next\n next: inc edx\n inc esi\n done: jmp done\n ${COUNTER}`;
    const addresses = [0, 1, 2, 5, 7, 8, 9];
    const s = new Scenario(make, source, { handlers: { [TIMER]: 'timer' } });
    addresses.forEach((offset, position) => {
      s.restart();
      s.events.interrupt(position, TIMER, MAP.code + offset, 0x202, null);
      s.events.end(position + 2 + addresses.length, null);
      s.runToEnd(t);
      t.is(s.word(MAP.data), 1);
      t.is(s.register('ecx'), 2);
    });
  });

  test('interrupts: in the middle of a REP instruction, which goes on after it', (t) => {
    const s = new Scenario(
      make,
      `start: mov ecx, 100\n mov edi, 0x21000\n mov al, 0x55\n rep stosb\n done: jmp done\n ${COUNTER}`,
      {
        handlers: { [TIMER]: 'timer' },
      },
    );
    s.events.interrupt(3, TIMER, MAP.code + 12, 0x202, null);
    s.events.interrupt(5, TIMER, MAP.code + 12, 0x202, 60);
    s.events.interrupt(7, TIMER, MAP.code + 12, 0x202, 1);
    s.events.interrupt(10, TIMER, MAP.code + 14, 0x202, null);
    s.events.end(13, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 4);
    t.is(s.word(0x21000 + 96), 0x55555555);
    t.is(s.word(0x21000 + 100), 0);
  });

  test('interrupts: one in a REP instruction whose counter never gets there diverges', (t) => {
    const s = new Scenario(make, `start: mov ecx, 10\n mov edi, 0x21000\n rep stosb\n done: jmp done\n ${COUNTER}`, {
      handlers: { [TIMER]: 'timer' },
    });
    s.events.interrupt(2, TIMER, MAP.code + 10, 0x202, 11);
    s.events.end(8, null);
    s.runToDivergence(t, 'an event that did not happen');
  });

  test('interrupts: HLT waits, and the interrupt ends it', (t) => {
    const s = new Scenario(make, `start: sti\n hlt\n inc eax\n hlt\n ${COUNTER}`, { handlers: { [TIMER]: 'timer' } });
    s.events.check(2, MAP.code + 2, 0x202, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.dma(2, MAP.data + 0x100, Uint8Array.of(1, 2, 3, 4), null);
    s.events.interrupt(2, TIMER, MAP.code + 2, 0x202, null);
    s.events.keyframeMark(6, 1, null);
    s.events.interrupt(6, TIMER, MAP.code + 4, 0x202, null);
    s.events.end(8, null);
    t.deepEqual(s.run(), { reason: 'keyframe', index: 1 });
    t.true(s.simulator.readState().halted);
    t.is(s.register('eax'), 1);
    t.is(s.word(MAP.data + 0x100), 0x04030201);
    t.is(s.simulator.run().reason, 'end');
    t.false(s.simulator.readState().halted);
    t.is(s.word(MAP.data), 2);
  });

  test('interrupts: a state that is halted goes on at an interrupt alone', (t) => {
    const halted = { handlers: { [TIMER]: 'timer' }, state: (state: { halted: boolean }) => (state.halted = true) };
    const s = new Scenario(make, `start: inc eax\n done: jmp done\n ${COUNTER}`, halted);
    s.events.interrupt(0, TIMER, MAP.code, 0x202, null);
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 1);
    const wrong = new Scenario(make, `start: inc eax\n done: jmp done\n ${COUNTER}`, halted);
    wrong.events.interrupt(1, TIMER, MAP.code, 0x202, null);
    wrong.events.end(4, null);
    wrong.runToDivergence(t, 'the CPU is halted');
  });

  test('interrupts: at the very first instruction of a handler, and of the code returned to', (t) => {
    const s = new Scenario(make, `start: inc eax\n done: jmp done\n ${COUNTER}`, {
      handlers: { [TIMER]: 'timer', 0x21: 'timer' },
    });
    s.events.interrupt(1, TIMER, MAP.code + 1, 0x202, null);
    s.events.interrupt(1, 0x21, MAP.code + 3, 0x2, null);
    s.events.interrupt(5, TIMER, MAP.code + 1, 0x202, null);
    s.events.end(8, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 3);
  });

  test('interrupts: from ring 3, the flags and the way back', (t) => {
    const s = new Scenario(make, `start: stc\n done: jmp done\n timer: mov eax, [esp+8]\n mov ebx, [esp+12]\n iret`, {
      user: true,
      handlers: { [TIMER]: 'timer' },
    });
    s.events.interrupt(1, TIMER, MAP.code + 1, 0x203, null);
    s.events.end(5, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 0x203);
    t.is(s.register('ebx'), MAP.stack3);
    t.is(s.simulator.readState().segments[2]!.selector, SELECTOR.data3);
  });

  test('interrupts: a wrong EIP, wrong flags and a wrong register each end the run', (t) => {
    const source = `start: inc eax\n done: jmp done\n ${COUNTER}`;
    const options = { handlers: { [TIMER]: 'timer' } };
    const registers = [1, 0, 0, 0, MAP.stack0, 0, 0, 0];
    const cases: [string, (s: Scenario) => void][] = [
      ['eip', (s) => s.events.interrupt(1, TIMER, MAP.code, 0x202, null)],
      ['eflags', (s) => s.events.interrupt(1, TIMER, MAP.code + 1, 0x203, null)],
      ['eip', (s) => s.events.check(1, MAP.code, 0x202, registers, null)],
      ['eflags', (s) => s.events.check(1, MAP.code + 1, 0x602, registers, null)],
      ['esp', (s) => s.events.check(1, MAP.code + 1, 0x202, registers.with(4, 4), null)],
      ['edi', (s) => s.events.check(1, MAP.code + 1, 0x202, registers.with(7, 1), null)],
    ];
    for (const [what, write] of cases) {
      const s = new Scenario(make, source, options);
      write(s);
      s.events.end(20, null);
      s.runToDivergence(t, what);
      t.is(s.simulator.run().reason, 'diverged', 'and it stays so');
      s.simulator.close();
    }
  });

  test('interrupts: one that cannot be delivered is no crash', (t) => {
    // No IDT at all: a triple fault.
    const s = new Scenario(make, 'start: inc eax\n done: jmp done', { state: (state) => (state.idtr.limit = 0) });
    s.events.interrupt(1, TIMER, MAP.code + 1, 0x202, null);
    s.events.end(20, null);
    t.is(s.run().reason, 'diverged');
    // A task register that is none.
    const bad = new Scenario(make, `start: int 0x80\n done: jmp done\n ${COUNTER}`, {
      user: true,
      handlers: { 0x80: 'timer' },
      state: (state) => (state.tr.attributes = 0x92),
    });
    bad.events.softwareInterrupt(1, 0x80, MAP.code + 2, 0x202);
    bad.events.end(20, null);
    t.is(bad.run().reason, 'diverged');
  });
}
