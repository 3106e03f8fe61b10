/** Screens drawn from made-up states of the VGA, pixel by pixel where it matters. */
import test from 'ava';
import fc from 'fast-check';
import { deviceState } from '../../../engines/v86/state-file.js';
import { vgaPicture, type Picture, type VgaState } from '../../../engines/v86/vga/index.js';

const GREY = 0xaaaaaa;
const BLUE = 0x0000aa;

/** Text mode 3 as the BIOS sets it: 80 by 25, characters of 9 by 16 dots. */
function textState(change: Partial<VgaState> = {}): VgaState {
  const palette = new Int32Array(256);
  palette.set([0, BLUE], 0);
  palette[7] = GREY;
  palette[0x3f] = 0xffffff;
  return {
    memory: new Uint8Array(4 << 16),
    palette,
    colors: Uint8Array.from([0, 1, 2, 3, 4, 5, 20, 7, 56, 57, 58, 59, 60, 61, 62, 63]),
    pelMask: 0xff,
    graphic: false,
    columns: 80,
    rows: 25,
    startAddress: 0,
    cursorAddress: 0,
    cursorStart: 0x20,
    cursorEnd: 15,
    horizontalDisplayEnd: 79,
    horizontalBlankStart: 80,
    verticalDisplayEnd: 399,
    verticalBlankStart: 406,
    lineCompare: 1023,
    maximumScanLine: 0x4f,
    offset: 40,
    underline: 0x1f,
    mode: 0xa3,
    attributeMode: 0x0c,
    colorPlaneEnable: 0x0f,
    horizontalPanning: 8,
    colorSelect: 0,
    clockingMode: 0,
    characterMapSelect: 0,
    graphicsMode: 0x10,
    linear: null,
    ...change,
  };
}

