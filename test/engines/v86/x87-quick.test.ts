/** The quick ways of x87 instructions (repairs/assembly/float/x87-quick.ts) do what the general way does, in every bit. */
import test from 'ava';
import { LAYOUT } from '../../../engines/v86/layout.js';
import { QUICK_X87 } from '../../../engines/v86/repairs/x87-quick.js';
import { BareEngine } from '../../support/bare-engine.js';
import { THOROUGH } from '../../support/thorough.js';
import { seeded } from '../../torture/sequences.js';

const CASES = THOROUGH ? 2_000_000 : 60_000;
const EIP_PAGE = 0x12345000;
const CODE = 0x10000;
const OPERAND = { linear: 0x5000, bytes: 0x2000 };
const FETCHED = 620;
/** FNSTSW AX: its quick way only tells whether it may be done. */
const NO_WORK = 'x87_DFE0';

const random = seeded(1);
const below = (n: number): number => Math.floor(random() * n);
const word = (): number => below(2 ** 32);
const long = (): bigint => (BigInt(word()) << 32n) | BigInt(word());
const chosen = <T>(values: readonly T[]): T => values[below(values.length)]!;

const engine = await BareEngine.load();
const { view } = engine;

function significand(): bigint {
  const top = 1n << 63n;
  return chosen([
    () => top,
    () => 2n ** 64n - 1n,
    () => top | (BigInt(word()) << 31n),
    () => top | ((long() >> 12n) << 11n),
    () => (2n ** 64n - 1n) ^ (1n << BigInt(below(63))),
    () => top | (1n << BigInt(below(63))),
    () => top | long(),
  ])();
}

/** A number mostly of one order of magnitude, at times anything. */
function fill(at: number, near: number): void {
  const kind = below(20);
  view.setBigUint64(at, kind === 0 ? 0n : kind === 1 ? long() : significand(), true);
  const exponent = kind === 0 ? 0 : kind === 2 ? chosen([0, 0x7fff, below(0x8000)]) : near + below(80) - 40;
  view.setUint16(at + 8, (exponent & 0x7fff) | (below(2) << 15), true);
}

function fillOperand(at: number): void {
  const kind = below(4);
  view.setBigUint64(at, kind === 0 ? 0n : kind === 1 ? BigInt(below(200)) : long(), true);
  view.setUint16(at + 8, word() & 0xffff, true);
  if (kind === 2) view.setFloat64(at, (random() - 0.5) * 2 ** (below(60) - 20), true);
  if (kind === 3) view.setFloat32(at, (random() - 0.5) * 2 ** (below(60) - 20), true);
}

interface Instruction {
  escape: number;
  modrm: number;
  place: number;
  offset: number;
}

function instructionOf(name: string): Instruction {
  const [, escape, three, kind] = /^x87_D(.)_(.)([mr])$/.exec(name) ?? [];
  const group = Number(three) << 3;
  return {
    escape: parseInt(escape ?? name[5]!, 16) & 7,
    modrm: kind === undefined ? parseInt(name.slice(6), 16) : kind === 'm' ? group | 5 : 0xc0 | group | below(8),
    place: below(0xff0),
    offset: OPERAND.linear + (below(30) === 0 ? 0x1000 - below(12) : 64),
  };
}

/** A state of the FPU in which most instructions find what they need, and some do not. */
function prepare({ escape, modrm, place, offset }: Instruction): void {
  engine.reset();
  const near = below(5) === 0 ? below(0x8000) : 16383;
  for (let i = 0; i < 8; i++) fill(LAYOUT.st + 16 * i, near);
  if (below(3) === 0) view.setBigUint64(LAYOUT.st, view.getBigUint64(LAYOUT.st + 16, true), true);
  const top = below(8);
  view.setUint8(LAYOUT.fpuTop, top);
  view.setUint8(LAYOUT.fpuEmpty, chosen([0, 0, word() & 0xff]) | (1 << chosen([(top + 7) & 7, below(8)])));
  view.setInt32(LAYOUT.cr, chosen([0x31, 0x31, 0x31, 0x39]), true);
  view.setUint16(LAYOUT.fsw, chosen([0, 0x20, word() & 0x477f]), true);
  engine.exports['set_control_word']!(chosen([0x37f, 0x37f, 0x27f, 0x7f, 0xf7f, 0x35f, word() & 0x1f3f]));
  view.setUint8(LAYOUT.cpl, chosen([0, 3]));
  view.setUint8(LAYOUT.is32, 1);
  view.setInt32(LAYOUT.eip, EIP_PAGE | below(4096), true);
  view.setInt32(FETCHED, chosen([EIP_PAGE, EIP_PAGE, EIP_PAGE, -1]), true);
  view.setInt32(FETCHED + 4, CODE ^ EIP_PAGE, true);
  for (let i = 0; i < 6; i++) view.setUint16(LAYOUT.selectors + 2 * i, word() & 0xffff, true);
  view.setInt32(LAYOUT.segmentBase + 4, chosen([0, word()]), true);
  for (const at of [96, 100, 104, 112, 120])
    view.setInt32(at, at === 96 ? 31 : word() & (at === 100 ? 0x8d5 : -1), true);
  engine.bytes(engine.ramAt(CODE + place), 8).set([0xd8 | escape, modrm]);
  view.setInt32(engine.ramAt(CODE + place + 2), offset, true);
  fillOperand(engine.ramAt(offset));
}

const state = (): Buffer[] => [
  Buffer.from(engine.bytes(0, LAYOUT.end)),
  Buffer.from(engine.bytes(engine.ramAt(OPERAND.linear), OPERAND.bytes)),
];

function restore([registers, operands]: Buffer[]): void {
  engine.bytes(0, LAYOUT.end).set(registers!);
  engine.bytes(engine.ramAt(OPERAND.linear), OPERAND.bytes).set(operands!);
}

test('the quick way is the general one, or changes nothing', (t) => {
  for (let at = 0; at < OPERAND.bytes; at += 0x1000) engine.map(OPERAND.linear + at, OPERAND.linear + at);
  engine.map(EIP_PAGE, CODE);
  const done = new Map<string, number>();
  for (let i = 0; i < CASES; i++) {
    const { function: name } = QUICK_X87[i % QUICK_X87.length]!;
    if (name === NO_WORK) continue;
    const instruction = instructionOf(name);
    const { escape, modrm, place, offset } = instruction;
    prepare(instruction);
    const before = state();
    const DS = 3;
    const what = place | (((escape << 8) | modrm) << 16);
    const quick = engine.exports[name]!;
    const isDone = modrm < 0xc0 ? quick(offset, what | (DS << 12)) : quick(what);
    const after = state();
    // It may have fetched from the instruction's page, which the general way does again.
    if (isDone === 0) before[0]!.copy(after[0]!, FETCHED, FETCHED, FETCHED + 8);
    else {
      restore(before);
      engine.exports['fpu_fadd']!(place, 0x1d8 | escape | (1 << 20));
      done.set(name, (done.get(name) ?? 0) + 1);
    }
    const expected = isDone === 0 ? before : state();
    if (!expected.every((bytes, k) => bytes.equals(after[k]!))) t.fail(`${name} ${modrm.toString(16)}, case ${i}`);
  }
  t.deepEqual(
    QUICK_X87.map((each) => each.function).filter((name) => name !== NO_WORK && !done.has(name)),
    [],
  );
});
