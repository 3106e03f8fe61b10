/** Functions by address. */

export interface FunctionSymbol {
  address: number;
  /** Bytes; 0 when the table does not say. */
  size: number;
  name: string;
}

export class FunctionTable {
  private readonly functions: FunctionSymbol[];

  /**
   * @param symbols in any order. Of several at one address the one with a size is kept, then the one with fewest
   *   underscores in front (`read` rather than `__libc_read`), then the first by name.
   * @param end where the last function without a size ends
   */
  constructor(symbols: Iterable<FunctionSymbol>, end: number) {
    const sorted = [...symbols].sort(
      (a, b) =>
        a.address - b.address ||
        b.size - a.size ||
        underscores(a.name) - underscores(b.name) ||
        (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    );
    this.functions = sorted
      .filter((symbol, i) => i === 0 || symbol.address !== sorted[i - 1]!.address)
      .map((symbol, i, all) =>
        symbol.size > 0 ? symbol : { ...symbol, size: (all[i + 1]?.address ?? end) - symbol.address },
      );
  }

  get length(): number {
    return this.functions.length;
  }

  /** The function that has `address` in it, or null. */
  at(address: number): FunctionSymbol | null {
    let low = 0;
    let high = this.functions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.functions[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.functions[low - 1];
    return found !== undefined && address < found.address + found.size ? found : null;
  }
}

function underscores(name: string): number {
  return /^_*/.exec(name)![0].length;
}