function pixel({ width, rgba }: Picture, x: number, y: number): number {
  const at = (y * width + x) * 4;
  return (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
}

const put = (state: VgaState, address: number, character: number, attribute: number): void =>
  state.memory.set([character, attribute], address * 2);

test('text: a glyph of the font in plane 2, in its colours, at its place', (t) => {
  const state = textState();
  state.memory[(2 << 16) + 65 * 32 + 3] = 0b10000001;
  put(state, 80 * 2 + 5, 65, 0x17);
  const picture = vgaPicture(state);
  t.deepEqual([picture.width, picture.height], [720, 400]);
  const row = Array.from({ length: 9 }, (_, x) => pixel(picture, 45 + x, 2 * 16 + 3));
  t.deepEqual(row, [GREY, BLUE, BLUE, BLUE, BLUE, BLUE, BLUE, GREY, BLUE]);
  t.is(pixel(picture, 44, 35), 0);
  t.is(pixel(picture, 54, 35), 0);
});

test('text: line graphics have no gap at the ninth dot', (t) => {
  const state = textState();
  state.memory.fill(0xff, (2 << 16) + 0xc4 * 32, (2 << 16) + 0xc5 * 32);
  put(state, 0, 0xc4, 0x07);
  t.is(pixel(vgaPicture(state), 8, 0), GREY);
  t.is(pixel(vgaPicture({ ...state, attributeMode: 0x08 }), 8, 0), 0);
});

test('text: scrolled by the start address; the cursor; eight dots; the second font', (t) => {
  const state = textState({ startAddress: 160, cursorAddress: 163, cursorStart: 14, clockingMode: 1 });
  put(state, 163, 0, 0x07);
  put(state, 161, 1, 0x07);
  state.memory[(2 << 16) + 0x2000 + 32] = 0x80;
  const picture = vgaPicture({ ...state, characterMapSelect: 0x10 });
  t.is(picture.width, 640);
  t.deepEqual(
    [13, 14, 15].map((y) => pixel(picture, 3 * 8, y)),
    [0, GREY, GREY],
  );
  t.is(pixel(picture, 8, 0), GREY);
});

test('text: bright backgrounds where nothing blinks', (t) => {
  const state = textState();
  put(state, 0, 0, 0xf0);
  t.is(pixel(vgaPicture(state), 0, 0), GREY);
  t.is(pixel(vgaPicture({ ...state, attributeMode: 0x04 }), 0, 0), 0xffffff);
});

/** 640 by 480 in 16 colours. */
const planar = { graphic: true, attributeMode: 1, maximumScanLine: 0x40, mode: 0xe3, verticalDisplayEnd: 479 };
const mode12 = { ...planar, verticalBlankStart: 487, underline: 0, graphicsMode: 0, horizontalPanning: 0 };

test('16 colours: the planes are the bits of the colour', (t) => {
  fc.assert(
    fc.property(fc.nat(639), fc.nat(479), fc.nat(15), (x, y, color) => {
      const state = textState(mode12);
      state.palette.forEach((_, i) => (state.palette[i] = i));
      const address = y * 80 + (x >> 3);
      for (let plane = 0; plane < 4; plane++) {
        state.memory[(plane << 16) + address] = ((color >> plane) & 1) << (7 - (x & 7));
      }
      const picture = vgaPicture(state);
      t.deepEqual([picture.width, picture.height], [640, 480]);
      t.is(pixel(picture, x, y), state.colors[color]!);
    }),
    { numRuns: 20 },
  );
});

test('256 colours: mode 13h, four pixels to an address', (t) => {
  const state = textState({ ...mode12, attributeMode: 0x41, maximumScanLine: 0x41, underline: 0x40, mode: 0xa3 });
  Object.assign(state, { verticalDisplayEnd: 399, verticalBlankStart: 406, graphicsMode: 0x40 });
  state.palette.forEach((_, i) => (state.palette[i] = i * 0x010203));
  // As chain 4 stores it: pixel n in plane n & 3 at address n & ~3.
  const set = (x: number, y: number, color: number): void => {
    const n = y * 320 + x;
    state.memory[((n & 3) << 16) + (n & ~3)] = color;
  };
  set(0, 0, 1);
  set(319, 199, 250);
  set(130, 77, 99);
  const picture = vgaPicture(state);
  t.deepEqual([picture.width, picture.height], [320, 200]);
  t.deepEqual(
    [pixel(picture, 0, 0), pixel(picture, 319, 199), pixel(picture, 130, 77)],
    [1, 250, 99].map((c) => c * 0x010203),
  );
  t.is(pixel(picture, 131, 77), 0);
});

test('four colours of the CGA: odd lines 8 KiB further on', (t) => {
  const state = textState({ ...mode12, attributeMode: 1, maximumScanLine: 0x81, mode: 0xa2, graphicsMode: 0x30 });
  Object.assign(state, {
    verticalDisplayEnd: 399,
    verticalBlankStart: 406,
    horizontalDisplayEnd: 39,
    horizontalBlankStart: 40,
    offset: 20,
  });
  state.palette.forEach((_, i) => (state.palette[i] = i));
  // Words: even addresses in plane 0, odd ones in plane 1.
  state.memory[0] = 0b01_10_11_00;
  state.memory[(1 << 16) + 0x2000] = 0b11_00_00_00;
  const picture = vgaPicture(state);
  t.deepEqual([picture.width, picture.height], [320, 200]);
  t.deepEqual(
    [0, 1, 2, 3].map((x) => pixel(picture, x, 0)),
    [1, 2, 3, 0],
  );
  t.is(pixel(picture, 4, 1), 3);
});

test('linear modes of every depth', (t) => {
  const shown = (bitsPerPixel: number, bytes: number[]): number => {
    const memory = new Uint8Array(1 << 16);
    memory.set(bytes, 3 * Math.ceil(bitsPerPixel / 8));
    const state = textState({ graphic: true, linear: { width: 4, height: 2, bitsPerPixel, offset: 1, memory } });
    state.palette[9] = 0x123456;
    const picture = vgaPicture(state);
    t.deepEqual([picture.width, picture.height, pixel(picture, 3, 0)], [4, 2, 0]);
    return pixel(picture, 2, 0);
  };
  t.is(shown(8, [9]), 0x123456);
  t.is(shown(15, [0x00, 0x7c]), 0xff0000);
  t.is(shown(16, [0xe0, 0x07]), 0x00ff00);
  t.is(shown(24, [0x56, 0x34, 0x12]), 0x123456);
  t.is(shown(32, [0x56, 0x34, 0x12, 0xff]), 0x123456);
});

test('whatever the registers hold, there is a picture', (t) => {
  const byte = fc.nat(255);
  const registers = fc.record({
    graphic: fc.boolean(),
    horizontalDisplayEnd: byte,
    horizontalBlankStart: byte,
    verticalDisplayEnd: fc.nat(1023),
    lineCompare: fc.nat(1023),
    startAddress: fc.nat(0xffff),
    cursorAddress: fc.nat(0xffff),
    maximumScanLine: byte,
    offset: byte,
    underline: byte,
    mode: byte,
    attributeMode: byte,
    horizontalPanning: byte,
    colorSelect: byte,
    clockingMode: byte,
    characterMapSelect: byte,
    graphicsMode: byte,
  });
  fc.assert(
    fc.property(registers, (change) => {
      const { width, height, rgba } = vgaPicture(textState(change));
      t.is(rgba.length, width * height * 4);
    }),
    { numRuns: 30 },
  );
});

test('what is no state of the engine is refused', (t) => {
  t.throws(() => deviceState(new Uint8Array(64), 52), { message: /not a state/ });
});
