/**
 * FYL2X, FYL2XP1 and FPATAN of operands, or with results, that no double holds, FYL2XP1 and F2XM1 of small ones: results of
 * a processor, to 45 bits, and the exceptions it raises. With underflow masked, and not.
 */
import test from 'ava';
import { LAYOUT } from '../../../engines/v86/layout.js';
import { BareEngine } from '../../support/bare-engine.js';
import { runX87, textOf, x87Exceptions, x87Register } from '../../support/bare-x87.js';

type Case = readonly [keyof typeof FUNCTIONS, number, string, string, string, number];

/** Of the engine's functions for the registers of D9, and which of the eight. */
const FUNCTIONS = {
  f2xm1: ['instr16_D9_6_reg', 0],
  fyl2x: ['instr16_D9_6_reg', 1],
  fpatan: ['instr16_D9_6_reg', 3],
  fyl2xp1: ['instr16_D9_7_reg', 1],
} as const;

/** Control word, ST0 and ST1 (sign and exponent, significand), ST0 afterwards, and exceptions (FSW bits 0 to 6). */
// prettier-ignore
const CASES: readonly Case[] = [
  ['fyl2xp1', 0x37f, '1000 c123456789abcdef', '3fff 8000000000000000', '1001 8b51c7f0d6d49f25', 0x20],
  ['fyl2xp1', 0x37f, '1000 c123456789abcdef', '2000 c123456789abcdef', '0000 0000000000000000', 0x30],
  ['fyl2xp1', 0x37f, '9000 c123456789abcdef', '2fff c123456789abcdef', '8001 d237b3609736951b', 0x20],
  ['fyl2xp1', 0x37f, '0000 0000000000001234', '3fff 8000000000000000', '0000 0000000000001a43', 0x32],
  ['fyl2xp1', 0x37f, '0000 0000000000001234', '7000 8000000000000000', '2fcf d217abcece063ca2', 0x22],
  ['fyl2xp1', 0x37f, '3ff0 c123456789abcdef', '0005 c123456789abcdef', '0000 00348d9d8c4aea1a', 0x30],
  ['fyl2xp1', 0x37f, '3ffc c123456789abcdef', '7ffe c123456789abcdef', '7ffc c0943c74ed91f59d', 0x20],
  ['fyl2xp1', 0x37f, '3ffc c123456789abcdef', '0002 c123456789abcdef', '0000 604a1e3a76c8face', 0x30],
  ['fyl2xp1', 0x37f, '3ffa c123456789abcdef', '3fff 8000000000000000', '3ffb 88227158241e0d04', 0x20],
  ['fyl2xp1', 0x37f, 'bffa c123456789abcdef', '4000 c123456789abcdef', 'bffc d755d4aea25b1aad', 0x20],
  ['fyl2xp1', 0x37f, '3ff1 c123456789abcdef', '3fff 8000000000000000', '3ff2 8b5023880baa65cd', 0x20],
  ['fyl2xp1', 0x37f, 'bff1 c123456789abcdef', '4000 c123456789abcdef', 'bff3 d23a2dce635a1cb6', 0x20],
  ['fyl2xp1', 0x37f, '3fe8 c123456789abcdef', '3fff 8000000000000000', '3fe9 8b51c71e9f22e57b', 0x20],
  ['fyl2xp1', 0x37f, 'bfe8 c123456789abcdef', '4000 c123456789abcdef', 'bfea d237b49dc922c203', 0x20],
  ['fyl2xp1', 0x37f, '3fdf c123456789abcdef', '3fff 8000000000000000', '3fe0 8b51c7f06db8c575', 0x20],
  ['fyl2xp1', 0x37f, 'bfdf c123456789abcdef', '4000 c123456789abcdef', 'bfe1 d237b36135cf89f3', 0x20],
  ['fyl2xp1', 0x37f, '3fd6 c123456789abcdef', '3fff 8000000000000000', '3fd7 8b51c7f0d6a01138', 0x20],
  ['fyl2xp1', 0x37f, 'bfd6 c123456789abcdef', '4000 c123456789abcdef', 'bfd8 d237b3609785e195', 0x20],
  ['fyl2xp1', 0x37f, '3fcd c123456789abcdef', '3fff 8000000000000000', '3fce 8b51c7f0d6d484de', 0x20],
  ['fyl2xp1', 0x37f, 'bfcd c123456789abcdef', '4000 c123456789abcdef', 'bfcf d237b3609736bcc1', 0x20],
  ['fyl2xp1', 0x37f, '3fc4 c123456789abcdef', '3fff 8000000000000000', '3fc5 8b51c7f0d6d49f18', 0x20],
  ['fyl2xp1', 0x37f, 'bfc4 c123456789abcdef', '4000 c123456789abcdef', 'bfc6 d237b3609736952f', 0x20],
  ['fyl2xp1', 0x37f, 'bffd c123456789abcdef', '4000 c123456789abcdef', 'c000 83f42b1772da056a', 0x20],
  ['f2xm1', 0x37f, '3ffd c123456789abcdef', '3fff 8000000000000000', '3ffd 990161314523ee31', 0x20],
  ['f2xm1', 0x37f, 'bffd c123456789abcdef', '3fff 8000000000000000', 'bffc eb9a773accc89c8d', 0x20],
  ['f2xm1', 0x37f, '3ff6 c123456789abcdef', '3fff 8000000000000000', '3ff6 86027ddbafc712a3', 0x20],
  ['f2xm1', 0x37f, 'bff6 c123456789abcdef', '3fff 8000000000000000', 'bff6 85bc7be59cd2a037', 0x20],
  ['f2xm1', 0x37f, '3fef c123456789abcdef', '3fff 8000000000000000', '3fef 85dfbcc8adbc5345', 0x20],
  ['f2xm1', 0x37f, 'bfef c123456789abcdef', '3fff 8000000000000000', 'bfef 85df30c4c4c735ed', 0x20],
  ['f2xm1', 0x37f, '3fe8 c123456789abcdef', '3fff 8000000000000000', '3fe8 85df7752a4c305d3', 0x20],
  ['f2xm1', 0x37f, 'bfe8 c123456789abcdef', '3fff 8000000000000000', 'bfe8 85df763a9cf11bb2', 0x20],
  ['f2xm1', 0x37f, '3fe1 c123456789abcdef', '3fff 8000000000000000', '3fe1 85df76c7b8e1810e', 0x20],
  ['f2xm1', 0x37f, 'bfe1 c123456789abcdef', '3fff 8000000000000000', 'bfe1 85df76c588d1dd39', 0x20],
  ['f2xm1', 0x37f, '3fda c123456789abcdef', '3fff 8000000000000000', '3fda 85df76c6a309bec6', 0x20],
  ['f2xm1', 0x37f, 'bfda c123456789abcdef', '3fff 8000000000000000', 'bfda 85df76c69ea99f7e', 0x20],
  ['f2xm1', 0x37f, '3fd3 c123456789abcdef', '3fff 8000000000000000', '3fd3 85df76c6a0de0f41', 0x20],
  ['f2xm1', 0x37f, 'bfd3 c123456789abcdef', '3fff 8000000000000000', 'bfd3 85df76c6a0d54f03', 0x20],
  ['f2xm1', 0x37f, '3fcc c123456789abcdef', '3fff 8000000000000000', '3fcc 85df76c6a0d9b7e2', 0x20],
  ['f2xm1', 0x37f, 'bfcc c123456789abcdef', '3fff 8000000000000000', 'bfcc 85df76c6a0d9a662', 0x20],
  ['f2xm1', 0x37f, '3fc5 c123456789abcdef', '3fff 8000000000000000', '3fc5 85df76c6a0d9af34', 0x20],
  ['f2xm1', 0x37f, 'bfc5 c123456789abcdef', '3fff 8000000000000000', 'bfc5 85df76c6a0d9af10', 0x20],
  ['f2xm1', 0x37f, '3fbe c123456789abcdef', '3fff 8000000000000000', '3fbe 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x37f, 'bfbe c123456789abcdef', '3fff 8000000000000000', 'bfbe 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x37f, '3fb7 c123456789abcdef', '3fff 8000000000000000', '3fb7 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x37f, 'bfb7 c123456789abcdef', '3fff 8000000000000000', 'bfb7 85df76c6a0d9af22', 0x20],
  ['fyl2x', 0x37f, '3fff 8000000000000000', '6fff c123456789abcdef', '0000 0000000000000000', 0x0],
  ['fyl2x', 0x37f, '3fff 8000000000000000', '8fff c123456789abcdef', '8000 0000000000000000', 0x0],
  ['fyl2x', 0x37f, '7000 8000000000000000', '3fff 8000000000000000', '400c c004000000000000', 0x20],
  ['fyl2x', 0x37f, '7000 c123456789abcdef', '7000 c123456789abcdef', '700e 90df431a686c4112', 0x20],
  ['fyl2x', 0x37f, '0010 c123456789abcdef', '3fff c123456789abcdef', 'c00d c0ee2d896e9dfc5c', 0x20],
  ['fyl2x', 0x37f, '0010 c123456789abcdef', '7ffe c123456789abcdef', 'ffff 8000000000000000', 0x28],
  ['fyl2x', 0x37f, '7ffe c123456789abcdef', 'fffe c123456789abcdef', 'ffff 8000000000000000', 0x28],
  ['fyl2x', 0x37f, '0000 0000000000001234', '3fff 8000000000000000', 'c00d 8061a0b5a267b28d', 0x22],
  ['fyl2x', 0x37f, '4000 c123456789abcdef', '0001 8000000000000000', '0001 cbf75e36e270b521', 0x20],
  ['fyl2x', 0x37f, '3fff c123456789abcdef', '0001 8000000000000000', '0000 4bf75e36e270b521', 0x30],
  ['fyl2x', 0x37f, '3ffe c123456789abcdef', '0001 8000000000000000', '8000 3408a1c91d8f4ade', 0x30],
  ['fpatan', 0x37f, '7000 c123456789abcdef', '1000 c123456789abcdef', '0000 0000000000000000', 0x30],
  ['fpatan', 0x37f, '7000 8000000000000000', '0100 c123456789abcdef', '0000 0000000000000000', 0x30],
  ['fpatan', 0x37f, 'f000 8000000000000000', '0100 c123456789abcdef', '4000 c90fdaa22168c235', 0x20],
  ['fpatan', 0x37f, '0100 8000000000000000', '7100 c123456789abcdef', '3fff c90fdaa22168c235', 0x20],
  ['fpatan', 0x37f, '0100 8000000000000000', '0100 c123456789abcdef', '3ffe fc4ae162a5103056', 0x20],
  ['fpatan', 0x37f, '7100 8000000000000000', 'f102 c123456789abcdef', 'bfff b40b9206eb628aef', 0x20],
  ['fpatan', 0x37f, 'f100 8000000000000000', '7100 c123456789abcdef', '4000 89fd22497824b61f', 0x20],
  ['fpatan', 0x37f, '3fff 8000000000000000', '0000 0000000000001234', '0000 0000000000001234', 0x32],
  ['fpatan', 0x37f, '7ffe 8000000000000000', '3ffe c123456789abcdef', '0000 3048d159e26af37c', 0x30],
  ['fpatan', 0x37f, '3fff 8000000000000000', '2000 c123456789abcdef', '2000 c123456789abcdef', 0x20],
  ['fyl2xp1', 0x36f, '1000 c123456789abcdef', '3fff 8000000000000000', '1001 8b51c7f0d6d49f25', 0x20],
  ['fyl2xp1', 0x36f, '1000 c123456789abcdef', '2000 c123456789abcdef', '5002 d237b3609736951b', 0x30],
  ['fyl2xp1', 0x36f, '9000 c123456789abcdef', '2fff c123456789abcdef', '8001 d237b3609736951b', 0x20],
  ['fyl2xp1', 0x36f, '0000 0000000000001234', '3fff 8000000000000000', '5fce d217abcece063ca2', 0x32],
  ['fyl2xp1', 0x36f, '0000 0000000000001234', '7000 8000000000000000', '2fcf d217abcece063ca2', 0x22],
  ['fyl2xp1', 0x36f, '3ff0 c123456789abcdef', '0005 c123456789abcdef', '5ff7 d23676312ba866c5', 0x30],
  ['fyl2xp1', 0x36f, '3ffc c123456789abcdef', '7ffe c123456789abcdef', '7ffc c0943c74ed91f59d', 0x20],
  ['fyl2xp1', 0x36f, '3ffc c123456789abcdef', '0002 c123456789abcdef', '6000 c0943c74ed91f59d', 0x30],
  ['fyl2xp1', 0x36f, '3ffa c123456789abcdef', '3fff 8000000000000000', '3ffb 88227158241e0d04', 0x20],
  ['fyl2xp1', 0x36f, 'bffa c123456789abcdef', '4000 c123456789abcdef', 'bffc d755d4aea25b1aad', 0x20],
  ['fyl2xp1', 0x36f, '3ff1 c123456789abcdef', '3fff 8000000000000000', '3ff2 8b5023880baa65cd', 0x20],
  ['fyl2xp1', 0x36f, 'bff1 c123456789abcdef', '4000 c123456789abcdef', 'bff3 d23a2dce635a1cb6', 0x20],
  ['fyl2xp1', 0x36f, '3fe8 c123456789abcdef', '3fff 8000000000000000', '3fe9 8b51c71e9f22e57b', 0x20],
  ['fyl2xp1', 0x36f, 'bfe8 c123456789abcdef', '4000 c123456789abcdef', 'bfea d237b49dc922c203', 0x20],
  ['fyl2xp1', 0x36f, '3fdf c123456789abcdef', '3fff 8000000000000000', '3fe0 8b51c7f06db8c575', 0x20],
  ['fyl2xp1', 0x36f, 'bfdf c123456789abcdef', '4000 c123456789abcdef', 'bfe1 d237b36135cf89f3', 0x20],
  ['fyl2xp1', 0x36f, '3fd6 c123456789abcdef', '3fff 8000000000000000', '3fd7 8b51c7f0d6a01138', 0x20],
  ['fyl2xp1', 0x36f, 'bfd6 c123456789abcdef', '4000 c123456789abcdef', 'bfd8 d237b3609785e195', 0x20],
  ['fyl2xp1', 0x36f, '3fcd c123456789abcdef', '3fff 8000000000000000', '3fce 8b51c7f0d6d484de', 0x20],
  ['fyl2xp1', 0x36f, 'bfcd c123456789abcdef', '4000 c123456789abcdef', 'bfcf d237b3609736bcc1', 0x20],
  ['fyl2xp1', 0x36f, '3fc4 c123456789abcdef', '3fff 8000000000000000', '3fc5 8b51c7f0d6d49f18', 0x20],
  ['fyl2xp1', 0x36f, 'bfc4 c123456789abcdef', '4000 c123456789abcdef', 'bfc6 d237b3609736952f', 0x20],
  ['fyl2xp1', 0x36f, 'bffd c123456789abcdef', '4000 c123456789abcdef', 'c000 83f42b1772da056a', 0x20],
  ['f2xm1', 0x36f, '3ffd c123456789abcdef', '3fff 8000000000000000', '3ffd 990161314523ee31', 0x20],
  ['f2xm1', 0x36f, 'bffd c123456789abcdef', '3fff 8000000000000000', 'bffc eb9a773accc89c8d', 0x20],
  ['f2xm1', 0x36f, '3ff6 c123456789abcdef', '3fff 8000000000000000', '3ff6 86027ddbafc712a3', 0x20],
  ['f2xm1', 0x36f, 'bff6 c123456789abcdef', '3fff 8000000000000000', 'bff6 85bc7be59cd2a037', 0x20],
  ['f2xm1', 0x36f, '3fef c123456789abcdef', '3fff 8000000000000000', '3fef 85dfbcc8adbc5345', 0x20],
  ['f2xm1', 0x36f, 'bfef c123456789abcdef', '3fff 8000000000000000', 'bfef 85df30c4c4c735ed', 0x20],
  ['f2xm1', 0x36f, '3fe8 c123456789abcdef', '3fff 8000000000000000', '3fe8 85df7752a4c305d3', 0x20],
  ['f2xm1', 0x36f, 'bfe8 c123456789abcdef', '3fff 8000000000000000', 'bfe8 85df763a9cf11bb2', 0x20],
  ['f2xm1', 0x36f, '3fe1 c123456789abcdef', '3fff 8000000000000000', '3fe1 85df76c7b8e1810e', 0x20],
  ['f2xm1', 0x36f, 'bfe1 c123456789abcdef', '3fff 8000000000000000', 'bfe1 85df76c588d1dd39', 0x20],
  ['f2xm1', 0x36f, '3fda c123456789abcdef', '3fff 8000000000000000', '3fda 85df76c6a309bec6', 0x20],
  ['f2xm1', 0x36f, 'bfda c123456789abcdef', '3fff 8000000000000000', 'bfda 85df76c69ea99f7e', 0x20],
  ['f2xm1', 0x36f, '3fd3 c123456789abcdef', '3fff 8000000000000000', '3fd3 85df76c6a0de0f41', 0x20],
  ['f2xm1', 0x36f, 'bfd3 c123456789abcdef', '3fff 8000000000000000', 'bfd3 85df76c6a0d54f03', 0x20],
  ['f2xm1', 0x36f, '3fcc c123456789abcdef', '3fff 8000000000000000', '3fcc 85df76c6a0d9b7e2', 0x20],
  ['f2xm1', 0x36f, 'bfcc c123456789abcdef', '3fff 8000000000000000', 'bfcc 85df76c6a0d9a662', 0x20],
  ['f2xm1', 0x36f, '3fc5 c123456789abcdef', '3fff 8000000000000000', '3fc5 85df76c6a0d9af34', 0x20],
  ['f2xm1', 0x36f, 'bfc5 c123456789abcdef', '3fff 8000000000000000', 'bfc5 85df76c6a0d9af10', 0x20],
  ['f2xm1', 0x36f, '3fbe c123456789abcdef', '3fff 8000000000000000', '3fbe 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x36f, 'bfbe c123456789abcdef', '3fff 8000000000000000', 'bfbe 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x36f, '3fb7 c123456789abcdef', '3fff 8000000000000000', '3fb7 85df76c6a0d9af22', 0x20],
  ['f2xm1', 0x36f, 'bfb7 c123456789abcdef', '3fff 8000000000000000', 'bfb7 85df76c6a0d9af22', 0x20],
  ['fyl2x', 0x36f, '3fff 8000000000000000', '6fff c123456789abcdef', '0000 0000000000000000', 0x0],
  ['fyl2x', 0x36f, '3fff 8000000000000000', '8fff c123456789abcdef', '8000 0000000000000000', 0x0],
  ['fyl2x', 0x36f, '7000 8000000000000000', '3fff 8000000000000000', '400c c004000000000000', 0x20],
  ['fyl2x', 0x36f, '7000 c123456789abcdef', '7000 c123456789abcdef', '700e 90df431a686c4112', 0x20],
  ['fyl2x', 0x36f, '0010 c123456789abcdef', '3fff c123456789abcdef', 'c00d c0ee2d896e9dfc5c', 0x20],
  ['fyl2x', 0x36f, '0010 c123456789abcdef', '7ffe c123456789abcdef', 'ffff 8000000000000000', 0x28],
  ['fyl2x', 0x36f, '7ffe c123456789abcdef', 'fffe c123456789abcdef', 'ffff 8000000000000000', 0x28],
  ['fyl2x', 0x36f, '0000 0000000000001234', '3fff 8000000000000000', 'c00d 8061a0b5a267b28d', 0x22],
  ['fyl2x', 0x36f, '4000 c123456789abcdef', '0001 8000000000000000', '0001 cbf75e36e270b521', 0x20],
  ['fyl2x', 0x36f, '3fff c123456789abcdef', '0001 8000000000000000', '6000 97eebc6dc4e16a43', 0x30],
  ['fyl2x', 0x36f, '3ffe c123456789abcdef', '0001 8000000000000000', 'dfff d0228724763d2b7a', 0x30],
  ['fpatan', 0x36f, 'f000 8000000000000000', '0100 c123456789abcdef', '4000 c90fdaa22168c235', 0x20],
  ['fpatan', 0x36f, '0100 8000000000000000', '7100 c123456789abcdef', '3fff c90fdaa22168c235', 0x20],
  ['fpatan', 0x36f, '0100 8000000000000000', '0100 c123456789abcdef', '3ffe fc4ae162a5103056', 0x20],
  ['fpatan', 0x36f, '7100 8000000000000000', 'f102 c123456789abcdef', 'bfff b40b9206eb628aef', 0x20],
  ['fpatan', 0x36f, 'f100 8000000000000000', '7100 c123456789abcdef', '4000 89fd22497824b61f', 0x20],
  ['fpatan', 0x36f, '3fff 8000000000000000', '0000 0000000000001234', '5fce 91a0000000000000', 0x32],
  ['fpatan', 0x36f, '7ffe 8000000000000000', '3ffe c123456789abcdef', '5fff c123456789abcdef', 0x30],
  ['fpatan', 0x36f, '3fff 8000000000000000', '2000 c123456789abcdef', '2000 c123456789abcdef', 0x20],
];

const engine = await BareEngine.load();

for (const [name, control, st0, st1, result, exceptions] of CASES) {
  test(`${name} of ${st0} and ${st1}, control word ${control.toString(16)}`, (t) => {
    runX87(engine, FUNCTIONS[name], control, st0, st1);
    const top = name === 'f2xm1' ? 0 : 1;
    t.is(engine.view.getInt32(LAYOUT.fpuTop, true) & 7, top);
    // What was popped is still there, for FXSAVE to store.
    if (top === 1) t.is(textOf(x87Register(engine, 0)), st0);
    const [exponent, significand] = result.split(' ') as [string, string];
    const found = x87Register(engine, top);
    t.is(found.exponent, exponent);
    const wanted = BigInt(`0x${significand}`);
    const off = found.significand > wanted ? found.significand - wanted : wanted - found.significand;
    t.true(off <= wanted >> 45n, `${textOf(found)} is not near ${result}`);
    t.is(x87Exceptions(engine), exceptions);
  });
}
