/** CMP, COMIS, UCOMIS, by the names of the functions they replace. */
import * as exact from './sse-exact';
import { finish, writeLanes } from './sse-finish';
import { order32, order64 } from './sse-quick';
import { FLAGS, FLAGS_CHANGED, LANES, XMM } from './state';

/** OF, SF, ZF, AF, PF, CF. */
const ARITHMETIC: i32 = 0x8d5;

function setFlags(order: i32): void {
  store<i32>(FLAGS_CHANGED, 0);
  const flags = order === exact.UNORDERED ? 0x45 : order < 0 ? 1 : order === 0 ? 0x40 : 0;
  store<i32>(FLAGS, (load<i32>(FLAGS) & ~ARITHMETIC) | flags);
}

@inline
function flags64(source: u64, register: i32, quiet: bool): void {
  const a = load<u64>(XMM + (register << 4));
  const order = order64(a, source);
  if (order !== 3) setFlags(order);
  else slowFlags(true, a, source, quiet);
}

@inline
function flags32(source: f32, register: i32, quiet: bool): void {
  const a = load<u32>(XMM + (register << 4));
  const b = reinterpret<u32>(source);
  const order = order32(a, b);
  if (order !== 3) setFlags(order);
  else slowFlags(false, a, b, quiet);
}

function slowFlags(wide: bool, a: u64, b: u64, quiet: bool): void {
  exact.beginExact();
  const order = exact.compare(wide, a, b, quiet);
  if (finish()) setFlags(order);
}

export function sse_0F2E(source: f32, register: i32): void {
  flags32(source, register, true);
}

export function sse_660F2E(source: u64, register: i32): void {
  flags64(source, register, true);
}

export function sse_0F2F(source: f32, register: i32): void {
  flags32(source, register, false);
}

export function sse_660F2F(source: u64, register: i32): void {
  flags64(source, register, false);
}

function mask64(predicate: i32, a: u64, b: u64): u64 {
  const order = order64(a, b);
  const holds = order !== 3 ? exact.holdsFor(predicate, order) : exact.holds(true, predicate, a, b);
  return holds ? u64.MAX_VALUE : 0;
}

function mask32(predicate: i32, a: u32, b: u32): u32 {
  const order = order32(a, b);
  const holds = order !== 3 ? exact.holdsFor(predicate, order) : exact.holds(false, predicate, a, b);
  return holds ? u32.MAX_VALUE : 0;
}

export function sse_0FC2(source: usize, register: i32, predicate: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4)
    store<u32>(LANES + i, mask32(predicate, load<u32>(at + i), load<u32>(source + i)));
  writeLanes(at);
}

export function sse_660FC2(source: usize, register: i32, predicate: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  store<u64>(LANES, mask64(predicate, load<u64>(at), load<u64>(source)));
  store<u64>(LANES + 8, mask64(predicate, load<u64>(at + 8), load<u64>(source + 8)));
  writeLanes(at);
}

export function sse_F20FC2(source: u64, register: i32, predicate: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  const mask = mask64(predicate, load<u64>(at), source);
  if (finish()) store<u64>(at, mask);
}

export function sse_F30FC2(source: i32, register: i32, predicate: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  const mask = mask32(predicate, load<u32>(at), source);
  if (finish()) store<u32>(at, mask);
}
