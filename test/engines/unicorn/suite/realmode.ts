/** The mode a PC begins in: 16-bit code, segments that are addresses divided by 16, an interrupt table at 0. */
import type { TestFn } from 'ava';
import type { CpuState } from '../../../../formats/state.js';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const CODE = 0x1000;

function realMode(state: CpuState): void {
  const segment = (selector: number, access: number) => ({
    selector,
    base: selector * 16,
    limit: 0xffff,
    attributes: access,
  });
  state.segments = [0, CODE, 0x900, 0, 0, 0].map((selector, i) => segment(selector, i === 1 ? 0x9b : 0x93));
  state.tr = { selector: 0, base: 0, limit: 0xffff, attributes: 0x8b };
  state.idtr = { base: 0, limit: 0x3ff };
  state.cr0 = 0x10;
  state.cr4 = 0;
  state.eip = 0;
  state.gpr[4] = 0x1000;
}

export function realModeSuite(test: TestFn, make: MakeSimulator): void {
  test('real mode: counting bits is no instruction of the x87, whose pointers stay', (t) => {
    const s = new Scenario(
      make,
      `.code16
       start: fld1
              mov bx, 0x1234
              popcnt cx, bx
              .byte 0x66, 0xf3, 0x0f, 0xb8, 0xd3
              setz al
       done:  jmp done`,
      { state: realMode },
    );
    s.events.end(7, null);
    s.runToEnd(t);
    const { gpr, x87 } = s.simulator.readState();
    t.deepEqual([gpr[1]! & 0xffff, gpr[2], gpr[0]! & 0xff], [5, 5, 0]);
    t.deepEqual([x87.fip, x87.fcs], [0, CODE]);
  });

  test('real mode: interrupts, far calls, strings, and into protected mode', (t) => {
    const s = new Scenario(
      make,
      `.code16
       start: mov ax, 0x2000
              mov ds, ax
              mov es, ax
              int 0x21
              xor di, di
              mov cx, 8
              rep stosw
              .byte 0x9a, 0x40, 0x00, 0x00, 0x10
              lgdt cs:[0x60]
              mov eax, cr0
              or al, 1
              mov cr0, eax
              .byte 0x66, 0xea, 0x80, 0x00, 0x01, 0x00, 0x08, 0x00
              .org 0x40
              inc bx
              .byte 0xcb
              .org 0x50
              inc dx
              iret
              .org 0x60
              .word 0x2f
              .long 0x1000
              .code32
              .org 0x80
       flat:  mov ecx, 0x12345678
       done:  jmp done`,
      {
        state: realMode,
        memory: (memory) => {
          memory.write32(0x21 * 4, (CODE << 16) | 0x50);
          memory.write32(0x20 * 4, (CODE << 16) | 0x50);
        },
      },
    );
    s.events.softwareInterrupt(4, 0x21, 0x9, 0x202);
    // The handler begins with interrupts off.
    s.events.interrupt(8, 0x20, 0x0e, 0x246, 3);
    s.events.check(14, 0x15, 0x202, [0x2000, 0, 2, 1, 0x1000, 0, 0, 16], null);
    s.events.end(20, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 0x20002000);
    t.is(s.register('ecx'), 0x12345678);
    t.is(s.simulator.readState().eip, s.at('done'));
  });
}
