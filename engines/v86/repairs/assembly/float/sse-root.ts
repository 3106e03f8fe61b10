/** Square roots, and the approximations of reciprocals, by the names of the functions they replace. */
import * as exact from './sse-exact';
import { finish, writeLanes } from './sse-finish';
import { root32, root64 } from './sse-quick';
import { LANES, XMM } from './state';

export function sse_0F51(source: usize, register: i32): void {
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4) store<u32>(LANES + i, root32(load<u32>(source + i)));
  writeLanes(XMM + (register << 4));
}

export function sse_660F51(source: usize, register: i32): void {
  exact.beginExact();
  store<u64>(LANES, root64(load<u64>(source)));
  store<u64>(LANES + 8, root64(load<u64>(source + 8)));
  writeLanes(XMM + (register << 4));
}

export function sse_F20F51(source: u64, register: i32): void {
  exact.beginExact();
  const bits = root64(source);
  if (finish()) store<u64>(XMM + (register << 4), bits);
}

export function sse_F30F51(source: f32, register: i32): void {
  exact.beginExact();
  const bits = root32(reinterpret<u32>(source));
  if (finish()) store<u32>(XMM + (register << 4), bits);
}

/**
 * RCP and RSQRT raise nothing and read nothing of MXCSR; denormals count as zeros, and are never results. How near the
 * result comes is the processor's choice: ours is the nearest number, as v86's.
 */
function approximated(root: bool, a: u32): u32 {
  const sign = a & 0x80000000;
  const magnitude = a & 0x7fffffff;
  if (magnitude > 0x7f800000) return a | 0x400000;
  if (magnitude < 0x800000) return sign | 0x7f800000;
  if (magnitude === 0x7f800000) return root && sign !== 0 ? 0xffc00000 : sign;
  if (root) {
    if (sign !== 0) return 0xffc00000;
    return reinterpret<u32>((1 as f32) / sqrt<f32>(reinterpret<f32>(a)));
  }
  const bits = reinterpret<u32>((1 as f32) / reinterpret<f32>(a));
  return (bits & 0x7f800000) === 0 ? sign : bits;
}

@inline
function approximate(root: bool, source: usize, register: i32): void {
  const at = XMM + (register << 4);
  for (let i: usize = 0; i < 16; i += 4) store<u32>(at + i, approximated(root, load<u32>(source + i)));
}

export function sse_0F52(source: usize, register: i32): void {
  approximate(true, source, register);
}

export function sse_F30F52(source: f32, register: i32): void {
  store<u32>(XMM + (register << 4), approximated(true, reinterpret<u32>(source)));
}

export function sse_0F53(source: usize, register: i32): void {
  approximate(false, source, register);
}

export function sse_F30F53(source: f32, register: i32): void {
  store<u32>(XMM + (register << 4), approximated(false, reinterpret<u32>(source)));
}
