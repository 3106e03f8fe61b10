/** A number as it is computed with: its class, sign, exponent, and a significand whose bit 63 is the one before the point. */

export const ZERO: i32 = 0;
export const FINITE: i32 = 1;
export const INFINITE: i32 = 2;
export const QUIET: i32 = 3;
export const SIGNALLING: i32 = 4;
/** Of the x87: an unnormal, a pseudo-infinity, a pseudo-NaN. */
export const UNSUPPORTED: i32 = 5;

/** What the last `take…` found; most operations copy it to locals. */
export let kind: i32 = 0;
export let sign: i32 = 0;
export let exponent: i32 = 0;
export let significand: u64 = 0;
/** Whether it was written as a denormal (x87: or a pseudo-denormal). */
export let denormal: bool = false;

/** Takes a number of any of the two formats of SSE to pieces. */
@inline
function take(negative: i32, field: i32, fraction: u64, width: i32, highest: i32): void {
  sign = negative;
  denormal = false;
  if (field === highest) {
    kind = fraction === 0 ? INFINITE : fraction >> (width - 1) !== 0 ? QUIET : SIGNALLING;
    significand = (fraction << (63 - width)) | (1 << 63);
    exponent = 0;
    return;
  }
  if (field !== 0) {
    kind = FINITE;
    significand = ((<u64>1 << width) | fraction) << (63 - width);
    exponent = field - (highest >> 1);
    return;
  }
  if (fraction === 0) {
    kind = ZERO;
    significand = 0;
    exponent = 0;
    return;
  }
  const shift = <i32>clz<u64>(fraction);
  kind = FINITE;
  denormal = true;
  significand = fraction << shift;
  exponent = 1 - (highest >> 1) + (63 - width) - shift;
}

export function take32(bits: u32): void {
  take(bits >> 31, (bits >> 23) & 0xff, bits & 0x7fffff, 23, 0xff);
}

export function take64(bits: u64): void {
  take(<i32>(bits >> 63), <i32>(bits >> 52) & 0x7ff, bits & 0xfffffffffffff, 52, 0x7ff);
}

/** @param top sign and exponent, 16 bits */
export function take80(mantissa: u64, top: i32): void {
  const field = top & 0x7fff;
  sign = (top >> 15) & 1;
  denormal = false;
  significand = mantissa;
  if (field === 0) {
    exponent = -16382;
    if (mantissa === 0) {
      kind = ZERO;
      return;
    }
    kind = FINITE;
    denormal = true;
    const shift = <i32>clz<u64>(mantissa);
    significand = mantissa << shift;
    exponent -= shift;
    return;
  }
  exponent = field - 16383;
  if (mantissa >> 63 === 0) {
    kind = UNSUPPORTED;
    return;
  }
  if (field !== 0x7fff) {
    kind = FINITE;
    return;
  }
  kind = mantissa << 1 === 0 ? INFINITE : (mantissa >> 62) & 1 ? QUIET : SIGNALLING;
}

/** Makes the last number taken the zero of its sign (MXCSR.DAZ). */
export function takeAsZero(): void {
  kind = ZERO;
  significand = 0;
  denormal = false;
}
