/** Flags, those that instructions leave undefined included: they are as docs/formats/relog.md has them. */
import type { TestFn } from 'ava';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const ADJUST = 0x10;
const CARRY = 0x1;

export function flagsSuite(test: TestFn, make: MakeSimulator): void {
  test('flags: those of a machine that leaves them to chance are taken', (t) => {
    const source = `start: xor eax, eax\n nop\n pushf\n pop ebx\n jmp there\n there: pushf\n pop ecx\n done: jmp done`;
    const s = new Scenario(make, source);
    s.simulator.takeFlags(true);
    s.events.check(1, MAP.code + 2, 0x246 | ADJUST, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.flagsImage(0x246 | ADJUST);
    s.events.flagsImage(0x246 | CARRY);
    s.events.end(8, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0x246 | ADJUST);
    t.is(s.register('ecx'), 0x246 | CARRY);
    t.deepEqual(s.simulator.forgiven, { 'flags-of-older-machine': 2 });
    const other = new Scenario(make, source);
    other.simulator.takeFlags(true);
    other.events.flagsImage(0x046);
    other.events.end(8, null);
    other.runToDivergence(t, 'flags-image');
  });

  test('flags: a bit that differs is a divergence, in an image, at an interrupt, at a check', (t) => {
    const source = `start: xor eax, eax\n pushf\n done: jmp done`;
    const cases: [string, (s: Scenario) => void][] = [
      ['flags-image', (s) => s.events.flagsImage(0x246 | CARRY)],
      ['flags-image', (s) => s.events.flagsImage(0x046)],
      ['flags-image', (s) => s.events.flagsImage(0x246 | ADJUST)],
      ['eflags', (s) => s.events.interrupt(1, 0x20, MAP.code + 2, 0x247, null)],
      ['eflags', (s) => s.events.check(1, MAP.code + 2, 0x246 | 0x800, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null)],
    ];
    for (const [what, write] of cases) {
      const s = new Scenario(make, source, {});
      write(s);
      s.events.end(20, null);
      s.runToDivergence(t, what);
      s.simulator.close();
    }
  });

  test('flags: CMPXCHG8B changes ZF alone, whatever set the others', (t) => {
    const s = new Scenario(
      make,
      `start: stc\n mov eax, 1\n inc edx\n cmp al, 2\n xor edx, edx\n inc edx\n cmpxchg8b [0x20000]\n done: jmp done`,
    );
    // INC leaves CF as XOR had cleared it.
    s.events.check(7, s.at('done'), 0x202, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.end(8, null);
    s.runToEnd(t);
  });

  /** Status flags after the instruction, with 6 in ECX and AL, 1 in EDX, and CF, PF, AF and SF set before. */
  const after: [string, number][] = [
    ['shl ecx, 3', 0x04],
    ['shr cl, 2', 0x01],
    ['shrd ecx, edx, 2', 0x801],
    ['bsf edx, ecx', 0x04],
    ['bt ecx, 1', 0x95],
    ['btr ecx, 0', 0x94],
    ['mul ecx', 0x04],
    ['div ecx', 0x95],
    ['daa', 0x15],
    ['rcl cl, 7', 0x895],
    ['rcr cl, 3', 0x895],
  ];
  for (const [instruction, status] of after) {
    test(`flags: after ${instruction}`, (t) => {
      // In a block where the engine knows how they were set.
      const s = new Scenario(
        make,
        `start: mov ecx, 6\n mov edx, 1\n mov eax, 0x9506\n sahf\n ${instruction}\n pushf\n pop ebx\n done: jmp done`,
      );
      s.events.flagsImage(0x202 | status);
      s.events.end(7, null);
      s.runToEnd(t);
    });
  }
}
