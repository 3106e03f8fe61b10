/**
 * FSCALE, FPREM and FPREM1 at the limits of exponents, as a processor has them: results, and the flags they raise. With
 * underflow masked, and not.
 */
import test from 'ava';
import { BareEngine } from '../../support/bare-engine.js';
import { runX87, textOf, x87Exceptions, x87Register } from '../../support/bare-x87.js';

type Case = readonly [keyof typeof OPERATIONS, number, string, string, string, number];

/** Of the engine's functions for the registers of D9, and which of the eight. */
const OPERATIONS = {
  scale: ['instr16_D9_7_reg', 5],
  remainder: ['instr16_D9_7_reg', 0],
  nearest: ['instr16_D9_6_reg', 5],
} as const;

/** Control word, ST0 and ST1 (sign and exponent, significand), ST0 afterwards, and exceptions (FSW bits 0 to 6). */
// prettier-ignore
const CASES: readonly Case[] = [
  ['scale', 0x37f, '3fff 8000000000000000', '400f 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '3fff c000000000000000', '400f 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '3fff 8000000000000000', '4010 c000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '3fff 8000000000000000', 'c00f 8000000000000000', '0000 0000000000000000', 0x30],
  ['scale', 0x37f, '3fff c000000000000000', 'c00f 8000000000000000', '0000 0000000000000000', 0x30],
  ['scale', 0x37f, '4000 8000000000000000', '400e 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '3fff 8000000000000000', '400e 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '0000 0000000000001234', '400d ea60000000000000', '74fe 91a0000000000000', 0x2],
  ['scale', 0x37f, '3fff 8000000000000000', '400d ea60000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x37f, '0001 8000000000000001', '3fff 8000000000000000', '0002 8000000000000001', 0x0],
  ['remainder', 0x37f, '0000 0000000000001234', '3fff 8000000000000000', '0000 0000000000001234', 0x2],
  ['remainder', 0x37f, '0001 8000000000000001', '0000 0000000000001234', '0000 0000000000000b0d', 0x2],
  ['remainder', 0x37f, '0001 fffffffffffffffe', '0001 8000000000000000', '0000 7ffffffffffffffe', 0x0],
  ['remainder', 0x37f, '4000 c000000000000000', '0000 0000000000001234', '3fcb ef00000000000000', 0x2],
  ['remainder', 0x37f, '3fff 8000000000000000', '0001 8000000000000001', '3fc0 8000000000000002', 0x0],
  ['nearest', 0x37f, '0000 0000000000001234', '3fff 8000000000000000', '0000 0000000000001234', 0x2],
  ['nearest', 0x37f, '0001 8000000000000001', '0000 0000000000001234', '8000 0000000000000727', 0x2],
  ['nearest', 0x37f, '0001 fffffffffffffffe', '0001 8000000000000000', '8000 0000000000000002', 0x0],
  ['nearest', 0x37f, '4000 c000000000000000', '0000 0000000000001234', '3fcb ef00000000000000', 0x2],
  ['nearest', 0x37f, '0001 8000000000000001', '0001 8000000000000000', '0000 0000000000000001', 0x0],
  ['scale', 0x36f, '3fff 8000000000000000', '400f 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '3fff c000000000000000', '400f 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '3fff 8000000000000000', '4010 c000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '3fff 8000000000000000', 'c00f 8000000000000000', '0000 0000000000000000', 0x30],
  ['scale', 0x36f, '3fff c000000000000000', 'c00f 8000000000000000', '0000 0000000000000000', 0x30],
  ['scale', 0x36f, '4000 8000000000000000', '400e 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '3fff 8000000000000000', '400e 8000000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '0000 0000000000001234', '400d ea60000000000000', '74fe 91a0000000000000', 0x2],
  ['scale', 0x36f, '3fff 8000000000000000', '400d ea60000000000000', '7fff 8000000000000000', 0x28],
  ['scale', 0x36f, '0001 8000000000000001', '3fff 8000000000000000', '0002 8000000000000001', 0x0],
  ['remainder', 0x36f, '0000 0000000000001234', '3fff 8000000000000000', '5fce 91a0000000000000', 0x12],
  ['remainder', 0x36f, '0001 8000000000000001', '0000 0000000000001234', '5fcd b0d0000000000000', 0x12],
  ['remainder', 0x36f, '0001 fffffffffffffffe', '0001 8000000000000000', '6000 fffffffffffffffc', 0x10],
  ['remainder', 0x36f, '4000 c000000000000000', '0000 0000000000001234', '3fcb ef00000000000000', 0x2],
  ['remainder', 0x36f, '3fff 8000000000000000', '0001 8000000000000001', '3fc0 8000000000000002', 0x0],
  ['nearest', 0x36f, '0000 0000000000001234', '3fff 8000000000000000', '5fce 91a0000000000000', 0x12],
  ['nearest', 0x36f, '0001 8000000000000001', '0000 0000000000001234', 'dfcc e4e0000000000000', 0x12],
  ['nearest', 0x36f, '0001 fffffffffffffffe', '0001 8000000000000000', 'dfc3 8000000000000000', 0x10],
  ['nearest', 0x36f, '4000 c000000000000000', '0000 0000000000001234', '3fcb ef00000000000000', 0x2],
  ['nearest', 0x36f, '0001 8000000000000001', '0001 8000000000000000', '5fc2 8000000000000000', 0x10],
];

const engine = await BareEngine.load();

test('as a processor has them', (t) => {
  for (const [operation, control, st0, st1, result, exceptions] of CASES) {
    runX87(engine, OPERATIONS[operation], control, st0, st1);
    const what = `${operation} ${st0}, ${st1} with control word ${control.toString(16)}`;
    t.is(textOf(x87Register(engine, 0)), result, what);
    t.is(x87Exceptions(engine), exceptions, what);
  }
});
