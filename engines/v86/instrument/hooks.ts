/** What the instrumented engine imports and exports beside what v86 does. */

/** By name: the machine of a recording knows the hooks, too, and does without binaryen, which takes half a second to load. */
type ValueType = 'i32' | 'i64';
const i32 = 'i32';
const i64 = 'i64';

/** Hooks that the instrumented module imports from `env`. */
export const HOOKS = {
  /** (vector, software, hasError, error), before delivery */
  d_vector: [i32, i32, i32, i32],
  /** after delivery, or after what came of it */
  d_delivered: [],
  /** (port, value) */
  d_in8: [i32, i32],
  /** (address, value) of a 32-bit register of the local APIC or the IOAPIC */
  d_apic: [i32, i32],
  /** (value) */
  d_tsc: [i64],
  /** (index) after; the value is in EDX:EAX */
  d_msr: [i32],
  /** (leaf, subleaf) after; the results are in the registers */
  d_cpuid: [i32, i32],
  /** (eflags) */
  d_flags: [i32],
  /** (opcode) after */
  d_x87: [i32],
  /** (kind: 0 FSTENV/FSAVE, 1 FXSAVE) before: this is what will be stored */
  d_environment: [i32],
  /** after: it was stored */
  d_stored: [],
  /** after FNSTSW */
  d_status: [],
  /** a string instruction with REP is partly done, and has stored over its own bytes or near them */
  d_rewritten: [],
  /** (table index, pointer to the basic blocks) before a module is generated */
  d_blocks: [i32, i32],
  /** (serial) a JIT module was left in a way that needs a look */
  d_left: [i32],
} as const;

export const GLOBALS: [string, ValueType][] = [
  ['d_count', i64],
  ['d_depth', i32],
  ['d_base', i32],
  ['d_in_jit', i32],
  ['d_look', i32],
  ['d_vectors', i32],
  ['d_acknowledged', i32],
  ['d_quiet', i32],
  /** within a walk through page tables that only looks: another one follows where there is something to tell */
  ['d_looking', i32],
  ['d_rep_count', i64],
  ['d_rep_eip', i32],
  ['d_rep_fresh', i32],
  ['d_rep_left', i32],
];

/** Imported too: whether the instruction under way, in the interpreter, which begins with DD or DF, is FNSTSW. */
export const STORES_STATUS = 'd_stores_status';
/** Imported by an engine made for stepping: before an instruction begins, while the global `d_stepping` is not 0. */
export const STEP_HOOK = 'd_step';
export const STEPPING = 'd_stepping';
/** The outermost instruction is STI, which runs the next one inside itself. */
export const IN_STI = 'd_in_sti';
