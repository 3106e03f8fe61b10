/** Instructions of the system, and faults: the machine does as a processor does, and the simulator as the machine. */
import test from 'ava';
import { ABSENT, type Ended, READ_ONLY, STACK, START } from '../../support/fault-guest.js';
import { check } from '../../support/fault-stages.js';

const DONE = 'int 0x30';
const END = { vector: 0x30 } as const;

test('plain faults', (t) =>
  check(t, [
    { code: `mov eax, [${ABSENT} + 4]; ${DONE}`, ends: { vector: 14, error: 4, cr2: ABSENT + 4, eip: 0 } },
    { code: `mov [${ABSENT} + 4], eax; ${DONE}`, ends: { vector: 14, error: 6, cr2: ABSENT + 4, eip: 0 } },
  ]));

test('ENTER with nested frames, and faults in it', (t) =>
  check(t, [
    { code: `enter 8, 0; ${DONE}`, ends: { ...END, ebp: STACK - 4, esp: STACK - 12 } },
    {
      code: `enter 8, 1; mov eax, [ebp - 4]; ${DONE}`,
      ends: { ...END, ebp: STACK - 4, esp: STACK - 16, eax: STACK - 4 },
    },
    {
      code: `mov dword ptr [ebp - 4], 0x1234; enter 8, 2; mov eax, [ebp]; mov ebx, [ebp - 4]; mov ecx, [ebp - 8]; ${DONE}`,
      ends: { ...END, ebp: STACK - 4, esp: STACK - 20, eax: START.ebp, ebx: 0x1234, ecx: STACK - 4 },
    },
    {
      code: `mov dword ptr [ebp - 4], 0x1234; mov dword ptr [ebp - 8], 0x5678; enter 0, 35
             mov ebx, [ebp - 4]; mov ecx, [ebp - 8]; mov edx, [ebp - 12]; ${DONE}`,
      ends: { ...END, ebp: STACK - 4, esp: STACK - 16, ebx: 0x1234, ecx: 0x5678, edx: STACK - 4 },
    },
    {
      code: `mov word ptr [ebp - 2], 0x1234; enterw 8, 2; mov bx, [ebp - 2]; mov cx, [ebp - 4]; ${DONE}`,
      ends: { ...END, ebp: STACK - 2, esp: STACK - 14, ebx: 0x22221234, ecx: (STACK - 2) & 0xffff },
    },
    // The page of what is read, of what is pushed first, in the middle, and where the stack is left
    {
      code: `mov ebp, ${ABSENT + 16}; enter 8, 2; ${DONE}`,
      ends: { vector: 14, error: 4, cr2: ABSENT + 12, eip: 5, esp: STACK, ebp: ABSENT + 16 },
    },
    {
      code: `mov esp, ${ABSENT + 0x1000}; enter 8, 0; ${DONE}`,
      ends: { vector: 14, error: 6, cr2: ABSENT + 0xffc, eip: 5, esp: ABSENT + 0x1000, ebp: START.ebp },
    },
    {
      code: `mov esp, ${ABSENT + 0x1008}; enter 8, 3; ${DONE}`,
      ends: { vector: 14, error: 6, cr2: ABSENT + 0xffc, eip: 5, esp: ABSENT + 0x1008, ebp: START.ebp },
    },
    {
      code: `mov esp, ${STACK - 0x7f8}; enter 8, 0; ${DONE}`,
      ends: { ...END, ebp: STACK - 0x7fc, esp: STACK - 0x804 },
    },
    {
      code: `mov esp, ${ABSENT + 0x1010}; enter 32, 1; ${DONE}`,
      ends: { vector: 14, error: 6, cr2: ABSENT + 0x1010 - 40, eip: 5, esp: ABSENT + 0x1010, ebp: START.ebp },
    },
  ]));

const UD = { vector: 6, error: 0, eip: 0 } as const;

test('PREFETCHW is a hint', (t) =>
  check(t, [
    {
      code: `prefetchw [eax + ebx * 4 + 0x1234]; .byte 0x0f, 0x0d, 0x46, 1; inc eax; ${DONE}`,
      ends: { ...END, eax: START.eax + 1 },
    },
  ]));

