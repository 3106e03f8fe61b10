/** Conversions of SSE and SSE2, by the names of the functions they replace. */
import * as exact from './sse-exact';
import { finish, writeLanes } from './sse-finish';
import { plain32, plain64, settled } from './sse-quick';
import { FROM_MEMORY, LANES, MXCSR, SOURCE, ST, XMM } from './state';
import * as engine from './engine';

@external('v86', 'transition_fpu_to_mmx')
declare function transitionToMmx(): void;

/** Stands in the place of a whole number that is not to be written. */
const NONE: i32 = i32.MIN_VALUE;

function writeMmx(register: i32, value: u64): void {
  store<u64>(ST + (register << 4), value);
  store<u16>(ST + (register << 4) + 8, 0xffff);
  transitionToMmx();
}

/** One conversion to a whole number of 32 bits. */
@inline
function whole64(source: f64, truncates: bool): i32 {
  if (abs<f64>(source) < 2147483647.0 && (truncates || (load<i32>(MXCSR) & 0x6000) === 0)) {
    const rounded = truncates ? trunc<f64>(source) : nearest<f64>(source);
    // What is not whole may be denormal, for DAZ.
    if (rounded === source || (settled() && plain64(reinterpret<u64>(source)))) return <i32>rounded;
  }
  exact.beginExact();
  const value = exact.toWhole(true, reinterpret<u64>(source), truncates);
  return finish() ? value : NONE;
}

@inline
function whole32(source: f32, truncates: bool): i32 {
  if (abs<f32>(source) < 2147483520.0 && (truncates || (load<i32>(MXCSR) & 0x6000) === 0)) {
    const rounded = truncates ? trunc<f32>(source) : nearest<f32>(source);
    if (rounded === source || (settled() && plain32(reinterpret<u32>(source)))) return <i32>rounded;
  }
  exact.beginExact();
  const value = exact.toWhole(false, reinterpret<u32>(source), truncates);
  return finish() ? value : NONE;
}

export function whole_f64_to_i32(source: f64): i32 {
  return whole64(source, false);
}

export function whole_with_truncation_f64_to_i32(source: f64): i32 {
  return whole64(source, true);
}

export function whole_f32_to_i32(source: f32): i32 {
  return whole32(source, false);
}

export function whole_with_truncation_f32_to_i32(source: f32): i32 {
  return whole32(source, true);
}

/** CVT(T)PS2DQ. */
function wholes32(source: usize, register: i32, truncates: bool): void {
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4)
    store<i32>(LANES + i, exact.toWhole(false, load<u32>(source + i), truncates));
  writeLanes(XMM + (register << 4));
}

export function sse_660F5B(source: usize, register: i32): void {
  wholes32(source, register, false);
}

export function sse_F30F5B(source: usize, register: i32): void {
  wholes32(source, register, true);
}

/** CVT(T)PD2DQ. */
function wholes64(source: usize, register: i32, truncates: bool): void {
  exact.beginExact();
  store<i32>(LANES, exact.toWhole(true, load<u64>(source), truncates));
  store<i32>(LANES + 4, exact.toWhole(true, load<u64>(source + 8), truncates));
  store<u64>(LANES + 8, 0);
  writeLanes(XMM + (register << 4));
}

export function sse_F20FE6(source: usize, register: i32): void {
  wholes64(source, register, false);
}

export function sse_660FE6(source: usize, register: i32): void {
  wholes64(source, register, true);
}

/** CVT(T)PS2PI. */
export function toMmx32(source: u64, register: i32, truncates: bool): void {
  exact.beginExact();
  const first = exact.toWhole(false, <u32>source, truncates);
  const second = exact.toWhole(false, <u32>(source >> 32), truncates);
  if (finish()) writeMmx(register, (<u64>(<u32>second) << 32) | (<u32>first));
}

/** CVT(T)PD2PI. */
export function toMmx64(source: usize, register: i32, truncates: bool): void {
  exact.beginExact();
  const first = exact.toWhole(true, load<u64>(source), truncates);
  const second = exact.toWhole(true, load<u64>(source + 8), truncates);
  if (finish()) writeMmx(register, (<u64>(<u32>second) << 32) | (<u32>first));
}

