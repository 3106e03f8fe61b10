/**
 * Flags that an instruction leaves undefined become values that a simulator can know too (docs/formats/relog.md, "The
 * CPU").
 *
 * v86 keeps the last result (at 112), the first operand (104), the operands' width less one (96) and a mask (100) of
 * flags that are worked out from these when they are read; the others are in EFLAGS (120). Shifts and multiplications
 * leave AF to be worked out from the first operand of an instruction long before, bit scans OF too.
 */
import binaryen from 'binaryen';
import { constant, describe, IDS, Select, Store, storesTo, walk } from './expressions.js';
import { functionNames } from './names.js';

type Module = binaryen.Module;
type Expr = binaryen.ExpressionRef;

const WIDTH = 96;
const CHANGED = 100;
const RESULT = 112;
const FLAGS = 120;

const OVERFLOW = 0x800;
/** Worked out: SF, ZF, PF and AF, as after a shift. */
const AS_AFTER_SHIFT = 0xd4;
/** The same and OF, without ZF: as v86 has it after a bit scan. */
const AS_AFTER_SCAN = 0x894;

/** Where v86's compiler put what shifts and multiplies: in their own functions, and where these are called. */
const SHIFTS_AND_MULTIPLICATIONS =
  /([CD][0-3]_[457]|_69|_6B|0FA[45CDF]|F[67]_[45])_(mem|reg)|^(i?mul|sh[lr]d?|sar)(_reg)?\d+$|interpreter0?f?3run$/;
const RIGHT_SHIFTS = /(C[01]|D[23])_5_(mem|reg)(0B7_)?$|0FA[CD]_(mem|reg)$|^shrd?(8|16|32)$/;
const LEFT_DOUBLE_SHIFTS = /instr32_0FA[45]_(mem|reg)$|^shld32$/;
const BIT_SCANS = /0FB[CD]_(mem|reg)$|^bs[fr](16|32)$/;

/** @throws Error where v86.wasm is not as expected */
export function patchUndefinedFlags(module: Module): void {
  const names = functionNames(module).filter((name) => !/16jit_instructions|\$original$/.test(name));
  const matching = (pattern: RegExp): string[] => names.filter((name) => pattern.test(name));
  expect(
    sum(matching(SHIFTS_AND_MULTIPLICATIONS), (name) => clearAdjust(module, name)),
    122,
  );
  expect(
    sum(matching(RIGHT_SHIFTS), (name) => overflowOfRightShift(module, name)),
    26,
  );
  expect(
    sum(matching(LEFT_DOUBLE_SHIFTS), (name) => overflowOfDoubleShift(module, name)),
    5,
  );
  expect(
    sum(matching(BIT_SCANS), (name) => scanAsLogic(module, name)),
    12,
  );
}

function sum(names: readonly string[], change: (name: string) => number): number {
  return names.reduce((total, name) => total + change(name), 0);
}

function expect(places: number, right: number): void {
  if (places !== right) throw new Error(`v86.wasm has ${places} places to repair, not ${right}`);
}

/** The first operand becomes 0, with which AF does. It lies behind the mask: one wider store does both. */
function clearAdjust(module: Module, name: string): number {
  const stores = storesTo(module, name, CHANGED).filter((store) => constant(describe(store).value) === AS_AFTER_SHIFT);
  for (const store of stores) storeMask(module, store, AS_AFTER_SHIFT);
  return stores.length;
}

function storeMask(module: Module, store: Expr, mask: number): void {
  Store.setValue(store, module.i64.const(BigInt(mask)));
  Store.setValueType(store, binaryen.i64);
  Store.setBytes(store, 8);
  Store.setAlign(store, 4);
}

/** OF is the exclusive or of the result's two highest bits: for SHR, 0 unless shifted by one. */
function overflowOfRightShift(module: Module, name: string): number {
  const m = module;
  const width = constant(describe(storesTo(m, name, WIDTH)[0]!).value)!;
  const [store, ...more] = storesTo(m, name, FLAGS).filter((one) => mentions(one, [OVERFLOW, OVERFLOW | 1]));
  if (store === undefined || more.length > 0) throw new Error(`${name} does not set OF in one place`);
  const result = (): Expr => m.i32.load(RESULT, 4, m.i32.const(0));
  const differs = m.i32.xor(result(), m.i32.shl(result(), m.i32.const(1)));
  const bit = width < 11 ? m.i32.shl(differs, m.i32.const(11 - width)) : m.i32.shr_u(differs, m.i32.const(width - 11));
  const others = m.i32.and(describe(store).value, m.i32.const(~OVERFLOW));
  Store.setValue(store, m.i32.or(others, m.i32.and(bit, m.i32.const(OVERFLOW))));
  return 1;
}

/** SHLD of 32 bits has OF for a shift by one alone; it becomes the exclusive or of CF and the result's highest bit. */
function overflowOfDoubleShift(module: Module, name: string): number {
  let places = 0;
  for (const store of storesTo(module, name, FLAGS)) {
    walk(describe(store).value, (expression, { id, ifTrue }) => {
      if (id !== IDS.SelectId) return;
      Select.setIfTrue(expression, module.i32.and(ifTrue, module.i32.const(OVERFLOW)));
      Select.setCondition(expression, module.i32.const(1));
      places++;
    });
  }
  return places;
}

/** Flags are those of a logical operation whose result is the operand that was scanned. */
function scanAsLogic(module: Module, name: string): number {
  const [mask] = storesTo(module, name, CHANGED).filter((one) => constant(describe(one).value) === AS_AFTER_SCAN);
  const [result, ...more] = storesTo(module, name, RESULT);
  if (mask === undefined || result === undefined || more.length > 0) throw new Error(`${name} is no bit scan`);
  storeMask(module, mask, AS_AFTER_SHIFT);
  const source = module.local.get(scanned(module, name), binaryen.i32);
  // What was stored may also be kept in a local.
  Store.setValue(result, module.block(null, [module.drop(describe(result).value), source], binaryen.i32));
  // What clears CF there clears OF as well.
  const clear = storesTo(module, name, FLAGS)[0]!;
  Store.setValue(clear, module.i32.and(describe(clear).value, module.i32.const(~OVERFLOW)));
  return 1;
}

/** The local that holds what is scanned: CLZ is of it, or of its lowest bit (`x & -x`). */
function scanned(module: Module, name: string): number {
  const found = new Set<number>();
  walk(binaryen.getFunctionInfo(module.getFunction(name)).body, (_, { id, op, value }) => {
    if (id !== IDS.UnaryId || op !== IDS.ClzInt32) return;
    walk(value, (__, inner) => {
      if (inner.id === IDS.LocalGetId) found.add(inner.index);
    });
  });
  if (found.size !== 1) throw new Error(`${name} scans ${found.size} locals`);
  return [...found][0]!;
}

function mentions(expression: Expr, numbers: readonly number[]): boolean {
  let found = false;
  walk(expression, (one) => {
    const value = constant(one);
    found ||= value !== undefined && numbers.includes(value);
  });
  return found;
}
