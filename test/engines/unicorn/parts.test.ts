/** Parts of the simulator's room that can be looked at alone. */
import test from 'ava';
import fc from 'fast-check';
import iced from 'iced-x86';
import { ExpectedRam, FORGIVEN, Simulator, compareState } from '../../../engines/unicorn/index.js';
import { loadNative } from '../../../engines/unicorn/native.js';
import { packState, unpackState } from '../../../engines/unicorn/packing.js';
import { DecoupleError } from '../../../formats/errors.js';
import { everyForm } from '../../torture/forms.js';
import { seeded } from '../../torture/sequences.js';
import { guest } from './support/guest.js';

const { instructionLength, readsAndWrites, stateSize } = loadNative();

test('instruction lengths are those another decoder finds', (t) => {
  // No VEX, 3DNow! or undefined encodings: the machine has none of them, and blocks end before they matter.
  const known = (bytes: Uint8Array, bits: 16 | 32): number => {
    const decoder = new iced.Decoder(bits, bytes, iced.DecoderOptions.None);
    const instruction = decoder.decode();
    const { code, length } = instruction;
    const encoding = instruction.encoding;
    instruction.free();
    decoder.free();
    return code === iced.Code.INVALID || encoding !== iced.EncodingKind.Legacy ? 0 : length;
  };
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 15, maxLength: 15 }), fc.constantFrom<16 | 32>(16, 32), (bytes, bits) => {
      const expected = known(bytes, bits);
      if (expected !== 0) t.is(instructionLength(bytes, bits === 32), expected, Buffer.from(bytes).toString('hex'));
    }),
    { numRuns: 20_000 },
  );
  for (let opcode = 0; opcode < 0x200; opcode++) {
    const start = opcode < 0x100 ? [opcode] : [0x0f, opcode - 0x100];
    for (const modrm of [0x00, 0x04, 0x05, 0x44, 0x84, 0xc0, 0x38, 0xf8]) {
      const bytes = Uint8Array.from([...start, modrm, 0x25, ...Array<number>(10).fill(0)]);
      for (const bits of [16, 32] as const) {
        const expected = known(bytes, bits);
        if (expected !== 0) t.is(instructionLength(bytes, bits === 32), expected, Buffer.from(bytes).toString('hex'));
      }
    }
  }
});

/** The machine has none: #UD. */
const SHADOW_STACKS = /^(Rstorssp|Clrssbsy)/;

test('what reads memory and writes it back is what another source says, form by form', (t) => {
  const { ReadWrite, ReadCondWrite } = iced.OpAccess;
  const infos = new iced.InstructionInfoFactory();
  const wrong = new Map<string, string>();
  let both = 0;
  for (const bits of [16, 32] as const) {
    for (const { form, bytes, supported } of everyForm({ variants: 1, random: seeded(3), bits })) {
      if (!supported || SHADOW_STACKS.test(form)) continue;
      const decoder = new iced.Decoder(bits, bytes, iced.DecoderOptions.None);
      const instruction = decoder.decode();
      const info = infos.info(instruction);
      const expected = info.usedMemory().some(({ access }) => access === ReadWrite || access === ReadCondWrite);
      if (expected) both++;
      if (readsAndWrites(bytes, bits === 32) !== expected) wrong.set(form, Buffer.from(bytes).toString('hex'));
      info.free();
      instruction.free();
      decoder.free();
    }
  }
  infos.free();
  t.true(both > 1000);
  t.deepEqual([...wrong], []);
});

test('an instruction that is cut off has no length', (t) => {
  const bytes = Uint8Array.of(0x66, 0x81, 0x84, 0x25, 1, 2, 3, 4, 5, 6);
  t.is(instructionLength(bytes, true), 10);
  for (let length = 0; length < 10; length++) t.is(instructionLength(bytes.subarray(0, length), true), 0);
  t.is(instructionLength(new Uint8Array(20).fill(0x66), true), 0);
});

test('a CPU state survives packing, and the simulator', (t) => {
  const { state } = guest('nop', { user: true });
  state.gpr = [1, 2, 3, 4, 5, 6, 7, 0xffffffff];
  state.eflags = 0xcd7 & ~0x100;
  state.dr[0] = 0x12345678;
  state.x87.fsw = 0x2800;
  state.x87.ftw = 0x0fff;
  state.x87.st.set([1, 2, 3, 4, 5, 6, 7, 0x80, 0xff, 0x3f]);
  state.xmm.set([9, 8, 7], 32);
  t.deepEqual(unpackState(packState(state, stateSize)), state);
  const simulator = new Simulator({ ram: [{ start: 0, size: 0x100000 }] });
  simulator.loadState(state, 5n);
  const back = simulator.readState();
  // Tags follow the values: the other registers hold zeros.
  t.deepEqual(compareState(state, { ...back, x87: { ...back.x87 } }), { differences: [], forgiven: {} });
  t.is(simulator.position, 5n);
  t.true(simulator.situation().linear === state.eip);
  simulator.close();
});