/** CVTPI2PS: the register form, not that of memory, makes the x87 an MMX unit. */
export function sse_0F2A(source: u64, register: i32): void {
  exact.beginExact();
  const first = exact.singleOf(<i32>source);
  const second = exact.singleOf(<i32>(source >> 32));
  if (!finish()) return;
  store<u64>(XMM + (register << 4), (<u64>second << 32) | first);
  if (load<i32>(FROM_MEMORY) === 0) transitionToMmx();
}

/** CVTSI2SS. */
export function sse_F30F2A(source: i32, register: i32): void {
  const at = XMM + (register << 4);
  const near = <f32>source;
  if (<f64>near === <f64>source) {
    store<f32>(at, near);
    return;
  }
  exact.beginExact();
  const bits = exact.singleOf(source);
  if (finish()) store<u32>(at, bits);
}

/** CVTDQ2PS. */
export function sse_0F5B(source: usize, register: i32): void {
  exact.beginExact();
  for (let i: usize = 0; i < 16; i += 4) store<u32>(LANES + i, exact.singleOf(load<i32>(source + i)));
  writeLanes(XMM + (register << 4));
}

/** CVTSS2SD. */
export function sse_F30F5A(source: f32, register: i32): void {
  const at = XMM + (register << 4);
  if (plain32(reinterpret<u32>(source))) {
    store<f64>(at, <f64>source);
    return;
  }
  exact.beginExact();
  const bits = exact.widened(reinterpret<u32>(source));
  if (finish()) store<u64>(at, bits);
}

/** CVTPS2PD. */
export function sse_0F5A(source: u64, register: i32): void {
  exact.beginExact();
  store<u64>(LANES, exact.widened(<u32>source));
  store<u64>(LANES + 8, exact.widened(<u32>(source >> 32)));
  writeLanes(XMM + (register << 4));
}

/** CVTSD2SS. */
export function sse_F20F5A(source: u64, register: i32): void {
  const at = XMM + (register << 4);
  const near = <f32>reinterpret<f64>(source);
  if (plain64(source) && plain32(reinterpret<u32>(near)) && settled()) {
    store<f32>(at, near);
    return;
  }
  exact.beginExact();
  const bits = exact.narrowed(source);
  if (finish()) store<u32>(at, bits);
}

/** CVTPD2PS. */
export function sse_660F5A(source: usize, register: i32): void {
  exact.beginExact();
  store<u32>(LANES, exact.narrowed(load<u64>(source)));
  store<u32>(LANES + 4, exact.narrowed(load<u64>(source + 8)));
  store<u64>(LANES + 8, 0);
  writeLanes(XMM + (register << 4));
}

/** CVTPI2PD: the register form, not that of memory, makes the x87 an MMX unit. */
export function sse_660F2A(source: u64, register: i32, fromMmx: bool): void {
  sse_F30FE6(source, register);
  if (fromMmx) transitionToMmx();
}

/** CVTSI2SD. */
export function sse_F20F2A(source: i32, register: i32): void {
  store<f64>(XMM + (register << 4), <f64>source);
}

/** CVTDQ2PD. */
export function sse_F30FE6(source: u64, register: i32): void {
  store<f64>(XMM + (register << 4), <f64>(<i32>source));
  store<f64>(XMM + (register << 4) + 8, <f64>(<i32>(source >> 32)));
}

/** The forms to MMX registers that JIT code calls, by number of the source. */
export function sse_0F2C_reg(source: i32, register: i32): void {
  toMmx32(load<u64>(XMM + (source << 4)), register, true);
}

export function sse_0F2D_reg(source: i32, register: i32): void {
  toMmx32(load<u64>(XMM + (source << 4)), register, false);
}

export function sse_660F2C_reg(source: i32, register: i32): void {
  toMmx64(XMM + (source << 4), register, true);
}

export function sse_660F2D_reg(source: i32, register: i32): void {
  toMmx64(XMM + (source << 4), register, false);
}

export function sse_0F2C_mem(address: i32, register: i32): void {
  if (engine.read64(address)) toMmx32(engine.value64, register, true);
}

export function sse_660F2C_mem(address: i32, register: i32): void {
  if (engine.read128(address, SOURCE)) toMmx64(SOURCE, register, true);
}

export function sse_0F2D_mem(address: i32, register: i32): void {
  if (engine.read64(address)) toMmx32(engine.value64, register, false);
}

export function sse_660F2D_mem(address: i32, register: i32): void {
  if (engine.read128(address, SOURCE)) toMmx64(SOURCE, register, false);
}
