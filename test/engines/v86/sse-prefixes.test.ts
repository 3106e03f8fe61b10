/** Prefixes before opcodes after 0F: where a description of all instructions has none, #UD. */
import test from 'ava';
import iced from 'iced-x86';
import { check, type Expected } from '../../support/fault-stages.js';
import { THOROUGH } from '../../support/thorough.js';

/** Enough to be compiled. */
const TURNS = 50;

const { Code, CpuidFeature, Decoder } = iced;
const PREFIXES = [[], [0x66], [0xf2], [0xf3]];
const [FIRST, LAST] = [0x10, 0xfe];
/** One of so many opcodes. */
const EVERY = THOROUGH ? 1 : 16;
/** Hints, fences and states: what prefixes do there is another story. */
const OTHERS = [0x18, 0xae, 0xc7];
/** [ESI], which is aligned, and a register. */
const OPERANDS = [0x16, 0xca];
const HAS = new Set([CpuidFeature.MMX, CpuidFeature.SSE, CpuidFeature.SSE2, CpuidFeature.SSE3]);

/** Whether the bytes are an instruction that this processor has. */
function isThere(bytes: readonly number[]): boolean {
  const decoder = new Decoder(32, Uint8Array.from([...bytes, 0, 0, 0, 0]), 0);
  const instruction = decoder.decode();
  try {
    return instruction.code !== Code.INVALID && instruction.cpuidFeatures().some((one) => HAS.has(one));
  } finally {
    instruction.free();
    decoder.free();
  }
}

const OPCODES = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i).filter(
  (opcode) =>
    !OTHERS.includes(opcode) &&
    OPERANDS.some((operand) => PREFIXES.some((prefixes) => isThere([...prefixes, 0x0f, opcode, operand]))),
);

/** Of several a processor takes the last of F2 and F3, then 66; the description takes F2, F3, then 66. */
const SEVERAL = [
  [[0x66, 0xf2], [0xf2]],
  [[0xf3, 0x66], [0xf3]],
  [[0xf2, 0xf3], [0xf3]],
  [[0xf3, 0x26, 0xf2], [0xf2]],
  [[0xf2, 0x66, 0x3e, 0xf3, 0x66], [0xf3]],
] as const;

test('of several one counts', async (t) => {
  const opcodes = OPCODES.filter(
    (opcode) => isThere([0xf2, 0x0f, opcode, OPERANDS[0]!]) || isThere([0xf3, 0x0f, opcode, OPERANDS[0]!]),
  );
  t.true(opcodes.length > 20);
  await check(
    t,
    SEVERAL.flatMap(([given, one]) =>
      opcodes.map((opcode): Expected => {
        const there = isThere([...one, 0x0f, opcode, OPERANDS[0]!]);
        const code = `.byte ${[...given, 0x0f, opcode, OPERANDS[0]!].join(', ')}, 0, 0, 0, 0; int 0x30`;
        return { code, ends: there ? { cs: 27 } : { vector: 6, error: 0, eip: 0 } };
      }),
    ),
    TURNS,
  );
});

for (const prefixes of PREFIXES.slice(1)) {
  const name = prefixes.map((byte) => byte.toString(16)).join(' ');
  test(`prefixes ${name}`, async (t) => {
    const cases = OPCODES.filter((_, i) => i % EVERY === 0).flatMap((opcode) =>
      OPERANDS.map((operand): Expected => {
        const bytes = [...prefixes, 0x0f, opcode, operand];
        const there = isThere(bytes);
        return {
          code: `.byte ${bytes.join(', ')}, 0, 0, 0, 0; int 0x30`,
          ends: there ? { cs: 27 } : { vector: 6, error: 0, eip: 0 },
        };
      }),
    );
    t.true(cases.length > 150 / EVERY);
    await check(t, cases, TURNS);
  });
}

test('fences and states have no form with a prefix; hints have all', async (t) => {
  const cases = PREFIXES.flatMap((prefixes) =>
    Array.from({ length: 8 }, (_, group) => [(group << 3) | 6, 0xc0 | (group << 3)])
      .flat()
      .flatMap((operand): Expected[] => {
        const run = (opcode: number): string =>
          `.byte ${[...prefixes, 0x0f, opcode, operand].join(', ')}, 0x90, 0x90, 0x90; int 0x30`;
        const undefined_ = { code: run(0xae), ends: { vector: 6, error: 0, eip: 0 } };
        const hints = [0x1a, 0x1b].map((opcode) => ({ code: run(opcode), ends: { vector: 0x30 } }));
        return prefixes.length === 0 ? hints : [undefined_, ...hints];
      }),
  );
  await check(t, cases, TURNS);
});
