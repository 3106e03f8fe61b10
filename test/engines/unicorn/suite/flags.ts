/** Flags that instructions leave undefined: the machine's are taken, and no others. */
import type { TestFn } from 'ava';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const ADJUST = 0x10;
const CARRY = 0x1;

export function flagsSuite(test: TestFn, make: MakeSimulator): void {
  test('flags: PUSHF and LAHF store the machine’s undefined bits', (t) => {
    const s = new Scenario(
      make,
      `start: xor eax, eax\n pushf\n pop ebx\n lahf\n mov ecx, eax\n add al, 1\n pushf\n pop edx\n done: jmp done`,
    );
    s.events.flagsImage(0x246 | ADJUST);
    s.events.flagsImage(0x246 | ADJUST);
    s.events.flagsImage(0x202);
    s.events.end(9, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0x246 | ADJUST);
    t.is(s.register('ecx'), 0x5600);
    t.is(s.register('edx'), 0x202);
    t.is(s.simulator.forgiven['flags-after-logic'], 2);
  });

  test('flags: a defined bit that differs is a divergence, in an image, at an interrupt, at a check', (t) => {
    const source = `start: xor eax, eax\n pushf\n done: jmp done`;
    const cases: [string, (s: Scenario) => void][] = [
      ['flags-image', (s) => s.events.flagsImage(0x246 | CARRY)],
      ['flags-image', (s) => s.events.flagsImage(0x046)],
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

  test('flags: undefined bits that were taken over stay', (t) => {
    const s = new Scenario(make, `start: xor eax, eax\n nop\n pushf\n pop ebx\n done: jmp done`);
    s.events.check(1, MAP.code + 2, 0x246 | ADJUST, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.flagsImage(0x246 | ADJUST);
    s.events.end(5, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0x246 | ADJUST);
    t.deepEqual(s.simulator.forgiven, { 'flags-after-logic': 1 });
  });

  test('flags: what was undefined is known across a stop', (t) => {
    const s = new Scenario(make, `start: xor eax, eax\n nop\n done: jmp done`);
    s.events.check(1, MAP.code + 2, 0x246 | ADJUST, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.end(3, null);
    t.is(s.run(1).reason, 'limit');
    const { eflags, undefinedFlags } = s.simulator.readState();
    t.is(eflags, 0x246);
    t.deepEqual(undefinedFlags, { mask: ADJUST, row: 'flags-after-logic' });
    t.is(s.simulator.run().reason, 'end');
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

  const undefinedAfter: [string, string, number, string][] = [
    ['bsf edx, ecx', 'flags-after-bit-scan', 0x895, '0x40'],
    ['bsr edx, ecx', 'flags-after-bit-scan', 0x895, '0x40'],
    ['div ecx', 'flags-after-divide', 0x8d5, '0x400'],
    ['imul ecx', 'flags-after-multiply', 0xd4, '0x1'],
    ['shl ecx, 3', 'flags-after-shift', 0x810, '0x1'],
    ['rol ecx, 3', 'flags-after-rotate', 0x800, '0x1'],
  ];
  for (const [instruction, row, undefinedBits, defined] of undefinedAfter) {
    test(`flags: what ${instruction} leaves undefined`, (t) => {
      const source = `start: mov ecx, 6\n cmp eax, ecx\n ${instruction}\n mov esi, esp\n pushf\n pop ebx\n done: jmp done`;
      const flagsOf = (): number => {
        const plain = new Scenario(make, source);
        plain.events.end(3, null);
        plain.runToEnd(t);
        return plain.simulator.readState().eflags;
      };
      const own = flagsOf();
      const s = new Scenario(make, source);
      // In the middle of a block, with an instruction behind it that changes no flags; then between blocks.
      s.events.flagsImage(own ^ undefinedBits);
      s.events.end(7, null);
      s.runToEnd(t);
      t.is(s.register('ebx'), own ^ undefinedBits);
      t.is(s.simulator.forgiven[row], 1);
      s.restart();
      s.events.flagsImage(own ^ Number(defined));
      s.events.end(7, null);
      s.runToDivergence(t, 'flags-image');
      s.restart();
      s.events.interrupt(4, 0x20, s.at('start') + 0, own ^ undefinedBits, null);
      s.events.end(7, null);
      s.runToDivergence(t, 'eip');
    });
  }

  test('flags: what a multiplication left undefined is so behind a jump that had the flags computed', (t) => {
    const source = `start: mov eax, 12\n mov edi, 16\n mul edi\n jo done\n mov edx, 1\n jmp there\n there: nop\n done: jmp done`;
    const [adjust, carry] = [0x10, 1];
    const plain = new Scenario(make, source);
    plain.events.end(6, null);
    plain.runToEnd(t);
    const own = plain.simulator.readState().eflags;
    const check = (eflags: number): typeof plain => {
      const s = new Scenario(make, source);
      s.events.check(6, s.at('there'), eflags, [0xc0, 0, 1, 0, MAP.stack0, 0, 0, 16], null);
      s.events.end(7, null);
      return s;
    };
    const s = check(own ^ adjust);
    s.runToEnd(t);
    t.is(s.simulator.forgiven['flags-after-multiply'], 1);
    check(own ^ carry).runToDivergence(t, 'eflags');
  });

  test('flags: what a shift left undefined is so behind instructions that set others, in blocks before', (t) => {
    const source = `start: mov ecx, 6\n cmp eax, ecx\n shl ecx, 3\n jmp a\n a: stc\n jmp b\n b: clc\n cmc\n pushf\n pop ebx
      done: jmp done`;
    const overflow = 0x800;
    const flagsOf = (): number => {
      const plain = new Scenario(make, source);
      plain.events.end(8, null);
      plain.runToEnd(t);
      return plain.simulator.readState().eflags;
    };
    const own = flagsOf();
    const s = new Scenario(make, source);
    s.events.flagsImage(own ^ overflow);
    s.events.end(11, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), own ^ overflow);
    s.restart();
    s.events.flagsImage(own ^ 1);
    s.events.end(11, null);
    s.runToDivergence(t, 'flags-image');
    const defined = new Scenario(make, source.replace('jmp a', 'cmp eax, ecx'));
    defined.events.flagsImage(own ^ overflow);
    defined.events.end(11, null);
    defined.runToDivergence(t, 'flags-image');
  });
}
