/**
 * The graphics modes of the VGA itself, from CGA's four colours to 256: the CRTC walks through memory, the shift
 * registers make pixels of the four planes' bytes, the attribute controller makes colours of pixels.
 * (IBM PS/2 Hardware Interface Technical Reference, Video Subsystems, 1992.)
 */
import { blank, plot, type Picture } from './picture.js';
import type { VgaState } from './state.js';

const PLANE_BYTES = 1 << 16;

/** Repeated scan lines are drawn once. */
export function planarPicture(state: VgaState): Picture {
  const characters = Math.min(state.horizontalDisplayEnd + 1, state.horizontalBlankStart);
  const dots = wide(state) ? 4 : 8;
  const doubled = (state.maximumScanLine & 0x80) !== 0 ? 2 : 1;
  const lines = Math.floor(Math.min(state.verticalDisplayEnd + 1, state.verticalBlankStart) / doubled);
  const repeat = (state.maximumScanLine & 0x1f) + 1;
  const kept = Math.min(repeat, distinctLines(state));
  const picture = blank(characters * dots, Math.floor(lines / repeat) * kept);
  const split = Math.floor((state.lineCompare + 1) / doubled / repeat) * kept;
  const panning = state.horizontalPanning >> (wide(state) ? 1 : 0);
  for (let y = 0; y < picture.height; y++) {
    const below = y >= split;
    const row = Math.floor((below ? y - split : y) / kept);
    const start = (below ? 0 : state.startAddress) + row * state.offset * 2;
    // Below the split the picture can be told to stand still.
    const shift = below && (state.attributeMode & 0x20) !== 0 ? 0 : Math.min(panning, dots - 1);
    drawLine(picture, state, y, start, y % kept, shift, dots);
  }
  return picture;
}

/** 256 colours: two half-size shifts make a pixel. */
function wide(state: VgaState): boolean {
  return (state.attributeMode & 0x40) !== 0;
}

/** Lines of a row that come from different addresses, as CGA and Hercules had it. */
function distinctLines({ mode }: VgaState): number {
  return (mode & 2) === 0 ? 4 : (mode & 1) === 0 ? 2 : 1;
}

function drawLine(
  picture: Picture,
  state: VgaState,
  y: number,
  start: number,
  line: number,
  shift: number,
  dots: number,
): void {
  for (let first = 0, counter = start; first < picture.width + dots; first += dots, counter++) {
    const pixels = pixelsAt(state, addressOf(state, counter, line));
    for (let i = 0; i < dots; i++) {
      const x = first + i - shift;
      if (x >= 0 && x < picture.width) plot(picture, x, y, colorOf(state, pixels[i]!));
    }
  }
}

/** From the address counter to an address in the planes: counting doublewords, words or bytes. */
function addressOf({ underline, mode }: VgaState, counter: number, line: number): number {
  const shift = (underline & 0x40) !== 0 ? 2 : (mode & 0x40) === 0 ? 1 : 0;
  let address = counter << shift;
  if ((mode & 1) === 0) address = (address & ~0x2000) | ((line & 1) << 13);
  if ((mode & 2) === 0) address = (address & ~0x4000) | ((line & 2) << 13);
  return address & (PLANE_BYTES - 1);
}

/** Eight values of four bits, or four of eight. */
function pixelsAt(state: VgaState, address: number): number[] {
  const plane = (number: number): number => state.memory[number * PLANE_BYTES + address]!;
  const bytes = [plane(0), plane(1), plane(2), plane(3)];
  const values = shifted(state.graphicsMode, bytes);
  if (!wide(state)) return values;
  return [0, 2, 4, 6].map((i) => (values[i]! << 4) | values[i + 1]!);
}

function shifted(graphicsMode: number, bytes: number[]): number[] {
  const [a, b, c, d] = bytes as [number, number, number, number];
  const eight = Array.from({ length: 8 }, (_, i) => i);
  // Two nibbles of each plane in turn.
  if ((graphicsMode & 0x40) !== 0) return eight.map((i) => (bytes[i >> 1]! >> (i & 1 ? 0 : 4)) & 0x0f);
  // Pairs of bits: planes 0 and 2, then 1 and 3.
  if ((graphicsMode & 0x20) !== 0) {
    return eight.map((i) => {
      const [low, high] = i < 4 ? [a, c] : [b, d];
      const place = 6 - 2 * (i & 3);
      return ((low >> place) & 3) | (((high >> place) & 3) << 2);
    });
  }
  return eight.map((i) => {
    const place = 7 - i;
    return ((a >> place) & 1) | (((b >> place) & 1) << 1) | (((c >> place) & 1) << 2) | (((d >> place) & 1) << 3);
  });
}

function colorOf(state: VgaState, pixel: number): number {
  let index = pixel;
  if (!wide(state)) {
    index = state.colors[pixel & state.colorPlaneEnable]! & 0x3f;
    if ((state.attributeMode & 0x80) !== 0) index = (index & 0x0f) | ((state.colorSelect & 3) << 4);
    index |= (state.colorSelect & 0x0c) << 4;
  }
  return state.palette[index & state.pelMask]!;
}