test('BOUND', (t) => {
  const limits = (low: number, high: number): string =>
    `mov dword ptr [esi], ${low}; mov dword ptr [esi + 4], ${high};`;
  const words = (low: number, high: number): string => `mov word ptr [esi], ${low}; mov word ptr [esi + 2], ${high};`;
  const at = 13;
  return check(t, [
    {
      code: `${limits(-2, 5)} bound ecx, [esi]; mov ecx, -2; bound ecx, [esi]; mov ecx, 5; bound ecx, [esi]; ${DONE}`,
      ends: END,
    },
    { code: `${limits(4, 5)} bound ecx, [esi]; ${DONE}`, ends: { vector: 5, error: 0, eip: at, ecx: 3 } },
    { code: `${limits(0, 2)} bound ecx, [esi]; ${DONE}`, ends: { vector: 5, error: 0, eip: at, ecx: 3 } },
    { code: `${words(-2, 3)} bound cx, [esi]; ${DONE}`, ends: END },
    { code: `mov ecx, 0x18000; ${words(-2, 3)} bound cx, [esi]; ${DONE}`, ends: { vector: 5, error: 0, eip: 16 } },
    { code: `.byte 0x62, 0xc1; ${DONE}`, ends: UD },
    { code: `bound ecx, [${ABSENT}]; ${DONE}`, ends: { vector: 14, error: 4, cr2: ABSENT, eip: 0 } },
  ]);
});

test('ICEBP', (t) =>
  check(t, [
    { code: `.byte 0xf1; nop; ${DONE}`, ends: { vector: 1, error: 0, eip: 1 } },
    {
      code: `xor eax, eax; mov dr6, eax; mov dr7, eax; mov eax, dr6; mov ebx, dr7; ${DONE}`,
      system: true,
      ends: { ...END, eax: 0xffff0ff0, ebx: 0x400 },
    },
    {
      code: `mov eax, 0xffffff00; mov dr6, eax; mov dr7, eax; mov eax, dr6; mov ebx, dr7; xor ecx, ecx; mov dr7, ecx; ${DONE}`,
      system: true,
      ends: { ...END, eax: 0xffffeff0, ebx: 0xffff2700 },
    },
    { code: `inc eax; .byte 0xf1; nop; ${DONE}`, system: true, ends: { vector: 1, error: 0, eip: 2 } },
  ]));

test('LOCK', (t) => {
  const refused = [
    'nop',
    'mov [esi], eax',
    'add eax, [esi]',
    '.byte 0x01, 0xc3',
    'cmp [esi], eax',
    'test [esi], eax',
    'shl dword ptr [esi], 1',
    'bt [esi], eax',
    'cpuid',
    '.byte 0x87, 0xc3',
    'movsd',
    'push eax',
    '.byte 0x0f, 0xc1, 0xc3',
    '.byte 0xf7, 0xd8',
    'add eax, 5',
    '.byte 0x66, 0x90',
    'mul dword ptr [esi]',
    'bt dword ptr [esi], 3',
  ];
  const taken = [
    'add [esi], eax',
    'adc [esi], al',
    'and [esi], ax',
    'or dword ptr [esi], 5',
    'sbb [esi], eax',
    'sub [esi], eax',
    'xor [esi], eax',
    'btc [esi], ecx',
    'btr [esi], ecx',
    'bts dword ptr [esi], 3',
    'cmpxchg [esi], ecx',
    'cmpxchg8b [esi]',
    'dec dword ptr [esi]',
    'inc word ptr [esi]',
    'neg byte ptr [esi]',
    'not dword ptr [esi]',
    'xadd [esi], eax',
    'xchg [esi], eax',
  ];
  return check(t, [
    ...refused.map((one) => ({ code: `.byte 0xf0; ${one}; ${DONE}`, ends: UD })),
    { code: `.byte 0x66, 0xf0, 0x89, 0x06; ${DONE}`, ends: UD },
    ...taken.map((one) => ({ code: `.byte 0xf0; ${one}; ${DONE}`, ends: END })),
    { code: `.byte 0x3e, 0xf0, 0x66, 0x01, 0x06; ${DONE}`, ends: END },
  ]);
});

test('instructions of more than 15 bytes', (t) => {
  const bytes = (...all: number[]): string => `.byte ${all.join(', ')};`;
  const prefixes = (n: number, byte = 0x66): number[] => Array.from({ length: n }, () => byte);
  const gp = { vector: 13, error: 0, eip: 0 } as const;
  return check(t, [
    { code: `${bytes(...prefixes(14), 0x90)} ${DONE}`, ends: END },
    { code: `${bytes(...prefixes(15), 0x90)} ${DONE}`, ends: gp },
    { code: `${bytes(...prefixes(30, 0x2e), 0x90)} ${DONE}`, ends: gp },
    { code: `${bytes(...prefixes(9, 0x3e), 0x81, 0x06, 1, 2, 3, 4)} ${DONE}`, ends: END },
    { code: `${bytes(...prefixes(10, 0x3e), 0x81, 0x06, 1, 2, 3, 4)} ${DONE}`, ends: gp },
    { code: `${bytes(...prefixes(5, 0x3e), 0xc7, 0x84, 0xce, 0, 0, 0, 0, 1, 2, 3, 4)} ${DONE}`, ends: gp },
    { code: `${bytes(...prefixes(4, 0x3e), 0xc7, 0x84, 0xce, 0, 0, 0, 0, 1, 2, 3, 4)} ${DONE}`, ends: END },
  ]);
});

