/** The modes of Bochs's VBE extension: a frame buffer with one pixel after the other. */
import { blank, plot, type Picture } from './picture.js';
import type { VgaState } from './state.js';

export function linearPicture(
  { memory, width, height, bitsPerPixel, offset }: NonNullable<VgaState['linear']>,
  palette: Int32Array,
): Picture {
  const picture = blank(width, height);
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
  const size = Math.ceil(bitsPerPixel / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (offset + y * width + x) * size;
      if (at + size <= memory.length) plot(picture, x, y, colorAt(view, at, bitsPerPixel, palette));
    }
  }
  return picture;
}

function colorAt(view: DataView, at: number, bitsPerPixel: number, palette: Int32Array): number {
  if (bitsPerPixel === 8) return palette[view.getUint8(at)]!;
  if (bitsPerPixel > 16) return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  const value = view.getUint16(at, true);
  const greenBits = bitsPerPixel === 16 ? 6 : 5;
  const red = widened(value >> (5 + greenBits), 5);
  const green = widened(value >> 5, greenBits);
  return (red << 16) | (green << 8) | widened(value, 5);
}

/** The lowest `bits` of a value as a byte, so that all ones become 255. */
function widened(value: number, bits: number): number {
  const part = value & ((1 << bits) - 1);
  return Math.round((part * 255) / ((1 << bits) - 1));
}
