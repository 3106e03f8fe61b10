/** ADD, SUB, MUL, DIV, MIN, MAX, SQRT of SSE and SSE2: scalar and packed, by the names of the functions they replace. */
import * as exact from './sse-exact';
import { finish, writeLanes } from './sse-finish';
import { exactZero32, exactZero64, lane32, lane64, native, plain32, plain64, settled } from './sse-quick';
import { LANES, XMM } from './state';

@inline
function quick64(operation: i32, a: u64, b: u64, bits: u64): bool {
  return (plain64(a) && plain64(b) && plain64(bits)) || exactZero64(operation, a, b, bits);
}

@inline
function scalar64(operation: i32, source: u64, register: i32): void {
  const at = XMM + (register << 4);
  const a = load<u64>(at);
  const bits = reinterpret<u64>(native<f64>(operation, reinterpret<f64>(a), reinterpret<f64>(source)));
  if (settled() && quick64(operation, a, source, bits)) store<u64>(at, bits);
  else slowScalar64(operation, source, at);
}

function slowScalar64(operation: i32, source: u64, at: usize): void {
  exact.beginExact();
  const bits = lane64(operation, load<u64>(at), source);
  if (finish()) store<u64>(at, bits);
}

@inline
function scalar32(operation: i32, source: f32, register: i32): void {
  const at = XMM + (register << 4);
  const a = load<u32>(at);
  const b = reinterpret<u32>(source);
  const bits = reinterpret<u32>(native<f32>(operation, reinterpret<f32>(a), source));
  if (settled() && ((plain32(a) && plain32(b) && plain32(bits)) || exactZero32(operation, a, b, bits)))
    store<u32>(at, bits);
  else slowScalar32(operation, b, at);
}

function slowScalar32(operation: i32, source: u32, at: usize): void {
  exact.beginExact();
  const bits = lane32(operation, load<u32>(at), source);
  if (finish()) store<u32>(at, bits);
}

@inline
function packed64(operation: i32, source: usize, register: i32): void {
  const at = XMM + (register << 4);
  const a0 = load<u64>(at);
  const a1 = load<u64>(at + 8);
  const b0 = load<u64>(source);
  const b1 = load<u64>(source + 8);
  const c0 = reinterpret<u64>(native<f64>(operation, reinterpret<f64>(a0), reinterpret<f64>(b0)));
  const c1 = reinterpret<u64>(native<f64>(operation, reinterpret<f64>(a1), reinterpret<f64>(b1)));
  if (settled() && quick64(operation, a0, b0, c0) && quick64(operation, a1, b1, c1)) {
    store<u64>(at, c0);
    store<u64>(at + 8, c1);
  } else slowPacked64(operation, source, at);
}

function slowPacked64(operation: i32, source: usize, at: usize): void {
  exact.beginExact();
  store<u64>(LANES, lane64(operation, load<u64>(at), load<u64>(source)));
  store<u64>(LANES + 8, lane64(operation, load<u64>(at + 8), load<u64>(source + 8)));
  writeLanes(at);
}

@inline
function quick32(operation: i32, a: usize, b: usize): bool {
  const x = load<u32>(a);
  const y = load<u32>(b);
  const bits = reinterpret<u32>(native<f32>(operation, reinterpret<f32>(x), reinterpret<f32>(y)));
  return (plain32(x) && plain32(y) && plain32(bits)) || exactZero32(operation, x, y, bits);
}

@inline
function put32(operation: i32, a: usize, b: usize): void {
  store<f32>(a, native<f32>(operation, load<f32>(a), load<f32>(b)));
}

@inline
function packed32(operation: i32, source: usize, register: i32): void {
  const at = XMM + (register << 4);
  if (
    settled() &&
    quick32(operation, at, source) &&
    quick32(operation, at + 4, source + 4) &&
    quick32(operation, at + 8, source + 8) &&
    quick32(operation, at + 12, source + 12)
  ) {
    put32(operation, at, source);
    put32(operation, at + 4, source + 4);
    put32(operation, at + 8, source + 8);
    put32(operation, at + 12, source + 12);
  } else slowPacked32(operation, source, at);
}

function slowPacked32(operation: i32, source: usize, at: usize): void {
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4) store<u32>(LANES + i, lane32(operation, load<u32>(at + i), load<u32>(source + i)));
  writeLanes(at);
}

export function sse_0F58(source: usize, register: i32): void {
  packed32(exact.ADD, source, register);
}

export function sse_660F58(source: usize, register: i32): void {
  packed64(exact.ADD, source, register);
}

export function sse_F20F58(source: u64, register: i32): void {
  scalar64(exact.ADD, source, register);
}

export function sse_F30F58(source: f32, register: i32): void {
  scalar32(exact.ADD, source, register);
}

export function sse_0F59(source: usize, register: i32): void {
  packed32(exact.MULTIPLY, source, register);
}

export function sse_660F59(source: usize, register: i32): void {
  packed64(exact.MULTIPLY, source, register);
}

export function sse_F20F59(source: u64, register: i32): void {
  scalar64(exact.MULTIPLY, source, register);
}

export function sse_F30F59(source: f32, register: i32): void {
  scalar32(exact.MULTIPLY, source, register);
}

export function sse_0F5C(source: usize, register: i32): void {
  packed32(exact.SUBTRACT, source, register);
}

export function sse_660F5C(source: usize, register: i32): void {
  packed64(exact.SUBTRACT, source, register);
}

export function sse_F20F5C(source: u64, register: i32): void {
  scalar64(exact.SUBTRACT, source, register);
}

export function sse_F30F5C(source: f32, register: i32): void {
  scalar32(exact.SUBTRACT, source, register);
}

export function sse_0F5D(source: usize, register: i32): void {
  packed32(exact.MINIMUM, source, register);
}

export function sse_660F5D(source: usize, register: i32): void {
  packed64(exact.MINIMUM, source, register);
}

export function sse_F20F5D(source: u64, register: i32): void {
  scalar64(exact.MINIMUM, source, register);
}

export function sse_F30F5D(source: f32, register: i32): void {
  scalar32(exact.MINIMUM, source, register);
}

export function sse_0F5E(source: usize, register: i32): void {
  packed32(exact.DIVISION, source, register);
}

export function sse_660F5E(source: usize, register: i32): void {
  packed64(exact.DIVISION, source, register);
}

export function sse_F20F5E(source: u64, register: i32): void {
  scalar64(exact.DIVISION, source, register);
}

export function sse_F30F5E(source: f32, register: i32): void {
  scalar32(exact.DIVISION, source, register);
}

export function sse_0F5F(source: usize, register: i32): void {
  packed32(exact.MAXIMUM, source, register);
}

export function sse_660F5F(source: usize, register: i32): void {
  packed64(exact.MAXIMUM, source, register);
}

export function sse_F20F5F(source: u64, register: i32): void {
  scalar64(exact.MAXIMUM, source, register);
}

export function sse_F30F5F(source: f32, register: i32): void {
  scalar32(exact.MAXIMUM, source, register);
}
