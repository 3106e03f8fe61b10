/** A word of the engine's memory: of its registers, of guest RAM, of its own. */
export function readMemory(address: u32): u32 {
  return load<u32>(address);
}
