/** The text modes: character cells drawn with the font that the guest has loaded. */
import { blank, plot, type Picture } from './picture.js';
import type { VgaState } from './state.js';

const FONT_PLANE = 2 << 16;
const GLYPH_BYTES = 32;
/** Where the eight fonts lie, by their number in the character map select register. */
const FONT_OFFSETS = [0x0000, 0x4000, 0x8000, 0xc000, 0x2000, 0x6000, 0xa000, 0xe000];
const CURSOR_OFF = 0x20;

/** Blinking characters and the cursor are drawn lit. */
export function textPicture(state: VgaState): Picture {
  const cell = cellOf(state);
  const picture = blank(state.columns * cell.width, state.rows * cell.height);
  const cursor = cursorOf(state);
  for (let row = 0; row < state.rows; row++) {
    for (let column = 0; column < state.columns; column++) {
      drawCell(picture, state, cell, row, column);
      if (cursor?.row === row && cursor.column === column) drawCursor(picture, state, cell, row, column);
    }
  }
  return picture;
}

interface Cell {
  width: number;
  height: number;
  /** Dots are twice as wide. */
  doubled: boolean;
}

function cellOf(state: VgaState): Cell {
  const doubled = (state.clockingMode & 0x08) !== 0;
  const width = doubled ? 16 : (state.clockingMode & 0x01) === 0 ? 9 : 8;
  return { width, height: (state.maximumScanLine & 0x1f) + 1, doubled };
}

/** Address of a character cell, in characters. */
function addressOf(state: VgaState, row: number, column: number): number {
  return state.startAddress + row * pitch(state) + column;
}

function pitch(state: VgaState): number {
  return Math.max(state.columns, state.offset * 2);
}

function attributeOf(state: VgaState, row: number, column: number): number {
  return state.memory[(addressOf(state, row, column) * 2 + 1) & 0x3ffff]!;
}

function drawCell(picture: Picture, state: VgaState, cell: Cell, row: number, column: number): void {
  const character = state.memory[(addressOf(state, row, column) * 2) & 0x3ffff]!;
  const attribute = attributeOf(state, row, column);
  const [fontA, fontB] = fontsOf(state);
  const font = (attribute & 0x08) !== 0 ? fontA : fontB;
  const blinks = (state.attributeMode & 0x08) !== 0;
  // With two fonts, the bit that chooses between them is none of the colour's.
  const foreground = colorOf(state, attribute & (fontA === fontB ? 0x0f : 0x07));
  const background = colorOf(state, (attribute >> 4) & (blinks ? 0x07 : 0x0f));
  const glyph = FONT_PLANE + font + character * GLYPH_BYTES;
  // The ninth dot of line graphics repeats the eighth, so that lines have no gaps.
  const repeats = (state.attributeMode & 0x04) !== 0 && character >= 0xc0 && character <= 0xdf;
  for (let y = 0; y < cell.height; y++) {
    const dots = state.memory[glyph + y]!;
    for (let x = 0; x < cell.width; x++) {
      const dot = cell.doubled ? x >> 1 : x;
      const lit = dot < 8 ? (dots & (0x80 >> dot)) !== 0 : repeats && (dots & 1) !== 0;
      plot(picture, column * cell.width + x, row * cell.height + y, lit ? foreground : background);
    }
  }
}

function fontsOf({ characterMapSelect: select }: VgaState): [number, number] {
  const a = ((select >> 2) & 3) | ((select >> 3) & 4);
  const b = (select & 3) | ((select >> 2) & 4);
  return [FONT_OFFSETS[a]!, FONT_OFFSETS[b]!];
}

function colorOf(state: VgaState, index: number): number {
  return state.palette[state.colors[index]! & state.pelMask]!;
}

function cursorOf(state: VgaState): { row: number; column: number } | null {
  const distance = state.cursorAddress - state.startAddress;
  if ((state.cursorStart & CURSOR_OFF) !== 0 || distance < 0) return null;
  return { row: Math.floor(distance / pitch(state)), column: distance % pitch(state) };
}

function drawCursor(picture: Picture, state: VgaState, cell: Cell, row: number, column: number): void {
  const color = colorOf(state, attributeOf(state, row, column) & 0x0f);
  const last = Math.min(state.cursorEnd & 0x1f, cell.height - 1);
  for (let y = state.cursorStart & 0x1f; y <= last; y++) {
    for (let x = 0; x < cell.width; x++) plot(picture, column * cell.width + x, row * cell.height + y, color);
  }
}