test('model-specific registers, counters', (t) => {
  const gp = { vector: 13, error: 0 } as const;
  return check(t, [
    { code: `mov ecx, 0xc0000101; wrmsr; ${DONE}`, system: true, ends: { ...gp, eip: 5 } },
    { code: `mov ecx, 0xc0000080; rdmsr; ${DONE}`, system: true, ends: { ...gp, eip: 5 } },
    { code: `mov ecx, 0x174; rdmsr; ${DONE}`, system: true, ends: END },
    { code: `mov ecx, 0x174; rdmsr; ${DONE}`, ends: { ...gp, eip: 5 } },
    { code: `rdpmc; ${DONE}`, ends: { ...gp, eip: 0 } },
    { code: `rdpmc; ${DONE}`, system: true, ends: { ...gp, eip: 0 } },
  ]);
});

test('REP MOVS reads first', (t) => {
  const both = `mov esi, ${ABSENT + 8}; mov edi, ${READ_ONLY + 0x10};`;
  const ends = {
    vector: 14,
    error: 4,
    cr2: ABSENT + 8,
    eip: 10,
    ecx: 3,
    esi: ABSENT + 8,
    edi: READ_ONLY + 0x10,
  } as const;
  return check(t, [
    ...['movsb', 'movsw', 'movsd'].map((one) => ({ code: `${both} rep ${one}; ${DONE}`, ends })),
    {
      code: `mov edi, ${READ_ONLY + 0x10}; rep movsd; ${DONE}`,
      ends: { vector: 14, error: 7, cr2: READ_ONLY + 0x10, eip: 5 },
    },
    { code: `xor ecx, ecx; ${both} rep movsd; ${DONE}`, ends: END },
    { code: `rep movsd; mov eax, [edi - 4]; ${DONE}`, ends: { ...END, eax: 0x5a5a5a5a, edi: START.edi + 12 } },
  ]);
});

test('IRET, far jumps and calls to what is no target', (t) => {
  const iret = (eip: string, cs: number, flags = 2): string =>
    `push ${flags}; push ${cs}; push ${eip}; iretd; 1: ${DONE}`;
  const gp = (error: number): Partial<Ended> => ({ vector: 13, error, esp: STACK - 12 });
  return check(t, [
    {
      code: 'push 2; push 0x1b; call 2f; 2: add dword ptr [esp], 1f - 2b; iretd; nop; 1: int 0x30',
      ends: { ...END, esp: STACK },
    },
    { code: iret('0', 0), ends: gp(0) },
    { code: iret('0', 3), ends: gp(0) },
    { code: iret('0', 0x1003), ends: gp(0x1000) },
    { code: iret('0', 8), ends: gp(8) },
    { code: iret('0', 0x23), ends: gp(0x20) },
    { code: iret('0', 0x2b), ends: gp(0x28) },
    { code: iret('0', 0x0f), ends: gp(0x0c) },
    { code: iret('0', 0x53), ends: { vector: 11, error: 0x50, esp: STACK - 12 } },
    {
      code: `pushfd; or dword ptr [esp], 0x4000; popfd; iretd; ${DONE}`,
      ends: { vector: 10, error: 0, flags: 0x4002, esp: STACK },
    },
    { code: iret('0', 0x33), system: true, ends: { vector: 13, error: 0x30 } },
    { code: `.byte 0xea; .long 0; .word 0x2b; ${DONE}`, ends: { vector: 13, error: 0x28, eip: 0 } },
    { code: `.byte 0x9a; .long 0; .word 0x28; ${DONE}`, system: true, ends: { vector: 13, error: 0x28, eip: 0 } },
    { code: `.byte 0xea; .long 0; .word 0x5b; ${DONE}`, ends: { vector: 13, error: 0x58, eip: 0 } },
    { code: `.byte 0xea; .long 0; .word 0; ${DONE}`, ends: { vector: 13, error: 0, eip: 0 } },
  ]);
});

