/** Exceptions that the machine raised and the engine does not find: the relog's are delivered. */
import type { TestFn } from 'ava';
import { MAP, PAGE, mapPage } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const PAGE_FAULT = 14;
const WITH_ERROR = [10, 11, 12, 13, 17];
/** Error code bits of a page fault. */
const PROTECTION = 1;
const WRITE = 2;

/** Handlers that go on at the label `done`. */
const HANDLERS = `
plain: mov dword ptr [esp], offset done
       iret
coded: add esp, 4
       mov dword ptr [esp], offset done
       iret
`;

export function reloggedExceptionsSuite(test: TestFn, make: MakeSimulator): void {
  // Instructions that the engine runs, each with an exception that a machine could find in it.
  for (const [code, vector] of [
    ['mov [0x20000], eax', 12],
    ['mov [0x20001], eax', 17],
    ['add dword ptr [0x20000], 5', 13],
    ['lock inc dword ptr [0x20000]', 6],
    ['fld1', 16],
    ['sqrtps xmm0, xmm1', 19],
    ['bound eax, [0x20000]', 5],
    ['mov ss, ecx', 11],
    ['rep stosd', 13],
    ['hlt', 13],
    ['rdtsc', 13],
    ['in al, 0x60', 13],
    ['jmp start', 13],
    ['int 0x80', 13],
    ['push es', 12],
    ['mov cr3, eax', 13],
    ['pause', 6],
    ['.byte 0xf1', 6],
    ['cpuid', 6],
    ['mov byte ptr [done], 0', 13],
  ] as const) {
    for (const comparing of [false, true]) {
      test(`relogged exceptions: vector ${vector} at ${code}${comparing ? ', tried first' : ''}`, (t) => {
        const coded = WITH_ERROR.includes(vector);
        const s = new Scenario(
          make,
          `start: mov ecx, 3\n mov edi, 0x20000\n there: ${code}\n done: nop\n ${HANDLERS}`,
          {
            paging: true,
            handlers: { [vector]: coded ? 'coded' : 'plain' },
          },
        );
        s.simulator.setComparing(comparing);
        s.events.exception(2, vector, s.at('there'), 0x202, coded ? 0 : null, null);
        s.events.check(coded ? 5 : 4, s.at('done'), 0x202, [0, 3, 0, 0, MAP.stack0, 0, 0, MAP.data], null);
        s.events.end(coded ? 5 : 4, null);
        s.runToEnd(t);
        t.is(s.word(MAP.data), 0);
        t.is(s.simulator.readLinear(s.at('done'), 1)[0], 0x90);
        t.is(s.simulator.counts.exceptions, 1);
        const page = (linear: number): number =>
          s.word(MAP.tables + (linear >>> 12) * 4) & (PAGE.accessed | PAGE.dirty);
        t.is(page(MAP.data), 0, 'the operand was not touched');
        const [row] = s.simulator.disagreements;
        // There is no gate for int 0x80: the engine finds that by itself.
        if (comparing && code !== 'int 0x80') t.is(row?.vector, vector);
        else if (vector !== 19) t.is(row, undefined);
      });
    }
  }

  test('relogged exceptions: agreed upon, they are no disagreement', (t) => {
    const s = new Scenario(make, `start: nop\n there: ud2\n done: nop\n ${HANDLERS}`, { handlers: { 6: 'plain' } });
    s.simulator.setComparing(true);
    s.events.exception(1, 6, s.at('there'), 0x202, null, null);
    s.events.end(3, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.disagreements, []);
  });

  test('relogged exceptions: at another instruction than the one that comes, they are a divergence', (t) => {
    const s = new Scenario(make, 'start: nop\n nop\n nop\n done: jmp done');
    s.events.exception(1, 6, MAP.code + 2, 0x202, null, null);
    s.events.end(5, null);
    s.runToDivergence(t, 'an event that did not happen');
  });

  test('relogged exceptions: a page fault where the page is there, and one with another address and error code', (t) => {
    const s = new Scenario(make, `start: mov eax, [0x20000]\n there: mov eax, [0x300000]\n done: nop\n ${HANDLERS}`, {
      paging: true,
      handlers: { [PAGE_FAULT]: 'coded' },
      memory: (memory) => mapPage(memory, 0x300000, 0, 0),
    });
    s.events.exception(0, PAGE_FAULT, MAP.code, 0x202, PROTECTION | WRITE, 0x20000);
    s.events.end(3, null);
    s.runToEnd(t);
    t.is(s.simulator.readState().cr2, 0x20000);
    s.restart();
    s.events.exception(1, PAGE_FAULT, s.at('there'), 0x202, WRITE, 0x300004);
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.simulator.readState().cr2, 0x300004);
    t.is(s.simulator.disagreements.length, 1);
  });

  test('relogged exceptions: one met while another is delivered takes its place', (t) => {
    const s = new Scenario(make, `start: nop\n there: ud2\n done: nop\n ${HANDLERS}`, {
      handlers: { 6: 'plain', 11: 'coded' },
    });
    s.events.exception(1, 6, s.at('there'), 0x202, null, null);
    s.events.exception(1, 11, s.at('there'), 0x202, 6 * 8 + 2, null);
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.simulator.readState().eip, s.at('done'));
  });

  test('relogged exceptions: the trap flag steps where the relog says so, and nowhere else', (t) => {
    const source = `start: pushfd\n or dword ptr [esp], 0x100\n popfd\n inc eax\n inc eax\n done: nop\n trap: iret`;
    const s = new Scenario(make, source, { handlers: { 1: 'trap' } });
    s.events.flagsImage(0x202);
    s.events.check(5, s.at('done'), 0x302, [2, 0, 0, 0, MAP.stack0, 0, 0, 0], null);
    s.events.end(5, null);
    s.runToEnd(t);
    s.restart();
    s.events.flagsImage(0x202);
    s.events.exception(4, 1, s.at('done') - 1, 0x302, null, null);
    s.events.end(6, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 2);
  });

  test('relogged exceptions: of an instruction whose second byte lies in the next page', (t) => {
    const s = new Scenario(
      make,
      `start: mov eax, 0x300000
              jmp border
              .org 0xfff
       border: call dword ptr [eax + 8]
       done:  nop
       ${HANDLERS}`,
      {
        user: true,
        paging: true,
        handlers: { [PAGE_FAULT]: 'coded' },
        memory: (memory) => mapPage(memory, 0x300000, 0x20000, PAGE.present),
      },
    );
    // A read in ring 3 of a page that is neither for ring 3 nor to be written.
    s.events.exception(2, PAGE_FAULT, s.at('border'), 0x202, PROTECTION | 4, 0x300008);
    s.events.end(5, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.disagreements, []);
  });

  // What the engine is shown in the place of an instruction must be found across a border, too.
  test('relogged exceptions: a push of a segment register across two pages writes two bytes', (t) => {
    const s = new Scenario(make, `start: jmp border\n .org 0xfff\n border: push fs\n done: jmp done`, {
      memory: (memory) => memory.write32(MAP.stack0 - 4, 0x12345678),
    });
    s.events.end(2, null);
    s.runToEnd(t);
    t.is(s.word(MAP.stack0 - 4), 0x12340010);
  });
}
