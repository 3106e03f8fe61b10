/**
 * What of v86 is mended when it is loaded, for recording as for replay. A recording names the repairs it was made with
 * and replays with just those; so what a repair does never changes once a recording may name it: another behaviour is
 * another id.
 */
import type binaryen from 'binaryen';
import type { Table } from './dispatch.js';
import { SSE, SSE_ALIGNMENT, SSE_PREFIXES, X87, X87_LOGARITHMS } from './float.js';
import { STRINGS } from './strings.js';
import { SYSTEM } from './system.js';

export interface Repair {
  /** Stands in recordings. */
  id: string;
  /** What v86 does, and what a processor does. */
  why: string;
  /** The issue upstream that tells of it, where there is one. */
  upstream: string | null;
  /** The guest program or test that fails without it. */
  test: string;
  /** Functions of v86 whose bodies are replaced. */
  replaced?: readonly Replacement[];
  /** Functions of v86, or what replaced them, that have something run before and after them. */
  enclosed?: readonly Enclosure[];
  /** Exports that JIT code calls, given to a function of their own: v86 shares one among several that do the same. */
  exported?: readonly Replacement[];
  /** Exports beside those of v86, for JIT code. */
  added?: readonly Replacement[];
  /** Opcodes whose entries in tables of jumps lead to functions of assembly/ instead: see dispatch.ts. */
  taken?: readonly Takeover[];
  /**
   * Changes within functions: constants, say. What needs binaryen is imported when it is called.
   * @throws Error where the engine is not as it must be
   */
  patch?: (module: binaryen.Module, functions: FunctionNames) => void | Promise<void>;
}

export interface Replacement {
  /** A name as `functionNamed` takes it; of an export, its own. */
  function: string;
  /** The function exported by assembly/index.ts that takes its place; it has the same type. */
  by: string;
}

export interface Enclosure {
  /** As in `Replacement`. */
  functions: readonly string[];
  /** Functions exported by assembly/index.ts, which take nothing. */
  before: string;
  after?: string;
}

export interface Takeover {
  table: Table;
  /** Bytes. */
  opcodes: readonly number[];
  /** The function exported by assembly/index.ts that runs, analyzes or generates them; of the type of the table's. */
  by: string;
}

/** Finds the one function of the engine that a name means: see `functionNamed`. */
export type FunctionNames = (name: string) => string;

const UNDEFINED_FLAGS: Repair = {
  id: 'undefined-flags',
  why:
    'Flags that an instruction leaves undefined came of instructions long before: AF after shifts and ' +
    'multiplications, AF and OF after bit scans, OF after DAA and DAS. OF after SHR, SHLD and SHRD by more than a ' +
    'bit was none that a processor has.',
  upstream: null,
  test: 'test/relog/flags.test.ts',
  replaced: [
    { function: 'bcd_daa', by: 'decimalAdd' },
    { function: 'bcd_das', by: 'decimalSubtract' },
    { function: 'codegen::gen_set_last_op_size_and_flags_changed', by: 'emitSizeAndChanged' },
    { function: 'jit_instructions::gen_shr32', by: 'emitShiftRight' },
  ],
  patch: async (module) => (await import('./undefined-flags.js')).patchUndefinedFlags(module),
};

export const REPAIRS: readonly Repair[] = [
  UNDEFINED_FLAGS,
  SSE,
  SSE_ALIGNMENT,
  X87,
  ...SYSTEM,
  SSE_PREFIXES,
  X87_LOGARITHMS,
  ...STRINGS,
];
