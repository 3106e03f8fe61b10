/**
 * The seam through which v86 hands over the WASM modules it generates. v86 compiles them asynchronously, and the moment
 * one becomes live changes what runs: so activation is an act of whoever drives the machine, at a step it knows.
 */
import { JIT_TABLE_OFFSET } from './layout.js';

type Exports = Record<string, WebAssembly.ExportValue>;

/** Lets an instrumented machine see modules come and run. */
export interface JitObserver {
  generated(serial: number, is32: boolean): void;
  /** A function to run in the place of `f`. */
  wrap(f: CallableFunction, serial: number): CallableFunction;
  imports(imports: Exports): Exports;
}

interface Pending {
  index: number;
  start: number;
  flags: number;
  code: Uint8Array;
  module: WebAssembly.Module | null;
}

export class JitModules {
  /** Modules compiled in the background and not yet live, in the order in which they got ready. */
  readonly ready: number[] = [];
  generatedCount = 0;
  private readonly pending = new Map<number, Pending>();
  private imports: Exports = {};

  constructor(
    private readonly table: WebAssembly.Table,
    private readonly background: boolean,
    private readonly observer: JitObserver | null,
  ) {}

  /** What generated modules may import: the same set that v86 itself gives them. */
  connect(exports: Exports): void {
    const imports: Exports = { m: exports.memory! };
    for (const [name, value] of Object.entries(exports)) {
      if (!name.startsWith('_') && !name.startsWith('zstd') && !name.endsWith('_js')) imports[name] = value;
    }
    this.imports = this.observer === null ? imports : this.observer.imports(imports);
  }

  /** The engine's import `codegen_finalize`: a module was generated at `ptr`. */
  generated(
    memory: WebAssembly.Memory,
    index: number,
    start: number,
    flags: number,
    ptr: number,
    length: number,
  ): void {
    const code = new Uint8Array(memory.buffer, ptr >>> 0, length >>> 0).slice();
    const serial = ++this.generatedCount;
    const pending: Pending = { index, start, flags, code, module: null };
    this.pending.set(serial, pending);
    this.observer?.generated(serial, (flags & 1) !== 0);
    if (!this.background) return;
    // The engine generates only valid modules; should one fail to compile it simply never becomes live.
    WebAssembly.compile(code as BufferSource).then(
      (module) => {
        pending.module = module;
        this.ready.push(serial);
      },
      () => this.pending.delete(serial),
    );
  }

  /** Makes module `serial` live. @throws Error when no such module waits: the replay has lost its way */
  activate(serial: number, finished: (index: number, start: number, flags: number) => void): void {
    const pending = this.pending.get(serial);
    if (pending === undefined) throw new Error(`JIT module ${serial} does not exist here`);
    this.pending.delete(serial);
    const module = pending.module ?? new WebAssembly.Module(pending.code as BufferSource);
    const instance = new WebAssembly.Instance(module, { e: this.imports });
    const f = instance.exports.f as CallableFunction;
    this.table.set(pending.index + JIT_TABLE_OFFSET, this.observer === null ? f : this.observer.wrap(f, serial));
    finished(pending.index, pending.start, pending.flags);
  }
}
