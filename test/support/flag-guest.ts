/**
 * A firmware that sets flags in every way there is, with values that change from turn to turn, and then uses them: each
 * PUSHF and LAHF is an event of the relog. It runs often enough to be compiled, with a timer that interrupts it.
 */
import { protectedFirmware } from './protected-firmware.js';

const STATUS_OR_INTERRUPT = 0xad5;
const DATA = 0x9000;

/** Numbers that follow from a seed. */
class Random {
  constructor(private state: number) {}
  below(n: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * n);
  }
  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

const WIDTHS = [8, 16, 32] as const;
type Width = (typeof WIDTHS)[number];
const REGISTERS = {
  8: ['al', 'bl', 'dl', 'ah', 'bh', 'dh'],
  16: ['ax', 'bx', 'dx', 'si'],
  32: ['eax', 'ebx', 'edx', 'edi'],
};
const POINTER = { 8: 'byte ptr', 16: 'word ptr', 32: 'dword ptr' };

type Form = (random: Random, width: Width) => string;

const memory = (random: Random, width: Width): string => `${POINTER[width]} [${DATA + random.below(0x20)}]`;
const register = (random: Random, width: Width): string => random.of<string>(REGISTERS[width]);
const either: Form = (random, width) => (random.below(2) === 0 ? memory : register)(random, width);
const wide = (width: Width): Width => (width === 8 ? 32 : width);
/** Operands of which at most one is in memory. */
function two(random: Random, width: Width): string {
  if (random.below(3) === 0) return `${either(random, width)}, ${random.below(256) - 128}`;
  const [a, b] = [either(random, width), register(random, width)];
  return random.below(2) === 0 ? `${a}, ${b}` : `${b}, ${a}`;
}
const count = (random: Random): string =>
  random.of(['cl', 'cl', '1', String(random.below(32)), String(random.below(256))]);

/** By name, so that none is forgotten: see the test that compares with a description of all instructions. */
export const FLAG_FORMS: Readonly<Record<string, Form>> = {
  ...Object.fromEntries(
    ['add', 'adc', 'sub', 'sbb', 'and', 'or', 'xor', 'cmp'].map((name) => [
      name,
      (random: Random, width: Width) => `${name} ${two(random, width)}`,
    ]),
  ),
  test: (random, width) => `test ${either(random, width)}, ${register(random, width)}`,
  ...Object.fromEntries(
    ['inc', 'dec', 'neg', 'not', 'mul', 'imul'].map((name) => [
      name,
      (random: Random, width: Width) => `${name} ${either(random, width)}`,
    ]),
  ),
  ...Object.fromEntries(
    ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr'].map((name) => [
      name,
      (random: Random, width: Width) => `${name} ${either(random, width)}, ${count(random)}`,
    ]),
  ),
  ...Object.fromEntries(
    ['shld', 'shrd'].map((name) => [
      name,
      (random: Random, width: Width) =>
        `${name} ${either(random, wide(width))}, ${register(random, wide(width))}, ${count(random)}`,
    ]),
  ),
  imul2: (random, width) => `imul ${register(random, wide(width))}, ${either(random, wide(width))}`,
  imul3: (random, width) =>
    `imul ${register(random, wide(width))}, ${either(random, wide(width))}, ${random.of([3, -5, 127, 1000])}`,
  ...Object.fromEntries(
    ['bt', 'bts', 'btr', 'btc'].map((name) => [
      name,
      (random: Random, width: Width) =>
        random.below(2) === 0
          ? `${name} ${either(random, wide(width))}, ${random.below(40)}`
          : random.below(2) === 0
            ? `${name} ${register(random, wide(width))}, ${register(random, wide(width))}`
            : `mov ebx, ${random.below(200)}\n ${name} ${memory(random, wide(width))}, ${wide(width) === 16 ? 'bx' : 'ebx'}`,
    ]),
  ),
  bsf: (random, width) => `bsf ${register(random, wide(width))}, ${either(random, wide(width))}`,
  bsr: (random, width) => `bsr ${register(random, wide(width))}, ${either(random, wide(width))}`,
  div: (_, width) =>
    width === 8 ? 'mov ah, 3\n mov bl, 9\n div bl' : `mov edx, 0\n mov ebx, 77\n div ${width === 16 ? 'bx' : 'ebx'}`,
  idiv: (_, width) =>
    width === 8
      ? 'mov ah, 1\n mov bl, 9\n idiv bl'
      : `mov edx, 1\n mov ebx, 77777\n idiv ${width === 16 ? 'bx' : 'ebx'}`,
  xadd: (random, width) => `xadd ${either(random, width)}, ${register(random, width)}`,
  cmpxchg: (random, width) => `cmpxchg ${either(random, width)}, ${register(random, width)}`,
  cmpxchg8b: (random) => `push ecx\n cmpxchg8b [${DATA + 8 * random.below(4)}]\n pop ecx`,
  daa: () => 'daa',
  das: () => 'das',
  aaa: () => 'aaa',
  aas: () => 'aas',
  aam: (random) => `aam ${1 + random.below(255)}`,
  aad: (random) => `aad ${random.below(256)}`,
  stc: () => 'stc',
  clc: () => 'clc',
  cmc: () => 'cmc',
  sahf: () => 'sahf',
  popcnt: (random, width) => `popcnt ${register(random, wide(width))}, ${either(random, wide(width))}`,
  lar: (random) => `mov ebx, ${random.below(40)}\n lar edx, ebx`,
  lsl: (random) => `mov ebx, ${random.below(40)}\n lsl edx, ebx`,
  verr: (random) => `mov ebx, ${random.below(40)}\n verr bx`,
  verw: (random) => `mov ebx, ${random.below(40)}\n verw bx`,
  arpl: (random) => `arpl ${either(random, 16)}, bx`,
  scas: (random, width) => `mov edi, ${DATA + random.below(16)}\n scas${letter(width)}`,
  cmps: (random, width) =>
    `mov edi, ${DATA + random.below(16)}\n mov esi, ${DATA + random.below(16)}\n cmps${letter(width)}`,
  repeated: (random, width) => {
    // Some run through pages that are all alike, where an interrupt may come between.
    const far = random.below(8) === 0;
    const [at, times] = [far ? 0x20000 + random.below(64) : DATA, far ? random.below(0x2000) : random.below(9)];
    const name = random.of(['cmps', 'scas']) + letter(width);
    return `push ecx\n push eax\n mov edi, ${at}\n mov esi, ${at + random.below(3)}\n mov ecx, ${times}
      ${far ? 'mov eax, 0\n ' : ''}${far ? 'repe' : random.of(['repe', 'repne'])} ${name}\n pop eax\n pop ecx`;
  },
};

