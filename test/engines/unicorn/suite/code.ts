/** Code that changes, and how linear addresses lead to it. */
import type { TestFn } from 'ava';
import { MAP, PAGE, mapPage } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const PRESENT = PAGE.present | PAGE.writable;

export function codeSuite(test: TestFn, make: MakeSimulator): void {
  test('code: DMA over code that has run', (t) => {
    const s = new Scenario(
      make,
      `start: mov ecx, 2\n again: mov eax, 0x11111111\n add ebx, eax\n loop again\n done: jmp done`,
    );
    s.events.dma(4, s.at('again') + 1, Uint8Array.of(1, 0, 0, 0), null);
    s.events.end(8, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0x11111112);
    t.is(s.simulator.counts.dma, 1);
  });

  test('code: DMA over the very instruction that comes next', (t) => {
    const s = new Scenario(make, `start: inc eax\n inc eax\n inc eax\n done: jmp done`);
    // DEC EAX in the place of the second one, and of the third.
    s.events.dma(1, MAP.code + 1, Uint8Array.of(0x48), null);
    s.events.dma(1, MAP.code + 2, Uint8Array.of(0x48), null);
    s.events.end(4, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 0xffffffff);
  });

  test('code: an instruction that changes a later one of its own block', (t) => {
    const s = new Scenario(
      make,
      `start: inc ebx\n mov byte ptr [target + 1], 0x77\n inc ebx\n target: mov al, 0x11\n inc ebx\n done: jmp done`,
    );
    s.events.check(4, s.at('target') + 2, 0x202, [0x77, 0, 0, 2, MAP.stack0, 0, 0, 0], null);
    s.events.end(6, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 3);
  });

  test('code: an instruction that changes the block it jumps back to', (t) => {
    const s = new Scenario(
      make,
      `start: mov ecx, 3
       again: mov eax, 1
              add ebx, eax
              inc dword ptr [again + 1]
              loop again
       done:  jmp done`,
    );
    s.events.end(14, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 1 + 2 + 3);
  });

  test('code: changed through another mapping of its page', (t) => {
    const s = new Scenario(
      make,
      `start: mov dword ptr [0x304000], 0
              call routine
              mov byte ptr [0x300000 + value], 0x22
              call routine
              mov byte ptr [0x300000 + value], 0x33
              mov byte ptr [0x300800 + value], 0x33
              call routine
       done:  jmp done
              .org 0x1000
       routine: .byte 0xb0
       value: .byte 0x11
              shl ebx, 8
              mov bl, al
              ret`,
      {
        paging: true,
        // The routine's page is mapped here, too.
        memory: (memory) => mapPage(memory, 0x311000, 0x11000, PRESENT),
      },
    );
    s.events.end(21, null);
    const stop = s.run();
    t.is(stop.reason, 'end');
    t.is(s.register('ebx'), 0x112233);
  });

  test('code: written and then run for the first time, again and again', (t) => {
    const s = new Scenario(
      make,
      `start: mov ecx, 50
       again: mov byte ptr [0x20000], 0xb8
              mov [0x20001], ecx
              mov byte ptr [0x20005], 0xc3
              mov esi, 0x20000
              call esi
              add ebx, eax
              loop again
       done:  jmp done`,
    );
    s.events.end(1 + 50 * 9 + 1, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), (50 * 51) / 2);
  });

  test('code: the same linear address in two address spaces', (t) => {
    const s = new Scenario(
      make,
      `start: call 0x300000
              mov eax, 0x50000
              mov cr3, eax
              call 0x300000
              mov eax, 0x40000
              mov cr3, eax
              call 0x300000
       done:  jmp done`,
      {
        paging: true,
        memory: (memory) => {
          memory.write32(0x50000, 0x51000 | PRESENT);
          for (let page = 0; page < 0x100; page++) memory.write32(0x51000 + page * 4, (page << 12) | PRESENT);
          mapPage(memory, 0x300000, 0x20000, PRESENT);
          memory.write32(0x51000 + 0x300 * 4, 0x21000 | PRESENT);
          memory.write(0x20000, [0x83, 0xc3, 0x01, 0xc3]); // add ebx, 1; ret
          memory.write(0x21000, [0x90, 0x83, 0xc3, 0x10, 0xc3]); // nop; add ebx, 16; ret
        },
      },
    );
    s.events.end(1 + 2 + 2 + 1 + 3 + 2 + 1 + 2 + 1, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0x12);
  });

  test('code: global pages stay when CR3 is loaded, others do not', (t) => {
    const s = new Scenario(
      make,
      `start: mov eax, [0x300000]
              mov ebx, [0x301000]
              mov dword ptr [0x41c00], 0x22003
              mov dword ptr [0x41c04], 0x22003
              mov ecx, cr3
              mov cr3, ecx
              mov edx, [0x300000]
              mov esi, [0x301000]
              invlpg [0x301000]
              mov edi, [0x301000]
       done:  jmp done`,
      {
        paging: true,
        state: (state) => (state.cr4 |= 0x80),
        memory: (memory) => {
          mapPage(memory, 0x300000, 0x20000, PRESENT);
          mapPage(memory, 0x301000, 0x21000, PRESENT | PAGE.global);
          memory.write32(0x20000, 0x20);
          memory.write32(0x21000, 0x21);
          memory.write32(0x22000, 0x22);
        },
      },
    );
    s.events.end(11, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.readState().gpr.slice(0, 4), [0x20, MAP.directory, 0x22, 0x21]);
    t.is(s.register('esi'), 0x21);
    t.is(s.register('edi'), 0x22);
  });

  test('code: pages of 4 MiB, and page tables with PAE', (t) => {
    const large = new Scenario(make, 'start: mov eax, [0xc0020000]\n done: jmp done', {
      paging: true,
      state: (state) => (state.cr4 |= 0x10),
      memory: (memory) => {
        memory.write32(MAP.directory + 0x300 * 4, PRESENT | PAGE.large);
        memory.write32(MAP.data, 0x1111);
      },
    });
    large.events.end(2, null);
    large.runToEnd(t);
    t.is(large.register('eax'), 0x1111);
    t.is(large.simulator.translate(0xc0020123), 0x20123);

    const pae = new Scenario(make, 'start: mov eax, [0xc0001004]\n mov ebx, [0xc0200004]\n done: jmp done', {
      paging: true,
      state: (state) => {
        state.cr3 = 0x50000;
        state.cr4 |= 0x20;
      },
      memory: (memory) => {
        memory.write32(0x50000, 0x51001, 0, 0, 0, 0, 0, 0x52001, 0);
        memory.write32(0x51000, PRESENT | PAGE.large, 0);
        memory.write32(0x52000, 0x53003, 0, PRESENT | PAGE.large, 0);
        memory.write32(0x53008, 0x20003, 0);
        memory.write32(0x20004, 0x2222);
        memory.write32(4, 0x3333);
      },
    });
    pae.events.end(3, null);
    pae.runToEnd(t);
    t.is(pae.register('eax'), 0x2222);
    t.is(pae.register('ebx'), 0x3333);
    t.is(pae.simulator.translate(0xc0001004), 0x20004);
    t.is(pae.simulator.translate(0xc0002000), null);
    t.is(pae.simulator.translate(0x80000000), null);
  });

  test('code: SYSENTER and SYSEXIT', (t) => {
    const s = new Scenario(
      make,
      `start: mov ebp, esp\n sysenter\n back: inc eax\n done: jmp done\n kernel: mov ebx, esp\n mov ecx, ebp\n lea edx, [back]\n sti\n sysexit`,
      {
        user: true,
        state: (state, program) => (state.sysenter = [0x08, MAP.stack0, program.at('kernel')]),
      },
    );
    s.events.check(2, s.at('kernel'), 0x2, [0, 0, 0, 0, MAP.stack0, MAP.stack3, 0, 0], null);
    s.events.check(
      7,
      s.at('back'),
      0x202,
      [0, MAP.stack3, s.at('back'), MAP.stack0, MAP.stack3, MAP.stack3, 0, 0],
      null,
    );
    s.events.end(9, null);
    s.runToEnd(t);
    t.is(s.simulator.readState().segments[1]!.selector, 0x1b);
  });

  test('code: a 32-bit push of a segment register writes two bytes', (t) => {
    const s = new Scenario(
      make,
      `start: mov dword ptr [esp-4], -1\n mov dword ptr [esp-8], -1\n push ds\n push fs\n .byte 0x66, 0x0e\n done: jmp done`,
    );
    s.events.end(6, null);
    s.runToEnd(t);
    t.is(s.word(MAP.stack0 - 4), 0xffff0010);
    t.is(s.word(MAP.stack0 - 8), 0xffff0010);
    t.is(s.register('esp'), MAP.stack0 - 10);
    t.is(s.word(MAP.stack0 - 12) >>> 16, 0x08);
  });

  test('code: REP MOVS over code that has run, over what follows it, and over itself', (t) => {
    const s = new Scenario(
      make,
      `start: call routine
              mov esi, offset other
              mov edi, offset routine
              mov ecx, 6
              rep movsb
              call routine
              mov esi, offset nops
              mov edi, offset here
              mov ecx, 4
       here:  rep movsb
              inc ebx
              inc ebx
       done:  jmp done
       routine: mov eax, 1
              ret
       other: mov eax, 2
              ret
       nops:  .byte 0xf3, 0xa4, 0x90, 0x90`,
    );
    s.events.end(1 + 2 + 4 + 1 + 2 + 4 + 2 + 1, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 2);
    t.is(s.register('ebx'), 0);
  });

  test('code: a page fault in the middle of REP MOVS leaves what was done, and it goes on', (t) => {
    const s = new Scenario(
      make,
      `start: mov esi, 0x20ff8
              mov edi, 0x30000
              mov ecx, 16
              rep movsb
       done:  jmp done
       fault: mov ebx, ecx
              mov dword ptr [0x41084], 0x21003
              add esp, 4
              iret`,
      {
        paging: true,
        handlers: { 14: 'fault' },
        memory: (memory) => {
          memory.write(
            0x20ff8,
            Uint8Array.from({ length: 16 }, (_, i) => i + 1),
          );
          mapPage(memory, 0x21000, 0, 0);
        },
      },
    );
    s.events.exception(3, 14, MAP.code + 15, 0x202, 0, 0x21000);
    s.events.end(8, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 8);
    t.deepEqual(
      s.simulator.readPhysical(0x30000, 16),
      Uint8Array.from({ length: 16 }, (_, i) => i + 1),
    );
  });
}
