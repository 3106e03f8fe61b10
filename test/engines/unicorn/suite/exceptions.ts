/** Exceptions and software interrupts: raised where the relog says, delivered through the IDT. */
import type { TestFn } from 'ava';
import { MAP, PAGE, SELECTOR, mapPage } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const INVALID_OPCODE = 6;
const NOT_PRESENT = 11;
const PROTECTION = 13;
const PAGE_FAULT = 14;

/** Error code bits of a page fault. */
const WRITE = 2;
const USER = 4;

const HANDLER = `
handler: add esp, 4
         iret
plain:   iret
`;

export function exceptionsSuite(test: TestFn, make: MakeSimulator): void {
  test('exceptions: a page fault in the middle of a block, at its position; mapped and tried again', (t) => {
    const s = new Scenario(
      make,
      `start: inc eax
              inc eax
              mov ebx, [0x300000]
              inc eax
       done:  jmp done
       fault: mov dword ptr [0x41c00], 0x20003
              add esp, 4
              iret`,
      {
        paging: true,
        handlers: { [PAGE_FAULT]: 'fault' },
        memory: (memory) => {
          mapPage(memory, 0x300000, 0, 0);
          memory.write32(MAP.data, 0x1234567);
        },
      },
    );
    s.events.exception(2, PAGE_FAULT, MAP.code + 2, 0x202, 0, 0x300000);
    // Two of the program, three of the handler, and now the load.
    s.events.check(6, MAP.code + 8, 0x202, [2, 0, 0, 0x1234567, MAP.stack0, 0, 0, 0], null);
    s.events.end(7, null);
    s.runToEnd(t);
    t.is(s.simulator.counts.exceptions, 1);
    // The page was accessed and not written.
    t.is(s.word(MAP.tables + 0xc00), 0x20003 | PAGE.accessed);
  });

  for (const [where, padding] of [
    ['on the next page', 2],
    ['across the border', 1],
  ] as const) {
    test(`exceptions: instructions run before the fetch of one ${where} faults`, (t) => {
      const s = new Scenario(
        make,
        `start: jmp border
                .org 0xffc
         border: inc eax
                inc eax
                .fill ${padding}, 1, 0x90
                lea eax, [0x12345678]
         done:  jmp done
                .org 0x2000
         fault: mov dword ptr [0x41044], 0x50003
                add esp, 4
                iret`,
        {
          paging: true,
          handlers: { [PAGE_FAULT]: 'fault' },
          memory: (memory, program) => {
            mapPage(memory, 0x11000, 0, 0);
            memory.write(0x50000, program.bytes.subarray(0x1000, 0x2000));
          },
        },
      );
      const position = 3 + padding;
      s.events.exception(position, PAGE_FAULT, MAP.code + 0xffe + padding, 0x202, 0, 0x11000);
      s.events.end(position + 4, null);
      s.runToEnd(t);
      t.is(s.register('eax'), 0x12345678);
      t.is(s.simulator.readState().eip, s.at('done'));
    });
  }

  test('exceptions: from ring 3 through the TSS, and back', (t) => {
    const s = new Scenario(
      make,
      `start: mov eax, 7\n int 0x80\n inc eax\n hlt\n done: jmp done\n call: mov ebx, eax\n iret\n gp: add dword ptr [esp+4], 1\n add esp, 4\n iret`,
      {
        user: true,
        handlers: { 0x80: 'call', [PROTECTION]: 'gp' },
      },
    );
    s.events.softwareInterrupt(2, 0x80, MAP.code + 7, 0x202);
    s.events.check(2, s.at('call'), 0x2, [7, 0, 0, 0, MAP.stack0 - 20, 0, 0, 0], null);
    // HLT is not for ring 3.
    s.events.exception(5, PROTECTION, MAP.code + 8, 0x202, 0, null);
    s.events.end(9, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 7);
    t.is(s.simulator.readState().segments[1]!.selector, SELECTOR.code3);
    t.is(s.simulator.counts.softwareInterrupts, 1);
  });

  test('exceptions: an undefined opcode, an overflow trap, a breakpoint', (t) => {
    const s = new Scenario(
      make,
      `start: ud2\n mov al, 0x7f\n add al, 1\n into\n int3\n done: jmp done\n ud: add dword ptr [esp], 2\n iret\n plain: iret`,
      {
        handlers: { [INVALID_OPCODE]: 'ud', 4: 'plain', 3: 'plain' },
      },
    );
    s.events.exception(0, INVALID_OPCODE, MAP.code, 0x202, null, null);
    s.events.softwareInterrupt(5, 4, MAP.code + 7, 0xa92);
    s.events.softwareInterrupt(7, 3, MAP.code + 8, 0xa92);
    s.events.end(8, null);
    s.runToEnd(t);
  });

  test('exceptions: a division error leaves the state before it', (t) => {
    const s = new Scenario(make, `start: mov ecx, 3\n div edx\n done: jmp done\n fix: mov edx, 5\n iret`, {
      handlers: { 0: 'fix' },
    });
    s.events.exception(1, 0, MAP.code + 5, 0x202, null, null);
    s.events.exception(3, 0, MAP.code + 5, 0x202, null, null);
    s.events.end(5, null);
    // EDX:EAX = 5 * 2^32 by 5 does not fit: the second one is a fault, too.
    s.runToEnd(t);
  });

  test('exceptions: a software interrupt whose gate is not for ring 3 faults, and has not retired', (t) => {
    const s = new Scenario(
      make,
      `start: nop\n int 0x30\n done: jmp done\n ${HANDLER} gp: add dword ptr [esp+4], 2\n add esp, 4\n iret`,
      {
        user: true,
        handlers: { 0x30: 'plain', [PROTECTION]: 'gp' },
        memory: (memory, program) => {
          const offset = program.at('plain');
          memory.write32(
            MAP.idt + 0x30 * 8,
            (SELECTOR.code0 << 16) | (offset & 0xffff),
            (offset & 0xffff0000) | 0x8e00,
          );
        },
      },
    );
    s.simulator.enableBlocks();
    s.events.exception(1, PROTECTION, MAP.code + 1, 0x202, 0x30 * 8 + 2, null);
    s.events.end(4, null);
    s.runToEnd(t);
    const { icount, executions } = s.simulator.takeBatch();
    t.is(
      icount.reduce((sum, count, i) => sum + count * executions[i]!, 0),
      4,
    );
    t.is(s.simulator.readState().eip, s.at('done'));
  });

  test('exceptions: a fault while an interrupt is delivered', (t) => {
    const s = new Scenario(make, `start: inc eax\n done: jmp done\n ${HANDLER}`, {
      handlers: { [NOT_PRESENT]: 'handler', 0x40: 'plain' },
      memory: (memory, program) => {
        const offset = program.at('plain');
        memory.write32(MAP.idt + 0x40 * 8, (SELECTOR.code0 << 16) | (offset & 0xffff), (offset & 0xffff0000) | 0x6e00);
      },
    });
    s.events.interrupt(1, 0x40, MAP.code + 1, 0x202, null);
    s.events.exception(1, NOT_PRESENT, MAP.code + 1, 0x202, 0x40 * 8 + 2, null);
    s.events.end(5, null);
    s.runToEnd(t);
    t.is(s.simulator.counts.interrupts, 1);
    t.is(s.simulator.counts.exceptions, 1);
  });

  test('exceptions: two page faults in a row are not a double fault', (t) => {
    const s = new Scenario(
      make,
      `start: mov eax, [0x300000]
              mov ebx, [0x301000]
       done:  jmp done
       fault: push edx
              mov edx, cr2
              shr edx, 10
              mov dword ptr [0x41000+edx], 0x20007
              pop edx
              add esp, 4
              iret`,
      {
        paging: true,
        user: true,
        handlers: { [PAGE_FAULT]: 'fault' },
        memory: (memory) => {
          mapPage(memory, 0x300000, 0, 0);
          mapPage(memory, 0x301000, 0x20000, PAGE.present);
        },
      },
    );
    s.events.exception(0, PAGE_FAULT, MAP.code, 0x202, USER, 0x300000);
    s.events.exception(8, PAGE_FAULT, MAP.code + 5, 0x202, USER | 1, 0x301000);
    s.events.end(17, null);
    s.runToEnd(t);
  });

  test('exceptions: reading to modify asks for a write at once, and does not mark the page accessed', (t) => {
    const s = new Scenario(
      make,
      `start: add dword ptr [0x300000], 5
       done:  jmp done
       fault: mov dword ptr [0x41c00], 0x20007
              add esp, 4
              iret`,
      {
        paging: true,
        user: true,
        handlers: { [PAGE_FAULT]: 'fault' },
        memory: (memory) => mapPage(memory, 0x300000, 0x30000, PAGE.present | PAGE.user),
      },
    );
    s.events.exception(0, PAGE_FAULT, MAP.code, 0x202, USER | WRITE | 1, 0x300000);
    s.events.keyframeMark(0, 1, null);
    s.events.end(5, null);
    t.is(s.run().reason, 'keyframe');
    t.is(s.word(MAP.tables + 0xc00), 0x30000 | PAGE.present | PAGE.user);
    t.is(s.simulator.run().reason, 'end');
    t.is(s.word(MAP.data), 5);
    t.is(s.word(MAP.tables + 0xc00), 0x20007 | PAGE.accessed | PAGE.dirty);
  });

  test('exceptions: one that the relog does not have, and one that does not come', (t) => {
    const extra = new Scenario(make, 'start: nop\n ud2');
    extra.events.end(5, null);
    extra.runToDivergence(t, 'an unexpected exception');
    const missing = new Scenario(make, 'start: nop\n nop\n nop\n done: jmp done');
    missing.events.softwareInterrupt(1, 3, MAP.code + 1, 0x202);
    missing.events.end(5, null);
    missing.runToDivergence(t, 'an event that did not happen');
  });
}