test('a comparison names every field that differs', (t) => {
  const { state } = guest('nop');
  const changes: [string, (copy: typeof state) => void][] = [
    ['ebx', (s) => (s.gpr[3] = 1)],
    ['eip', (s) => (s.eip = 1)],
    ['eflags', (s) => (s.eflags ^= 1)],
    ['cs.selector', (s) => (s.segments[1]!.selector = 0x18)],
    ['fs.base', (s) => (s.segments[4]!.base = 1)],
    ['gs.limit', (s) => (s.segments[5]!.limit = 1)],
    ['ss.attributes', (s) => (s.segments[2]!.attributes ^= 0x4000)],
    ['tr.selector', (s) => (s.tr.selector = 0x30)],
    ['ldtr.selector', (s) => (s.ldtr = { ...s.ldtr, selector: 0x30 })],
    ['gdtr.limit', (s) => (s.gdtr.limit = 1)],
    ['idtr.base', (s) => (s.idtr.base = 1)],
    ['cr2', (s) => (s.cr2 = 1)],
    ['dr7', (s) => (s.dr[7] = 1)],
    ['sysenter.2', (s) => (s.sysenter[2] = 1)],
    ['fcw', (s) => (s.x87.fcw = 1)],
    ['mxcsr', (s) => (s.mxcsr = 1)],
    ['xmm3', (s) => (s.xmm[50] = 1)],
    ['halted', (s) => (s.halted = true)],
  ];
  for (const [field, change] of changes) {
    const copy = structuredClone(state);
    change(copy);
    t.deepEqual(
      compareState(state, copy).differences.map((difference) => difference.field),
      [field],
    );
  }
});

test('a comparison forgives what the table says, and names the row', (t) => {
  const { state } = guest('nop');
  const rows = new Set(FORGIVEN.map(({ id }) => id));
  const changes: [string, (copy: typeof state) => void][] = [
    ['float-of-older-machine', (s) => (s.x87.fip = 1)],
    ['segment-accessed', (s) => (s.segments[3]!.attributes ^= 1)],
    ['flags-of-older-machine', (s) => (s.eflags ^= 0x10)],
  ];
  for (const [row, change] of changes) {
    const copy = structuredClone(state);
    change(copy);
    t.deepEqual(compareState(state, copy, {}), { differences: [], forgiven: { [row]: 1 } });
    t.true(rows.has(row));
  }
  const empty = structuredClone(state);
  empty.segments[4] = { selector: 0, base: 0, limit: 0, attributes: 0 };
  const other = structuredClone(empty);
  other.segments[4] = { selector: 0, base: 77, limit: 5, attributes: 0 };
  t.deepEqual(compareState(empty, other), { differences: [], forgiven: { 'segment-unused': 1 } });
});

test('RAM is compared word by word', (t) => {
  const ram = [
    { start: 0x100000, size: 0x4000 },
    { start: 0, size: 0x2000 },
  ];
  const simulator = new Simulator({ ram });
  const expected = new ExpectedRam(ram);
  t.deepEqual(simulator.compareRam(expected), { differingWords: 0, differences: [] });
  const page = new Uint8Array(4096);
  page[7] = 0x80;
  page.fill(1, 100, 116);
  expected.writePages(Uint32Array.of(0x101), page);
  const found = simulator.compareRam(expected, 2);
  t.is(found.differingWords, 5);
  t.deepEqual(found.differences, [
    { address: 0x101004, expected: 0x80000000, got: 0 },
    { address: 0x101064, expected: 0x01010101, got: 0 },
  ]);
  simulator.loadRam(expected);
  t.is(simulator.compareRam(expected).differingWords, 0);
  t.deepEqual(simulator.readPhysical(0x101000, 4096), page);
  t.throws(() => expected.writePages(Uint32Array.of(2), page), { instanceOf: DecoupleError });
  t.throws(() => simulator.writePages(Uint32Array.of(0x100000), page), { instanceOf: DecoupleError });
  t.throws(() => simulator.writePages(Uint32Array.of(1, 2), page), { instanceOf: DecoupleError });
  simulator.close();
  expected.close();
});

test('regions of RAM that make no sense are refused', (t) => {
  for (const ram of [
    [],
    [{ start: 1, size: 0x1000 }],
    [{ start: 0, size: 0 }],
    [{ start: 0, size: 0x800 }],
    [{ start: 0xfffff000, size: 0x2000 }],
    [
      { start: 0, size: 0x2000 },
      { start: 0x1000, size: 0x1000 },
    ],
  ]) {
    t.throws(() => new Simulator({ ram }), { instanceOf: DecoupleError });
  }
  const simulator = new Simulator({ ram: [{ start: 0xfffff000, size: 0x1000 }] });
  t.deepEqual(simulator.readPhysical(0xfffffffe, 2), new Uint8Array(2));
  simulator.close();
  t.throws(() => simulator.run(), { instanceOf: DecoupleError });
});

test('several simulators in a process do not know of each other', (t) => {
  const run = (value: number): Simulator => {
    const { memory, state } = guest(`start: mov eax, ${value}\n mov [0x20000], eax\n done: jmp done`);
    const simulator = new Simulator({ ram: [{ start: 0, size: 0xa0000 }] });
    simulator.writePages(memory.content.numbers, memory.content.data);
    simulator.loadState(state, 0n);
    simulator.feed(Uint8Array.of(0, 0x83, 21, 3, 0xf6));
    return simulator;
  };
  const [a, b] = [run(1), run(2)];
  t.is(a.run(1).reason, 'limit');
  t.is(b.run().reason, 'end');
  t.is(a.run().reason, 'end');
  t.deepEqual([a.readState().gpr[0], b.readState().gpr[0]], [1, 2]);
  t.is(a.readPhysical(0x20000, 1)![0], 1);
  a.close();
  b.close();
});

test('the library and the layout it was proven to have', (t) => {
  t.regex(Simulator.versionInfo().unicorn, /^2\.1\.[1-9]$/);
});
