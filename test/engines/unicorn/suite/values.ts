/** Values an instruction takes from outside: ports, device memory, TSC, CPUID, MSRs, random numbers. */
import type { TestFn } from 'ava';
import { MAP } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

export function valuesSuite(test: TestFn, make: MakeSimulator): void {
  test('values: ports, in all widths, by number and in DX', (t) => {
    const s = new Scenario(
      make,
      `start: in al, 0x60\n mov ebx, eax\n mov dx, 0x1f0\n in ax, dx\n mov ecx, eax\n in eax, dx\n out 0x80, al\n out dx, eax\n done: jmp done`,
    );
    s.events.portRead(0x60, 1, 0xab);
    s.events.portRead(0x1f0, 2, 0x1234);
    s.events.portRead(0x1f0, 4, 0x89abcdef);
    s.events.end(8, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0xab);
    t.is(s.register('ecx'), 0x1234);
    t.is(s.register('eax'), 0x89abcdef);
  });

  test('values: debug registers keep what is written to them but for fixed bits, DR4 and DR5 are DR6 and DR7', (t) => {
    const s = new Scenario(
      make,
      `start: mov eax, 0x401\n mov dr6, eax\n mov ebx, dr6\n mov eax, 0x12345678\n mov dr7, eax\n mov ecx, dr5
       mov dr4, ecx\n mov edx, dr6\n mov dr0, eax\n mov esi, dr0\n done: jmp done`,
    );
    s.events.end(11, null);
    s.runToEnd(t);
    t.is(s.register('ebx'), 0xffff0ff1);
    t.is(s.register('ecx'), 0x12340678);
    t.is(s.register('edx'), 0xffff0ff8);
    t.is(s.register('esi'), 0x12345678);
    t.is(s.simulator.readState().dr[6], 0xffff0ff8);
  });

  test('values: REP INS takes one for each element, and can be interrupted', (t) => {
    const s = new Scenario(
      make,
      `start: mov edx, 0x1f0\n mov edi, 0x20000\n mov ecx, 5\n rep insw\n done: jmp done\n timer: iret`,
      {
        handlers: { 0x20: 'timer' },
      },
    );
    for (const value of [0x1111, 0x2222]) s.events.portRead(0x1f0, 2, value);
    s.events.interrupt(3, 0x20, MAP.code + 15, 0x202, 3);
    for (const value of [0x3333, 0x4444, 0x5555]) s.events.portRead(0x1f0, 2, value);
    s.events.end(5, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data), 0x22221111);
    t.is(s.word(MAP.data + 4), 0x44443333);
    t.is(s.register('edi'), MAP.data + 10);
  });

  test('values: ports that ring 3 may not use fault', (t) => {
    const s = new Scenario(
      make,
      `start: in al, 0x60\n in al, 0x61\n done: jmp done\n gp: inc dword ptr [esp+4]\n inc dword ptr [esp+4]\n add esp, 4\n iret`,
      {
        user: true,
        handlers: { 13: 'gp' },
        memory: (memory) => {
          // The bitmap lies behind the TSS; port 0x60 is allowed, the one after it is not.
          memory.write32(MAP.tss + 0x64, 0x68 << 16);
          memory.write(MAP.tss + 0x68, new Uint8Array(0x30).fill(0xff));
          memory.write(MAP.tss + 0x68 + 0xc, [0xfe]);
        },
        state: (state) => (state.tr.limit = 0x97),
      },
    );
    s.events.portRead(0x60, 1, 0x77);
    s.events.exception(1, 13, MAP.code + 2, 0x202, 0, null);
    s.events.end(6, null);
    s.runToEnd(t);
    t.is(s.register('eax'), 0x77);
  });

  test('values: device memory in all widths, aligned or not; writes go nowhere', (t) => {
    const s = new Scenario(
      make,
      `start: mov al, [0xa0000]
              mov bx, [0xa0010]
              mov ecx, [0xa0020]
              mov edx, [0xa0033]
              mov si, [0xa0041]
              movq xmm0, qword ptr [0xa0050]
              mov dword ptr [0xa0020], 5
              push dword ptr [0xb0000]
              pop edi
       done:  jmp done`,
    );
    s.events.mmioRead(0xa0000, 1, 0x11);
    s.events.mmioRead(0xa0010, 1, 0x22);
    s.events.mmioRead(0xa0011, 1, 0x33);
    s.events.mmioRead(0xa0020, 4, 0x44556677);
    s.events.mmioRead(0xa0033, 4, 0x89abcdef);
    s.events.mmioRead(0xa0041, 1, 0xee);
    s.events.mmioRead(0xa0042, 1, 0xff);
    s.events.mmioRead(0xa0050, 4, 0x01020304);
    s.events.mmioRead(0xa0054, 4, 0x05060708);
    s.events.mmioRead(0xb0000, 4, 0x13579bdf);
    s.events.end(10, null);
    s.runToEnd(t);
    t.deepEqual(s.simulator.readState().gpr, [0x11, 0x44556677, 0x89abcdef, 0x3322, MAP.stack0, 0, 0xffee, 0x13579bdf]);
    t.deepEqual([...s.simulator.readState().xmm.subarray(0, 8)], [4, 3, 2, 1, 8, 7, 6, 5]);
  });

  test('values: a string instruction that reads device memory', (t) => {
    const s = new Scenario(
      make,
      `start: mov esi, 0xa0100\n mov edi, 0x20000\n mov ecx, 3\n rep movsd\n done: jmp done`,
    );
    for (let i = 0; i < 3; i++) s.events.mmioRead(0xa0100 + 4 * i, 4, 0x100 + i);
    s.events.end(5, null);
    s.runToEnd(t);
    t.is(s.word(MAP.data + 8), 0x102);
  });

  test('values: TSC, CPUID, MSRs and random numbers, in the order of the program', (t) => {
    const s = new Scenario(
      make,
      `start: rdtsc
              mov esi, eax
              mov edi, edx
              mov eax, 4
              mov ecx, 1
              cpuid
              push ebx
              mov ecx, 0x1b
              rdmsr
              pop ebp
              rdrand ebx
              rdrand cx
       done:  jmp done`,
    );
    s.events.tsc(0x11223344, 0x55667788);
    s.events.cpuid(4, 1, [10, 20, 30, 40]);
    s.events.msr(0x1b, 0xfee00900, 1);
    s.events.random(0xcafebabe);
    s.events.random(0x1234ffff);
    s.events.check(
      12,
      s.at('done'),
      0x203,
      [0xfee00900, 0xffff, 1, 0xcafebabe, MAP.stack0, 20, 0x11223344, 0x55667788],
      null,
    );
    s.events.end(13, null);
    s.runToEnd(t);
  });

  test('values: an MSR that the machine does not have faults, read or written', (t) => {
    const s = new Scenario(
      make,
      `start: mov ecx, 0x999\n rdmsr\n wrmsr\n done: jmp done\n gp: add dword ptr [esp+4], 2\n add esp, 4\n iret`,
      {
        handlers: { 13: 'gp' },
      },
    );
    s.events.exception(1, 13, MAP.code + 5, 0x202, 0, null);
    s.events.exception(4, 13, MAP.code + 7, 0x202, 0, null);
    s.events.end(8, null);
    s.runToEnd(t);
  });

  const wrong: [string, string, (s: Scenario) => void][] = [
    ['another port', 'in al, 0x60', (s) => s.events.portRead(0x61, 1, 0)],
    ['another width', 'in al, 0x60', (s) => s.events.portRead(0x60, 2, 0)],
    ['another event', 'in al, 0x60', (s) => s.events.tsc(0, 0)],
    ['no event', 'in al, 0x60', () => undefined],
    ['another address', 'mov al, [0xa0000]', (s) => s.events.mmioRead(0xa0004, 1, 0)],
    ['too much', 'mov al, [0xa0000]', (s) => s.events.mmioRead(0xa0000, 4, 0)],
    ['another leaf', 'cpuid', (s) => s.events.cpuid(1, 0, [0, 0, 0, 0])],
    ['another subleaf', 'cpuid', (s) => s.events.cpuid(0, 1, [0, 0, 0, 0])],
    ['another MSR', 'rdmsr', (s) => s.events.msr(1, 0, 0)],
    ['no time', 'rdtsc', (s) => s.events.random(0)],
    ['no random number', 'rdrand eax', (s) => s.events.tsc(0, 0)],
    ['one too many', 'nop', (s) => s.events.tsc(0, 0)],
  ];
  for (const [name, instruction, write] of wrong) {
    test(`values: ${name} for ${instruction} is a divergence`, (t) => {
      const s = new Scenario(make, `start: inc edx\n ${instruction}\n done: jmp done`);
      write(s);
      s.events.end(20, null);
      const stop = s.run();
      t.is(stop.reason, 'diverged');
      if (stop.reason !== 'diverged') return;
      const { position, linear, code, bits, expected, got } = stop.divergence;
      if (name === 'one too many') {
        t.is(position, 20n);
        return;
      }
      t.is(position, 1n);
      t.is(linear, MAP.code + 1);
      t.deepEqual([...code.subarray(0, 2)], [...s.guest.program.bytes.subarray(1, 3)]);
      t.is(bits, 32);
      t.not(expected, got);
    });
  }
}
