import { damaged, type ContainerReader } from '../../formats/container/index.js';
import { ShapeError } from '../../formats/shape.js';

/** What breaks the rules of the format becomes an error that names the file. Anything else stays what it is. */
export function asDamage(path: string, error: unknown): unknown {
  return error instanceof ShapeError || error instanceof RangeError ? damaged(path, error.message, error) : error;
}

/** Reads from a file. @throws DecoupleError damaged */
export function reading<T>(container: ContainerReader, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw asDamage(container.path, error);
  }
}
