/**
 * What of v86 is mended when it is loaded, for recording as for replay. A recording names the repairs it was made with
 * and replays with just those; so what a repair does never changes once a recording may name it: another behaviour is
 * another id.
 */
import type binaryen from 'binaryen';
import { SSE, SSE_ALIGNMENT } from './float.js';

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
  /** Exports that JIT code calls, given to a function of their own: v86 shares one among several that do the same. */
  exported?: readonly Replacement[];
  /** Changes within functions: constants, say. @throws Error where the engine is not as it must be */
  patch?: (module: binaryen.Module, functions: FunctionNames) => void;
}

export interface Replacement {
  /** A name as `functionNamed` takes it; of an export, its own. */
  function: string;
  /** The function exported by assembly/index.ts that takes its place; it has the same type. */
  by: string;
}

/** Finds the one function of the engine that a name means: see `functionNamed`. */
export type FunctionNames = (name: string) => string;

export const REPAIRS: readonly Repair[] = [SSE, SSE_ALIGNMENT];