test('null selectors on the way to a level with fewer privileges', (t) => {
  const nulls = 'mov ax, 3; mov es, ax; mov fs, ax;';
  const seen = `mov ebx, es; mov ecx, fs; ${DONE}`;
  const place = 'call 2f; 2: add dword ptr [esp], 1f - 2b;';
  const ends = { ...END, ebx: 0, ecx: 0, esp: STACK - 4 };
  return check(t, [
    { code: `${nulls} push 0x23; push esp; pushfd; push 0x1b; ${place} iretd; 1: ${seen}`, system: true, ends },
    { code: `${nulls} push 0x23; push esp; push 0x1b; ${place} retf; 1: ${seen}`, system: true, ends },
    { code: `${nulls} ${seen}`, ends: { ...END, ebx: 3, ecx: 3 } },
    {
      code: `mov esp, ${ABSENT + 16}; iretd; ${DONE}`,
      ends: { vector: 14, error: 4, cr2: ABSENT + 16, eip: 5, esp: ABSENT + 16 },
    },
  ]);
});

test('far jumps, calls and returns beyond the end of their segment', (t) => {
  // A code segment of 64 KiB, at 48h.
  const segment =
    'mov dword ptr [0xb048], 0xffff; mov dword ptr [0xb04c], 0x00409a00; mov word ptr [0xb04a], 0; mov ecx, esp;';
  const ends = { vector: 13, error: 0 };
  return check(
    t,
    [
      '.byte 0xea; .long 0x10000; .word 0x48',
      '.byte 0x9a; .long 0x10000; .word 0x48',
      'push 0x48; push 0x10000; retf',
      'push 0x48; push 0x10000; retf 4',
      'push 2; push 0x48; push 0x10000; iretd',
    ].map((code) => ({ code: `${segment} ${code}; ${DONE}`, system: true, ends })),
  );
});

test('small stacks, tasks, the machine status', (t) => {
  // A data segment of 64 KiB that is a small stack, at 48h; one of 4 GiB is at 10h.
  const small = 'mov dword ptr [0xb048], 0xffff; mov dword ptr [0xb04c], 0x00009304; mov word ptr [0xb04a], 0;';
  const onSmall = (esp: number, code: string): string =>
    `${small} mov edx, esp; mov ax, 0x48; mov ss, ax; mov esp, ${esp}; ${code} mov ecx, esp; mov ax, 0x10; mov ss, ax; mov esp, edx; ${DONE}`;
  return check(t, [
    {
      code: onSmall(0x2fffc, 'mov esp, 0x2fff8; mov dword ptr [0x4fff8], 0x10; pop ss;'),
      system: true,
      ends: { ...END, ecx: 0x2fffc },
    },
    { code: onSmall(0x2fffc, 'mov dword ptr [0x4fffc], 0x10; pop ss;'), system: true, ends: { ...END, ecx: 0x20000 } },
    { code: onSmall(0x20010, 'pushad;'), system: true, ends: { ...END, ecx: 0x2fff0 } },
    {
      code: onSmall(0x20010, 'pushad; popad;'),
      system: true,
      ends: { ...END, ecx: 0x20010, ebp: START.ebp, esi: START.esi },
    },
    {
      code: `mov dword ptr [0xb048], 0x90000067; mov dword ptr [0xb04c], 0xe900; mov ax, 0x48; ltr ax; ${DONE}`,
      system: true,
      ends: END,
    },
    { code: `mov ax, 0x10; ltr ax; ${DONE}`, system: true, ends: { vector: 13, error: 0x10, eip: 4 } },
    { code: `mov ax, 0; ltr ax; ${DONE}`, system: true, ends: { vector: 13, error: 0, eip: 4 } },
    { code: `mov ax, 0x10; lldt ax; ${DONE}`, system: true, ends: { vector: 13, error: 0x10, eip: 4 } },
    { code: `mov ax, 0x14; lldt ax; ${DONE}`, system: true, ends: { vector: 13, error: 0x14, eip: 4 } },
    { code: `mov ax, 0xfff0; lldt ax; ${DONE}`, system: true, ends: { vector: 13, error: 0xfff0, eip: 4 } },
    { code: `mov ax, 3; lldt ax; ${DONE}`, system: true, ends: END },
    { code: `smsw eax; mov ebx, cr0; sub ebx, eax; smsw cx; ${DONE}`, system: true, ends: { ...END, ebx: 0 } },
    { code: `smsw eax; ${DONE}`, ends: { ...END, eax: 0xe0010031 } },
  ]);
});
