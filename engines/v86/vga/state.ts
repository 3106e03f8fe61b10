/** Registers and memory of the VGA, by their names in IBM's and Bochs's documentation. */
import { deviceState } from '../state-file.js';

/** Place of the VGA among the devices of a saved state. */
const VGA_DEVICE = 52;

export interface VgaState {
  /** Four planes of 64 KiB; in text modes characters and attributes alternate from 0 on, the font is in plane 2. */
  memory: Uint8Array;
  /** 256 colours, 0xRRGGBB. */
  palette: Int32Array;
  /** 16 indices into the palette, of the attribute controller. */
  colors: Uint8Array;
  pelMask: number;
  graphic: boolean;
  columns: number;
  rows: number;
  startAddress: number;
  cursorAddress: number;
  cursorStart: number;
  cursorEnd: number;
  /** CRTC registers. */
  horizontalDisplayEnd: number;
  horizontalBlankStart: number;
  /** Ten bits, as are the next two. */
  verticalDisplayEnd: number;
  verticalBlankStart: number;
  lineCompare: number;
  maximumScanLine: number;
  offset: number;
  underline: number;
  mode: number;
  /** Attribute controller. */
  attributeMode: number;
  colorPlaneEnable: number;
  horizontalPanning: number;
  colorSelect: number;
  /** Sequencer and graphics controller. */
  clockingMode: number;
  characterMapSelect: number;
  graphicsMode: number;
  /** Bochs's extension: a linear frame buffer. `offset` in pixels. */
  linear: { width: number; height: number; bitsPerPixel: number; offset: number; memory: Uint8Array } | null;
}

/** @param file what the engine saved */
export function vgaStateOf(file: Uint8Array): VgaState {
  const state = deviceState(file, VGA_DEVICE);
  const number = (index: number): number => {
    const value = state[index];
    if (typeof value !== 'number') throw new Error(`field ${index} of the VGA's state is not a number`);
    return value;
  };
  const bytes = (index: number): Uint8Array => {
    const value = state[index];
    if (!(value instanceof Uint8Array)) throw new Error(`field ${index} of the VGA's state is no memory`);
    return value;
  };
  const palette = state[10];
  if (!(palette instanceof Int32Array)) throw new Error("field 10 of the VGA's state is no palette");
  const linear = {
    width: number(15),
    height: number(16),
    bitsPerPixel: number(19),
    offset: number(21),
    memory: bytes(39),
  };
  return {
    memory: bytes(6),
    palette,
    colors: bytes(25),
    pelMask: number(62),
    graphic: state[9] === true,
    columns: number(4),
    rows: number(5),
    startAddress: number(8),
    cursorAddress: number(1),
    cursorStart: number(2),
    cursorEnd: number(3),
    horizontalDisplayEnd: number(47),
    horizontalBlankStart: number(48),
    verticalDisplayEnd: number(49),
    verticalBlankStart: number(50),
    lineCompare: number(60),
    maximumScanLine: number(34),
    offset: number(42),
    underline: number(51),
    mode: number(17),
    attributeMode: number(55),
    colorPlaneEnable: number(56),
    horizontalPanning: number(57),
    colorSelect: number(58),
    clockingMode: number(59),
    characterMapSelect: number(63),
    graphicsMode: number(31),
    linear: state[18] === true ? linear : null,
  };
}
