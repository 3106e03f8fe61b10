/** The body of the function that v86's compiler is generating: bytes of WASM, in a vector of Rust. */

@external('v86', '_RNvMs4_NtCs6UNhEcE2CoN_5alloc7raw_vecINtB5_6RawVechE8grow_oneB7_')
declare function growOne(vector: u32): void;

/** In a `WasmBuilder`: the vector's capacity, address and length. */
const VECTOR: u32 = 68;

/** How many bytes there are. */
export function emitted(builder: u32): u32 {
  return load<u32>(builder + VECTOR + 8);
}

export function emittedAt(builder: u32, at: u32): u8 {
  return load<u8>(load<u32>(builder + VECTOR + 4) + at);
}

export function setEmitted(builder: u32, at: u32, byte: u8): void {
  store<u8>(load<u32>(builder + VECTOR + 4) + at, byte);
}

export function emit(builder: u32, byte: u8): void {
  const length = emitted(builder);
  if (length == load<u32>(builder + VECTOR)) growOne(builder + VECTOR);
  store<u32>(builder + VECTOR + 8, length + 1);
  setEmitted(builder, length, byte);
}

export function insertAt(builder: u32, at: u32, byte: u8): void {
  emit(builder, 0);
  for (let i = emitted(builder) - 1; i > at; --i) setEmitted(builder, i, emittedAt(builder, i - 1));
  setEmitted(builder, at, byte);
}
