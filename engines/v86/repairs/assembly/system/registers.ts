/** Registers, where v86 keeps them: the places are those of ../../../layout.ts. */

export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;
export const FS = 4;
export const GS = 5;
export const TR = 6;
export const LDTR = 7;

export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const ESP = 4;
export const EBP = 5;
export const ESI = 6;
export const EDI = 7;

export const FLAG_ZERO: i32 = 1 << 6;
export const FLAG_TRAP: i32 = 1 << 8;
export const FLAG_INTERRUPT: i32 = 1 << 9;
export const FLAG_DIRECTION: i32 = 1 << 10;
export const FLAG_IOPL: i32 = 3 << 12;
export const FLAG_NT: i32 = 1 << 14;
export const FLAG_RF: i32 = 1 << 16;
export const FLAG_VM: i32 = 1 << 17;
export const FLAG_AC: i32 = 1 << 18;
export const FLAG_VIF: i32 = 1 << 19;
export const FLAG_VIP: i32 = 1 << 20;

export const CR0_PE: i32 = 1;
export const CR0_TS: i32 = 1 << 3;
export const CR0_PG: i32 = 1 << 31;
export const CR4_PAE: i32 = 1 << 5;

// @ts-ignore: decorator
@inline export function reg(i: i32): i32 {
  return load<i32>(64 + (i << 2));
}
// @ts-ignore: decorator
@inline export function setReg(i: i32, value: i32): void {
  store<i32>(64 + (i << 2), value);
}
// @ts-ignore: decorator
@inline export function setReg16(i: i32, value: i32): void {
  store<u16>(64 + (i << 2), value);
}
// @ts-ignore: decorator
@inline export function flagsChanged(): i32 {
  return load<i32>(100);
}
// @ts-ignore: decorator
@inline export function setFlagsChanged(value: i32): void {
  store<i32>(100, value);
}
/** EFLAGS but for those that are computed when they are asked for. */
// @ts-ignore: decorator
@inline export function flags(): i32 {
  return load<i32>(120);
}
// @ts-ignore: decorator
@inline export function setFlags(value: i32): void {
  store<i32>(120, value);
}
// @ts-ignore: decorator
@inline export function iopl(): i32 {
  return (flags() >> 12) & 3;
}
// @ts-ignore: decorator
@inline export function segmentAccess(i: i32): i32 {
  return load<u8>(512 + i);
}
// @ts-ignore: decorator
@inline export function setSegmentAccess(i: i32, value: i32): void {
  store<u8>(512 + i, value);
}
/** Linear address of the next instruction. */
// @ts-ignore: decorator
@inline export function eip(): i32 {
  return load<i32>(556);
}
// @ts-ignore: decorator
@inline export function setEip(value: i32): void {
  store<i32>(556, value);
}
/** Linear address of the instruction under way. */
// @ts-ignore: decorator
@inline export function previousEip(): i32 {
  return load<i32>(560);
}
// @ts-ignore: decorator
@inline export function setPreviousEip(value: i32): void {
  store<i32>(560, value);
}
// @ts-ignore: decorator
@inline export function idtrLimit(): u32 {
  return load<u32>(564);
}
// @ts-ignore: decorator
@inline export function idtrBase(): i32 {
  return load<i32>(568);
}
// @ts-ignore: decorator
@inline export function gdtrLimit(): u32 {
  return load<u32>(572);
}
// @ts-ignore: decorator
@inline export function gdtrBase(): i32 {
  return load<i32>(576);
}
// @ts-ignore: decorator
@inline export function cr(i: i32): i32 {
  return load<i32>(580 + (i << 2));
}
// @ts-ignore: decorator
@inline export function setCr(i: i32, value: i32): void {
  store<i32>(580 + (i << 2), value);
}
// @ts-ignore: decorator
@inline export function cpl(): i32 {
  return load<u8>(612);
}
/** Also forgets where code is: who may read it has changed. */
// @ts-ignore: decorator
@inline export function setCpl(value: i32): void {
  store<u8>(612, value);
  store<i32>(620, -1);
}
// @ts-ignore: decorator
@inline export function prefixes(): i32 {
  return load<u8>(648);
}
// @ts-ignore: decorator
@inline export function setPrefixes(value: i32): void {
  store<u8>(648, value);
}
// @ts-ignore: decorator
@inline export function selector(i: i32): i32 {
  return load<u16>(668 + (i << 1));
}
// @ts-ignore: decorator
@inline export function setSelector(i: i32, value: i32): void {
  store<u16>(668 + (i << 1), value);
}
// @ts-ignore: decorator
@inline export function segmentIsNull(i: i32): bool {
  return load<u8>(724 + i) != 0;
}
// @ts-ignore: decorator
@inline export function setSegmentIsNull(i: i32, value: bool): void {
  store<u8>(724 + i, value);
}
// @ts-ignore: decorator
@inline export function segmentBase(i: i32): i32 {
  return load<i32>(736 + (i << 2));
}
// @ts-ignore: decorator
@inline export function setSegmentBase(i: i32, value: i32): void {
  store<i32>(736 + (i << 2), value);
}
// @ts-ignore: decorator
@inline export function segmentLimit(i: i32): u32 {
  return load<u32>(768 + (i << 2));
}
// @ts-ignore: decorator
@inline export function setSegmentLimit(i: i32, value: u32): void {
  store<u32>(768 + (i << 2), value);
}
// @ts-ignore: decorator
@inline export function protectedMode(): bool {
  return load<u8>(800) != 0;
}
// @ts-ignore: decorator
@inline export function virtual8086(): bool {
  return (flags() & FLAG_VM) != 0;
}
// @ts-ignore: decorator
@inline export function is32(): i32 {
  return load<u8>(804);
}
// @ts-ignore: decorator
@inline export function setIs32(value: bool): void {
  store<u8>(804, value);
}
// @ts-ignore: decorator
@inline export function stackIs32(): bool {
  return load<u8>(808) != 0;
}
// @ts-ignore: decorator
@inline export function setStackIs32(value: bool): void {
  store<u8>(808, value);
}
// @ts-ignore: decorator
@inline export function tssIs32(): bool {
  return load<u8>(1128) != 0;
}
// @ts-ignore: decorator
@inline export function setTssIs32(value: bool): void {
  store<u8>(1128, value);
}
/** Whether the instruction under way has addresses of 32 bits. */
// @ts-ignore: decorator
@inline export function addressIs32(): bool {
  const PREFIX_67 = 0x40;
  return (is32() != 0) != ((prefixes() & PREFIX_67) != 0);
}
