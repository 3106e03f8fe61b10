/** Repairs of instructions of the system, and of faults. */
import { OWN_BYTES, STRING_ORDER } from './strings.js';
import type { Repair } from './table.js';

const TEST = 'test/engines/v86/system-repairs.test.ts';

const ENTER: Repair = {
  id: 'enter',
  why:
    'v86 ends where ENTER with nesting faults, copies the pointers of frames to the place of the next, and does not look ' +
    'whether the stack can be written where it is left.',
  upstream: 'copy/v86#1552',
  test: TEST,
  replaced: [
    { function: 'instr16_C8', by: 'enter16' },
    { function: 'instr32_C8', by: 'enter32' },
  ],
};

const PREFIX_BYTES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];

const PREFIXES: Repair = {
  id: 'prefixes',
  why:
    'v86 runs LOCK before any instruction, and instructions of any length (a page of prefixes ends it, as each takes ' +
    'room on its stack). A processor raises #UD where the instruction or its form cannot be locked, and #GP(0) where ' +
    'it is longer than 15 bytes.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'cpu::run_prefix_instruction', by: 'runPrefix' },
    { function: 'cpu::segment_prefix_op', by: 'runSegmentPrefix' },
  ],
  taken: [
    { table: 'run', opcodes: [0xf0], by: 'runLock' },
    { table: 'analyze', opcodes: PREFIX_BYTES, by: 'analyzePrefix' },
    { table: 'generate', opcodes: PREFIX_BYTES, by: 'generatePrefix' },
  ],
};

const ICEBP: Repair = {
  id: 'icebp',
  why:
    'v86 does nothing for F1. A processor raises #DB after it, which systems tell from others by DR6, of which some bits ' +
    'are always ones; v86 keeps what was written.',
  upstream: null,
  test: TEST,
  replaced: [{ function: 'instr_0F23', by: 'writeDebugRegister' }],
  exported: [{ function: 'instr_F1', by: 'debugTrap' }],
  taken: [
    { table: 'run', opcodes: [0xf1], by: 'runIcebp' },
    { table: 'analyze', opcodes: [0xf1], by: 'analyzeIcebp' },
  ],
};

const BOUND: Repair = {
  id: 'bound',
  why: 'v86 does nothing for BOUND. A processor raises #BR out of range, and #UD for the form with a register.',
  upstream: null,
  test: TEST,
  exported: [
    { function: 'instr_62_mem', by: 'boundOfMemory' },
    { function: 'instr_62_reg', by: 'boundOfRegister' },
  ],
  taken: [{ table: 'run', opcodes: [0x62], by: 'runBound' }],
};

/** Opcodes after 0F that are hints. */
const asHints = (opcodes: readonly number[]): NonNullable<Repair['taken']> => [
  { table: 'run0f', opcodes, by: 'runPrefetch' },
  { table: 'analyze0f', opcodes, by: 'analyzePrefetch' },
  { table: 'generate0f', opcodes, by: 'generatePrefetch' },
];

const PREFETCHW: Repair = {
  id: 'prefetchw',
  why: 'v86 raises #UD for PREFETCH and PREFETCHW (0F 0D). A processor takes them as hints.',
  upstream: null,
  test: TEST,
  taken: asHints([0x0d]),
};

const HINTS: Repair = {
  id: 'hints',
  why: 'v86 raises #UD for 0F 1A and 0F 1B. A processor without registers for bounds takes them as hints.',
  upstream: null,
  test: TEST,
  taken: asHints([0x1a, 0x1b]),
};

const MSRS: Repair = {
  id: 'msrs',
  why:
    'v86 ignores reads and writes of model-specific registers and counters that it does not have, and raises #UD for ' +
    'RDPMC. A processor raises #GP(0).',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'instr_0F30', by: 'writeMsr' },
    { function: 'instr_0F32', by: 'readMsr' },
  ],
  exported: [{ function: 'instr_0F33', by: 'readCounter' }],
  taken: [{ table: 'run0f', opcodes: [0x33], by: 'runReadCounter' }],
};

const RESET: Repair = {
  id: 'reset-limits',
  why: 'At reset the limits of IDTR and GDTR are 0 in v86, FFFFh in a processor.',
  upstream: null,
  test: TEST,
  replaced: [{ function: 'reset_cpu', by: 'resetCpu' }],
};

const CONTROL: Repair = {
  id: 'control-registers',
  why:
    'v86 forgets the lower bits of CR3, so that tables of PAE are not found where CR3 is loaded before CR4.PAE is set, and ' +
    'takes PWT and PCD for bits of the address; it ends where paging is switched on without protected mode, and some time after ' +
    'CR4.VME is set. A processor raises #GP for these two, and for other bits of CR4 whose features it has not.',
  upstream: null,
  test: 'test/engines/v86/gates.test.ts',
  replaced: [
    { function: 'instr_0F20', by: 'readControl' },
    { function: 'instr_0F22', by: 'writeControl' },
  ],
};

const LARGE_PAGES: Repair = {
  id: 'large-pages',
  why: 'v86 has pages of 2 MiB with CR4.PSE alone. In PAE a processor does not ask for that bit.',
  upstream: null,
  test: 'test/e2e/crashes.test.ts',
  patch: async (module, functions) => (await import('./large-pages.js')).allowLargePages(module, functions),
};

