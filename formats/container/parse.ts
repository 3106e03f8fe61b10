import { decode } from '../cbor.js';
import { ShapeError } from '../shape.js';
import { damaged } from './layout.js';
import type { Frame, FrameReader } from './frame-reader.js';

/**
 * Decodes a frame's payload, one CBOR item, and checks its shape.
 * @throws DecoupleError damaged
 */
export function parseFrame<T>(reader: FrameReader, frame: Frame, shape: (value: unknown) => T): T {
  try {
    return shape(decode(frame.payload));
  } catch (error) {
    throw damaged(reader.path, error instanceof ShapeError ? error.message : 'a frame cannot be decoded', error);
  }
}