function letter(width: Width): string {
  return { 8: 'b', 16: 'w', 32: 'd' }[width];
}

const CONDITIONS = ['o', 'no', 'b', 'nb', 'z', 'nz', 'be', 'nbe', 's', 'ns', 'p', 'np', 'l', 'nl', 'le', 'nle'];

/** What uses the flags; each but the last leaves something that differs where they do. */
function use(random: Random, label: number): string {
  switch (random.below(9)) {
    case 0:
    case 1:
      return 'pushfd\n pop ebx';
    case 2:
      return 'lahf';
    case 3:
      return `set${random.of(CONDITIONS)} dl\n mov byte ptr [${DATA + random.below(32)}], dl`;
    case 4:
      return `j${random.of(CONDITIONS)} 1f\n xor ebp, ${random.below(1 << 30)}\n 1: pushfd\n pop edx`;
    case 5:
      return 'adc eax, ebx\n pushfd\n pop edx';
    case 6:
      return `cmov${random.of(CONDITIONS)} ebp, eax`;
    case 7:
      return `jmp there${label}\n there${label}: pushfd\n pop edi`;
    default:
      return '';
  }
}

/** What the flags are before. */
function before(random: Random): string {
  switch (random.below(5)) {
    case 0:
      return `mov ebx, ebp\n and ebx, ${STATUS_OR_INTERRUPT & ~0x200}\n or ebx, 0x202\n push ebx\n popfd`;
    case 1:
      return random.of(['add edx, eax', 'sub edx, eax', 'inc edi', 'dec bl', 'neg bx', 'cmp al, dl', 'imul edi, eax']);
    case 2:
      return random.of([
        'and edi, eax',
        'stc',
        'shl bl, 3',
        'bsf ebx, eax',
        'rcr edx, 5',
        'sbb bx, ax',
        'test eax, eax',
      ]);
    default:
      return '';
  }
}

function block(random: Random, names: readonly string[], label: number): string {
  const values = [
    'imul ebp, ebp, 1664525\n add ebp, 1013904223\n mov eax, ebp\n bswap eax\n mov ecx, ebp\n ror ecx, 11',
    random.of([
      'mov edx, eax',
      `mov edx, ${random.of([0, 1, 0x80, 0xff, 0x7fff, 0x8000, 0x7fffffff, -0x80000000, -1])}`,
    ]),
  ];
  const chain = Array.from({ length: 1 + random.below(3) }, () =>
    FLAG_FORMS[random.of(names)]!(random, random.of(WIDTHS)),
  );
  return [...values, before(random), ...chain, use(random, label)].join('\n ');
}

/** How many instructions of `FLAG_FORMS` a turn runs, about. */
export function flagFirmware(seed: number, blocks: number, turns: number): string {
  const random = new Random(seed);
  const names = Object.keys(FLAG_FORMS);
  const body = Array.from({ length: blocks }, (_, i) =>
    block(random, [names[i % names.length]!, ...names.slice(0, 36)], i),
  );
  return protectedFirmware({ seed, turns, body: body.join('\n ') });
}