const RESET_SLICE: Repair = {
  id: 'reset-slice',
  why:
    'A reset puts the counter of instructions back to 0, by which v86 tells that it has run for long enough: a guest that ' +
    'resets again and again soon after it started runs for ever, and nobody can stop it.',
  upstream: null,
  test: 'test/engines/v86/gates.test.ts',
  replaced: [{ function: 'reset_cpu', by: 'resetCpuAndSlice' }],
};

const TRANSFERS: Repair = {
  id: 'far-transfers',
  why:
    'v86 ends at an IRET whose code segment is none, or whose flag NT says that a task is to be returned to which is ' +
    'none; any program can do that. A processor raises #GP, #NP or #TS. Far jumps and calls to descriptors that are no ' +
    'targets do nothing in v86, and raise #GP in a processor.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'cpu::iret', by: 'returnFromInterrupt' },
    { function: 'cpu::far_jump', by: 'farJump' },
  ],
};

const CODE_LIMITS: Repair = {
  id: 'code-limits',
  why:
    'v86 goes beyond the end of a segment of code with far jumps, calls and returns. A processor raises #GP(0) before it ' +
    'goes there.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'cpu::far_jump', by: 'farJumpWithin' },
    { function: 'cpu::far_return', by: 'farReturnWithin' },
  ],
};

const STACKS: Repair = {
  id: 'small-stacks',
  why:
    'v86 counts what POP SS takes by the size of the new stack, and ends where PUSHA, POPA or a far call faults round the ' +
    'end of a small stack; where the operand of POP faults, ESP was moved already. A processor counts by the old one, raises ' +
    '#PF, and moves ESP last.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'instr16_17', by: 'popStackSegment16' },
    { function: 'instr32_17', by: 'popStackSegment32' },
    { function: 'instr16_60', by: 'pushAll16' },
    { function: 'instr32_60', by: 'pushAll32' },
    { function: 'instr16_61', by: 'popAll16' },
    { function: 'instr32_61', by: 'popAll32' },
  ],
  taken: [{ table: 'run', opcodes: [0x8f], by: 'runPop' }],
};

const TASKS: Repair = {
  id: 'ltr',
  why:
    'v86 ends where LTR is given what is no task, and keeps nothing of the privileges of tasks and local tables. A ' +
    'processor raises #GP or #NP.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'cpu::load_tr', by: 'loadTask' },
    { function: 'cpu::load_ldt', by: 'loadTable' },
  ],
};

const LOCAL_TABLES: Repair = {
  id: 'lldt',
  why: 'v86 ends where LLDT is given what is no local table. A processor raises #GP or #NP.',
  upstream: null,
  test: TEST,
  replaced: [{ function: 'cpu::load_ldt', by: 'loadTableChecked' }],
};

const TRAP_FLAG: Repair = {
  id: 'trap-flag',
  why: 'v86 clears EFLAGS.TF when it is loaded. A processor keeps it.',
  upstream: null,
  test: TEST,
  patch: async (module, functions) => (await import('./trap-flag.js')).keepTrapFlag(module, functions),
};

const GATES: Repair = {
  id: 'gates',
  why:
    'v86 ends where a gate, its segment or its stack is none, where delivery of a page fault faults, and where it meets what ' +
    'would be a third exception in a row. A processor raises #GP, #NP, #TS or #SS, then #DF, and then shuts down, which ' +
    'resets a PC.',
  upstream: null,
  test: 'test/engines/v86/gates.test.ts',
  replaced: [{ function: 'cpu::call_interrupt_vector', by: 'deliver' }],
};

const NULL_SELECTORS: Repair = {
  id: 'null-selectors',
  why:
    'Null selectors keep their lowest bits in v86 where IRET or a far return goes to a level with fewer privileges. A processor leaves ' +
    'zeros.',
  upstream: null,
  test: TEST,
  replaced: [
    { function: 'cpu::iret', by: 'returnWithoutNulls' },
    { function: 'cpu::far_return', by: 'farReturnWithoutNulls' },
  ],
};

const BARRED: Repair = {
  id: 'barred-delivery',
  why:
    'Where the way to the handler of a fault in compiled code, or of an interrupt, is barred, v86 takes an earlier instruction for the one ' +
    'that is to be returned to.',
  upstream: null,
  test: 'test/e2e/torture.test.ts',
  replaced: [{ function: 'cpu::call_interrupt_vector', by: 'deliverInPlace' }],
};

const SINGLE_STEP: Repair = {
  id: 'single-step',
  why: 'v86 raises no #DB after an instruction that ran with EFLAGS.TF set.',
  upstream: null,
  test: 'test/engines/v86/debug.test.ts',
  taken: [{ table: 'generate', opcodes: [0x9d], by: 'generatePopf' }],
  added: [{ function: 'leave_to_step', by: 'leaveToStep' }],
  patch: async (module, functions) => (await import('./single-step.js')).trapSteps(module, functions),
};

export const SYSTEM: readonly Repair[] = [
  ...[ENTER, PREFIXES, ICEBP, BOUND, PREFETCHW, MSRS, RESET],
  ...[
    STRING_ORDER,
    TRANSFERS,
    STACKS,
    TASKS,
    TRAP_FLAG,
    GATES,
    RESET_SLICE,
    CONTROL,
    LARGE_PAGES,
    SINGLE_STEP,
    OWN_BYTES,
    CODE_LIMITS,
    HINTS,
    LOCAL_TABLES,
    BARRED,
    NULL_SELECTORS,
  ],
];
