/** The seam between the engine's WASM and its JavaScript, where all that a machine does passes by. */
import type { JitObserver } from './jit.js';

/** A function on either side of the seam between WASM and JavaScript. */
export type SeamFunction = (...args: number[]) => number;
export type Imports = Record<string, SeamFunction | WebAssembly.Table>;
export type EngineExports = Record<string, SeamFunction> & { memory: WebAssembly.Memory };

/** An instrumented machine's view of the seam between CPU and devices. */
export interface Probe {
  /** Gets the instrumented engine with these repairs; before anything else. */
  load(repairs: readonly string[]): Promise<void>;
  readonly module: WebAssembly.Module;
  jit: JitObserver;
  /** May replace imports, before instantiation. */
  imports(env: Imports): void;
  /** May replace what the devices see of the CPU, after instantiation. */
  exports(exports: EngineExports): EngineExports;
  /** EFLAGS, without being seen to read them. */
  flags(): number;
}
