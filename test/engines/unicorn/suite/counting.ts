/** Positions: every instruction counts as docs/formats/relog.md says, however the simulator runs it. */
import type { TestFn } from 'ava';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

/** A bit of everything that moves through code: loops, calls, jumps through registers, string instructions. */
const WANDERER = `
start:  mov ecx, 5
outer:  mov eax, ecx
        call triple
        add ebx, eax
        test al, 1
        jz even
        lea edx, [even]
        jmp edx
        nop
even:   push ecx
        mov ecx, 4
        mov edi, 0x20000
        rep stosd
        pop ecx
        mov esi, 0x20000
        lodsd
        xor eax, eax
        sete al
        loop outer
        jmp done
triple: lea eax, [eax+eax*2]
        ret
done:   jmp done
`;
const WANDERED = 1 + 5 * 17 + 3 * 2 + 1;

export function countingSuite(test: TestFn, make: MakeSimulator): void {
  test('counting: single steps and whole blocks reach the same states', (t) => {
    const steps = new Scenario(make, WANDERER);
    steps.events.end(WANDERED, null);
    steps.simulator.feed(steps.events.take());
    const states = [];
    for (let position = 0; position < WANDERED; position++) {
      const state = steps.simulator.readState();
      t.is(steps.simulator.position, BigInt(position));
      states.push(state);
      t.is(steps.simulator.run(1).reason, 'limit');
    }
    t.is(steps.simulator.run().reason, 'end');
    t.is(steps.simulator.readState().eip, steps.at('done'));

    const blocks = new Scenario(make, WANDERER);
    states.forEach(({ eip, eflags, gpr }, position) => blocks.events.check(position, eip, eflags, gpr, null));
    blocks.events.end(WANDERED, null);
    blocks.runToEnd(t);
    t.is(blocks.simulator.counts.checks, WANDERED);
    // Stopping at one position only leaves the blocks before and after it whole.
    states.forEach(({ eip, eflags, gpr }, position) => {
      blocks.restart();
      blocks.events.check(position, eip, eflags, gpr, null);
      blocks.events.end(WANDERED, null);
      blocks.runToEnd(t);
    });
  });

  test('counting: a REP instruction counts once, when it is done', (t) => {
    const s = new Scenario(
      make,
      'start: mov ecx, 100\n mov edi, 0x20000\n rep stosb\n inc edx\n rep stosb\n inc edx\n hlt',
    );
    // The second one has no iterations and still counts.
    s.events.check(2, s.guest.program.base + 10, 0x202, [0, 100, 0, 0, MAP.stack0, 0, 0, 0x20000], null);
    s.events.check(2, s.guest.program.base + 10, 0x202, [0, 30, 0, 0, MAP.stack0, 0, 0, 0x20000 + 70], 30);
    s.events.check(3, s.guest.program.base + 12, 0x202, [0, 0, 0, 0, MAP.stack0, 0, 0, 0x20000 + 100], null);
    s.events.check(6, s.guest.program.base + 16, 0x202, [0, 0, 2, 0, MAP.stack0, 0, 0, 0x20000 + 100], null);
    s.events.end(7, null);
    s.runToEnd(t);
    t.is(s.simulator.position, 7n);
    t.true(s.simulator.readState().halted);
  });

  test('counting: in a REP instruction, 16-bit addresses count in CX', (t) => {
    const s = new Scenario(make, 'start: mov ecx, 0x70010\n mov edi, 0x8000\n addr16 rep stosb\n done: jmp done');
    s.events.check(2, MAP.code + 10, 0x202, [0, 0x70004, 0, 0, MAP.stack0, 0, 0, 0x800c], 4);
    s.events.end(3, null);
    s.runToEnd(t);
    t.is(s.register('ecx'), 0x70000);
  });

  test('counting: an ECX that CX never is was not reached, and nothing waits for it', (t) => {
    const s = new Scenario(make, 'start: mov ecx, 0x70010\n mov edi, 0x8000\n addr16 rep stosb\n done: jmp done');
    s.events.check(2, MAP.code + 10, 0x202, [0, 0x70004, 0, 0, MAP.stack0, 0, 0, 0x800c], 0x70004);
    s.events.end(4, null);
    s.runToDivergence(t, 'an event that did not happen');
  });

  test('counting: a string comparison that stops early counts once', (t) => {
    const s = new Scenario(
      make,
      'start: mov ecx, 50\n mov esi, 0x20000\n mov edi, 0x21000\n repe cmpsb\n done: jmp done',
      {
        memory: (memory) => memory.write(MAP.data + 7, [1]),
      },
    );
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.register('ecx'), 42);
    t.is(s.simulator.readState().eip, s.at('done'));
  });

  test('counting: STI and MOV SS hold interrupts off, and count as any other', (t) => {
    const s = new Scenario(
      make,
      'start: cli\n sti\n nop\n mov ax, 0x10\n mov ss, ax\n mov esp, 0x8000\n done: jmp done',
    );
    s.events.check(2, MAP.code + 2, 0x202, [0, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.check(5, MAP.code + 9, 0x202, [0x10, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.end(6, null);
    s.runToEnd(t);
    t.is(s.register('esp'), 0x8000);
  });

  test('counting: positions beyond 32 bits', (t) => {
    const s = new Scenario(make, 'start: inc eax\n jmp start');
    const far = 2 ** 40;
    s.simulator.loadState(s.guest.state, BigInt(far));
    s.events.end(far + 1001, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 501);
    t.is(s.simulator.position, BigInt(far + 1001));
  });

  test('counting: REP MOVS and REP STOS of every width, forwards and backwards, overlapping and across pages', (t) => {
    // What each of them does, one element at a time.
    const model = (memory: Uint8Array, name: string, from: number, to: number, count: number, step: number): void => {
      const size = Math.abs(step);
      for (let i = 0; i < count; i++) {
        const element = name === 'movs' ? memory.slice(from, from + size) : Uint8Array.of(0x44, 0x33, 0x22, 0x11);
        memory.set(element.subarray(0, size), to);
        from += step;
        to += step;
      }
    };
    const BASE = 0x30000;
    const cases: [string, number, number, number, number][] = [];
    for (const step of [1, 2, 4, -1, -2, -4]) {
      cases.push(['stos', 0, 0x30ff5, 40, step], ['movs', 0x31003, 0x32ff1, 60, step]);
      cases.push(['movs', 0x31803, 0x31804, 50, step], ['movs', 0x31804, 0x31803, 50, step]);
    }
    for (const [name, from, to, count, step] of cases) {
      const width = { 1: 'b', 2: 'w', 4: 'd' }[Math.abs(step)]!;
      const direction = step < 0 ? 'std' : 'cld';
      const s = new Scenario(
        make,
        `start: ${direction}\n mov eax, 0x11223344\n mov esi, ${from}\n mov edi, ${to}\n mov ecx, ${count}
         rep ${name}${width}\n done: jmp done`,
        {
          memory: (memory) =>
            memory.write(
              BASE,
              Uint8Array.from({ length: 0x4000 }, (_, i) => (i * 7) & 0xff),
            ),
        },
      );
      const expected = s.simulator.readPhysical(BASE, 0x4000)!;
      model(expected, name, from - BASE, to - BASE, count, step);
      s.events.end(7, null);
      s.runToEnd(t);
      t.deepEqual(s.simulator.readPhysical(BASE, 0x4000), expected);
      t.deepEqual(
        [s.register('ecx'), s.register('edi'), s.register('esi')],
        [0, to + count * step, name === 'movs' ? from + count * step : from],
      );
      s.simulator.close();
    }
  });
}
