/**
 * The addresses of kallsyms, ascending. Three layouts have been in use on 32-bit kernels:
 *
 *     addresses, num_syms                        without CONFIG_KALLSYMS_BASE_RELATIVE
 *     offsets, relative_base, num_syms           with it, before Linux 6.4
 *     token_index, offsets, relative_base        with it, since
 */

/**
 * Addresses of `count` symbols, or null if no layout fits.
 * @param countAt where `kallsyms_num_syms` is
 * @param tokensEnd where `kallsyms_token_index` ends
 */
export function findAddresses(memory: Buffer, count: number, countAt: number, tokensEnd: number): Uint32Array | null {
  const bytes = count * 4;
  const layouts = [
    { offsets: countAt - 4 - bytes, base: countAt - 4 },
    { offsets: tokensEnd, base: tokensEnd + bytes },
    { offsets: countAt - bytes, base: null },
  ];
  for (const { offsets, base } of layouts) {
    if (offsets < 0 || offsets + bytes > memory.length || (base ?? 0) + 4 > memory.length) continue;
    const addresses = readAddresses(memory, offsets, count, base === null ? 0 : memory.readUInt32LE(base));
    if (addresses !== null) return addresses;
  }
  return null;
}

/** Symbols are sorted by address, and a kernel's text does not begin in the first page. */
function readAddresses(memory: Buffer, at: number, count: number, base: number): Uint32Array | null {
  const addresses = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const address = base + memory.readUInt32LE(at + i * 4);
    if (address > 0xffffffff || (i > 0 && address < addresses[i - 1]!)) return null;
    addresses[i] = address;
  }
  return addresses[count - 1]! > addresses[0]! ? addresses : null;
}
