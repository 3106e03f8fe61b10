/** Pixels as PNG libraries take them. */
export interface Picture {
  width: number;
  height: number;
  /** Four bytes a pixel: red, green, blue, opacity. */
  rgba: Uint8Array;
}

/** All black; of one pixel at least, as registers in the middle of a change may say none. */
export function blank(columns: number, rows: number): Picture {
  const [width, height] = [Math.max(1, columns), Math.max(1, rows)];
  const rgba = new Uint8Array(width * height * 4);
  for (let at = 3; at < rgba.length; at += 4) rgba[at] = 0xff;
  return { width, height, rgba };
}

/** @param color 0xRRGGBB */
export function plot({ width, rgba }: Picture, x: number, y: number, color: number): void {
  const at = (y * width + x) * 4;
  rgba[at] = color >> 16;
  rgba[at + 1] = color >> 8;
  rgba[at + 2] = color;
}
