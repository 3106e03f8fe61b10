/** The guest's kernel as a module: where it is, and its functions. */
import { FunctionTable } from './functions.js';
import { readKallsyms, type GuestMemory, type KernelSymbol } from './kallsyms/index.js';

export interface Kernel {
  /** Linear addresses of its code, code for booting included. */
  start: number;
  end: number;
  /** From here on addresses belong to the kernel: its own code, modules, direct map. */
  spaceStart: number;
  functions: FunctionTable;
}

/** How `nm` marks functions, weak ones included. */
const FUNCTION_TYPES = new Set(['T', 't', 'W', 'w']);
/** The kernel's part of an address space begins at a multiple of this, with every setting of CONFIG_VMSPLIT. */
const SPLIT = 128 << 20;

/** The kernel whose symbols are in guest RAM, or null: another system, or a kernel built without them. */
export function findKernel(memory: GuestMemory): Kernel | null {
  const symbols = readKallsyms(memory);
  if (symbols === null) return null;
  const start = addressOf(symbols, '_stext')!;
  const end = Math.max(addressOf(symbols, '_etext')!, addressOf(symbols, '_einittext') ?? 0);
  const functions = symbols
    .filter(({ type, address }) => FUNCTION_TYPES.has(type) && address >= start && address < end)
    .map(({ address, name }) => ({ address, name, size: 0 }));
  return { start, end, spaceStart: Math.floor(start / SPLIT) * SPLIT, functions: new FunctionTable(functions, end) };
}

/** Names linear addresses in the kernel, as `schedule+0x1f`; null when the guest's kernel has no symbols. */
export function kernelNames(memory: GuestMemory): ((address: number) => string | null) | null {
  const kernel = findKernel(memory);
  if (kernel === null) return null;
  return (address) => {
    const found = kernel.functions.at(address);
    return found === null ? null : `${found.name}+0x${(address - found.address).toString(16)}`;
  };
}

function addressOf(symbols: KernelSymbol[], wanted: string): number | undefined {
  return symbols.find(({ name }) => name === wanted)?.address;
}
