/** Faults within string instructions whose handler is a task, or ends the run: what was done so far is where it belongs. */
import { join } from 'node:path';
import test from 'ava';
import { paging } from '../../support/paging.js';
import { protectedFirmware } from '../../support/protected-firmware.js';
import { temporaryFolder } from '../../support/folder.js';
import { relogsExactly, run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

const GDT = 0x3000;
const FIRST_TSS = 0x3100;
const SECOND_TSS = 0x3200;
/** The upper half of a descriptor of a task that does not run. */
const AVAILABLE = 0x8900;
/** The page that is not there. */
const ABSENT = 0xa000;
/** Offsets in a TSS. */
const [CR3, EIP, EFLAGS, ECX, ESP, EBP, ESI, EDI] = [0x1c, 0x20, 0x24, 0x2c, 0x38, 0x3c, 0x40, 0x44];
const SEGMENTS = [0x48, 0x50, 0x54, 0x58, 0x5c];
const CS = 0x4c;
/** What the handler's task has in ECX, ESI and EDI. */
const OWN = [0x1111, 0x2222, 0x3333];

type Registers = readonly [ecx: number, esi: number, edi: number];

/** Of zeros, with AX and EAX as named; `done` is what a processor has left when it faults. */
const FORMS: readonly { form: string; eax?: number; from: Registers; done: Registers }[] = [
  { form: 'mov edx, 0x71; rep insb', from: [5, 1, ABSENT - 2], done: [3, 1, ABSENT] },
  { form: 'addr16 rep stosb', from: [20, 2, ABSENT - 8], done: [12, 2, ABSENT] },
  { form: 'rep movsd', from: [10, 0x8001, ABSENT - 14], done: [7, 0x800d, ABSENT - 2] },
  { form: 'repne scasw', eax: 7, from: [40, 3, ABSENT - 31], done: [25, 3, ABSENT - 1] },
  { form: 'addr16 repe cmpsb', from: [40, ABSENT - 16, 0x8000], done: [24, ABSENT, 0x8010] },
  { form: 'rep cmpsd', from: [40, 0x8000, ABSENT - 9], done: [38, 0x8008, ABSENT - 1] },
  { form: 'addr16 rep lodsb', from: [9, ABSENT - 4, 4], done: [5, ABSENT, 4] },
  { form: 'mov edx, 0x80; addr16 rep outsb', from: [9, ABSENT - 1, 4], done: [8, ABSENT, 4] },
  ...['movsb', 'stosd', 'scasb', 'cmpsd'].map((form) => ({
    form,
    from: [6, 0x8000, ABSENT] as const,
    done: [6, 0x8000, ABSENT] as const,
  })),
  { form: 'lodsw', from: [6, ABSENT - 1, 5], done: [6, ABSENT - 1, 5] },
];

const store = (at: number, value: number | string): string => `mov dword ptr [${at}], ${value}\n`;
const compare = (register: string, value: number): string => `cmp ${register}, ${value}\n jne otherwise\n`;

test('the state of the task that is left has the iterations done, and the other its own registers', async (t) => {
  const turn = ({ form, eax = 0, from, done }: (typeof FORMS)[number], i: number): string => `
    ${store(GDT + 36, AVAILABLE)} ${store(GDT + 44, AVAILABLE)}
    mov eax, 0x20
    ltr ax
    ${store(0x704, `offset after${i}`)}
    ${done.map((value, k) => store(0x710 + 4 * k, value)).join('')}
    ${['ecx', 'esi', 'edi'].map((register, k) => `mov ${register}, ${from[k]}`).join('\n')}
    mov eax, ${eax}
    ${form}
    jmp otherwise
  after${i}:`;
  const { directory, code: pages } = paging({ [ABSENT]: 0 });
  const code = protectedFirmware({
    seed: 5,
    turns: 200,
    setup: `
      mov esi, offset descriptors
      xor ecx, ecx
    next_byte:
      mov al, cs:[esi + ecx]
      mov [${GDT} + ecx], al
      inc ecx
      cmp ecx, 48
      jne next_byte
      ${store(SECOND_TSS + CR3, directory)} ${store(SECOND_TSS + EIP, 'offset handler')}
      ${store(SECOND_TSS + EFLAGS, 2)} ${store(SECOND_TSS + ESP, 0x6000)} ${store(SECOND_TSS + CS, 8)}
      ${[ECX, ESI, EDI].map((offset, k) => store(SECOND_TSS + offset, OWN[k]!)).join('')}
      ${SEGMENTS.map((offset) => store(SECOND_TSS + offset, 0x10)).join('')}
      # of page faults: a gate of that task
      ${store(0x870, 0x280000)} ${store(0x874, 0x8500)}
      mov word ptr [0x720], 47
      ${store(0x722, GDT)}
      lgdt [0x720]
      ${pages}`,
    body: `
      ${FORMS.map(turn).join('')}
      jmp fine
    handler:
      ${['ecx', 'esi', 'edi'].map((register, k) => compare(register, OWN[k]!)).join('')}
      ${[ECX, ESI, EDI].map((offset, k) => `mov eax, [${FIRST_TSS + offset}]\n cmp eax, [${0x710 + 4 * k}]\n jne otherwise`).join('\n')}
      # back, without the flag that says that this task is within another
      push 2
      popfd
      mov esp, 0x7000
      mov ebp, [${FIRST_TSS + EBP}]
      sti
      jmp [0x704]
    otherwise:
      jmp otherwise
    fine:`,
    data: `
    descriptors: .quad 0, 0x00409b0f0000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
      .long ${[FIRST_TSS, SECOND_TSS].map((tss) => `${(tss << 16) | 103}, ${AVAILABLE}`).join()}`,
  });
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  const spec = tinyGuest(folder, { code });
  await run(t, 'record', spec, '--start', 'power-on', '--until', TINY_GUEST_SAYS, '-o', recording);
  await relogsExactly(t, recording);
});

/** Where real mode reaches it. */
const LOW_TABLE = 0x8000;

test('registers are those of a reset after a fault that nothing can handle', async (t) => {
  const code = `
.code16
start:
  cli
  mov eax, esi
  or eax, ecx
  or eax, edi
  cmp eax, 1
  mov dx, 0x3f8
  # A where all are zeros
  mov al, 'A' - 1
  adc al, 0
  out dx, al
  xor ax, ax
  mov ds, ax
  mov es, ax
  xor ecx, ecx
pages:
  mov eax, ecx
  shl eax, 12
  or eax, 3
  mov [${LOW_TABLE} + 4 * ecx], eax
  inc cx
  cmp cx, 256
  jne pages
  mov dword ptr [${LOW_TABLE + (ABSENT >> 10)}], 0
  mov dword ptr [0x7000], ${LOW_TABLE | 3}
  lidt cs:[none]
  mov eax, 0x7000
  mov cr3, eax
  mov eax, 0x80000011
  mov cr0, eax
  mov esi, 77
  mov di, ${ABSENT - 8}
  mov cx, 20
  rep stosb
none: .word 0, 0, 0
`;
  const folder = temporaryFolder(t);
  const recording = join(folder, 'run.dcr');
  await run(t, 'record', tinyGuest(folder, { code }), '--start', 'power-on', '--until', 'AAAA', '-o', recording);
  await relogsExactly(t, recording);
});
