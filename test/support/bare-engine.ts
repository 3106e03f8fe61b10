/** v86.wasm with all repairs and nothing around it, for its functions to be called one by one. */
import { LAYOUT } from '../../engines/v86/layout.js';
import { REPAIR_IDS } from '../../engines/v86/index.js';
import { repair } from '../../engines/v86/repairs/repair.js';

/** Words for each page of linear addresses, and where the engine keeps the address of guest RAM. */
const PAGES = 4283748;
const RAM_AT = 8478052;
const RAM_BYTES = 1 << 20;
const VALID = 1;

export type EngineFunction = (...args: (number | bigint)[]) => number;

export class BareEngine {
  readonly view: DataView;
  private readonly ram: number;

  private constructor(readonly exports: Record<string, EngineFunction>) {
    const { memory } = exports as unknown as { memory: WebAssembly.Memory };
    exports['allocate_memory']!(RAM_BYTES);
    this.view = new DataView(memory.buffer);
    this.ram = this.view.getUint32(RAM_AT, true);
  }

  static async load(): Promise<BareEngine> {
    const module = await WebAssembly.compile((await repair(REPAIR_IDS)) as BufferSource);
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const table = () => new WebAssembly.Table({ element: 'anyfunc', initial: 2000 });
      (imports[from] ??= {})[name] = kind === 'table' ? table() : () => 0;
    }
    const { exports } = await WebAssembly.instantiate(module, imports);
    return new BareEngine(exports as Record<string, EngineFunction>);
  }

  /** Registers and what else the engine keeps of the CPU: all zero, but for the size of RAM. */
  reset(): void {
    this.bytes(0, LAYOUT.end).fill(0);
    this.view.setInt32(812, RAM_BYTES, true);
  }

  bytes(at: number, length: number): Buffer {
    return Buffer.from(this.view.buffer, at, length);
  }

  /** Where in the engine's memory guest RAM at this address is. */
  ramAt(physical: number): number {
    return this.ram + physical;
  }

  /** Maps a page of linear addresses to one of RAM. */
  map(linear: number, physical: number): void {
    const page = linear >>> 12;
    const word = ((this.ram + physical) ^ (page << 12)) & ~0xfff;
    this.view.setInt32(PAGES + 4 * page, word | VALID, true);
  }
}
