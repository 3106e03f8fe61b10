/** HADD, HSUB, ADDSUB of SSE3; the engine has no ADDSUB. */
import * as exact from './sse-exact';
import { writeLanes } from './sse-finish';
import { lane32, lane64 } from './sse-quick';
import { LANES, XMM } from './state';

function across64(operation: i32, source: usize, register: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  store<u64>(LANES, lane64(operation, load<u64>(at), load<u64>(at + 8)));
  store<u64>(LANES + 8, lane64(operation, load<u64>(source), load<u64>(source + 8)));
  writeLanes(at);
}

function across32(operation: i32, source: usize, register: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  store<u32>(LANES, lane32(operation, load<u32>(at), load<u32>(at + 4)));
  store<u32>(LANES + 4, lane32(operation, load<u32>(at + 8), load<u32>(at + 12)));
  store<u32>(LANES + 8, lane32(operation, load<u32>(source), load<u32>(source + 4)));
  store<u32>(LANES + 12, lane32(operation, load<u32>(source + 8), load<u32>(source + 12)));
  writeLanes(at);
}

export function sse_660F7C(source: usize, register: i32): void {
  across64(exact.ADD, source, register);
}

export function sse_660F7D(source: usize, register: i32): void {
  across64(exact.SUBTRACT, source, register);
}

export function sse_F20F7C(source: usize, register: i32): void {
  across32(exact.ADD, source, register);
}

export function sse_F20F7D(source: usize, register: i32): void {
  across32(exact.SUBTRACT, source, register);
}

/** ADDSUBPD. */
export function sse_660FD0(source: usize, register: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  store<u64>(LANES, lane64(exact.SUBTRACT, load<u64>(at), load<u64>(source)));
  store<u64>(LANES + 8, lane64(exact.ADD, load<u64>(at + 8), load<u64>(source + 8)));
  writeLanes(at);
}

/** ADDSUBPS. */
export function sse_F20FD0(source: usize, register: i32): void {
  const at = XMM + (register << 4);
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4)
    store<u32>(LANES + i, lane32(i & 4 ? exact.ADD : exact.SUBTRACT, load<u32>(at + i), load<u32>(source + i)));
  writeLanes(at);
}

/** LDDQU. */
export function sse_F20FF0(source: usize, register: i32): void {
  store<u64>(XMM + (register << 4), load<u64>(source));
  store<u64>(XMM + (register << 4) + 8, load<u64>(source + 8));
}
