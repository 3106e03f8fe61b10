/** Copies of files with their contents elsewhere: out of a store into the file, or the other way round. */
import { checkItem } from './cbor-check.js';
import { decode, encode } from './cbor.js';
import {
  ContainerReader,
  ContainerWriter,
  damaged,
  isReserved,
  type ContainerKind,
  type Frame,
} from './container/index.js';
import { RECORDING_FRAME } from './recording.js';
import { RELOG_FRAME } from './relog.js';
import { record, ShapeError } from './shape.js';

/** Frames with contents, by kind of file. */
const CONTENTS: Record<ContainerKind, readonly number[]> = {
  recording: [RECORDING_FRAME.blob, RECORDING_FRAME.overlay],
  relog: [RELOG_FRAME.pages],
  snapshot: [],
  pack: [],
};
const HEADER_FRAME = 1;
/** Written before the process may breathe. */
const BREATH_BYTES = 4 << 20;
/** Of what is left in the file: small, and worth packing well. */
const LEVEL = 6;

export interface CopyOptions {
  input: string;
  output: string;
  force: boolean;
  /** The store that contents go into; null: they go into the copy itself. */
  store: string | null;
  signal?: AbortSignal | undefined;
  /** Now and then, with the bytes written. */
  onBytes?: (bytes: number) => void;
}

export interface CopyResult {
  output: string;
  kind: ContainerKind;
  bytes: number;
  /** Of the input, unpacked. */
  contents: number;
  /** The input has no end; neither has the copy. */
  cutOff: boolean;
}

/**
 * The copy holds the same frames, but for what the header says of a store.
 * @throws DecoupleError what reading the input throws; store-…, object-missing, output-exists, write-failed
 */
export async function copyFile(options: CopyOptions): Promise<CopyResult> {
  const { input, output, force, store, signal } = options;
  const reader = new ContainerReader(input);
  let writer: ContainerWriter | null = null;
  try {
    const { kind } = reader;
    writer = new ContainerWriter({ path: output, kind, temporary: true, force, store, major: reader.version.major });
    let [contents, reach, number, sinceBreath] = [0, 0n, 0, 0];
    for (const frame of reader) {
      signal?.throwIfAborted();
      if (number++ === 0) writer.frame(frame.kind, headerFor(writer, reader, frame), frame.reach);
      else if (CONTENTS[kind].includes(frame.kind)) {
        checkContents(reader, frame);
        writer.contents(frame.kind, frame.payload, frame.reach);
        contents += frame.payload.length;
        options.onBytes?.(writer.bytes);
      } else if (isReserved(frame.kind)) {
        throw damaged(input, `it has a frame of kind ${frame.kind}, which no file of its version has`);
      } else writer.frame(frame.kind, frame.payload, frame.reach, LEVEL);
      sinceBreath += frame.payload.length;
      if (sinceBreath > BREATH_BYTES) {
        sinceBreath = 0;
        // Signals come in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
      reach = frame.reach;
    }
    if (reader.end === null) writer.finishCutOff();
    else writer.finish(reader.end.outcome, reach);
    return { output, kind, bytes: writer.bytes, contents, cutOff: reader.cutOff };
  } finally {
    writer?.abandon();
    reader.close();
  }
}

function checkContents(reader: ContainerReader, { payload }: Frame): void {
  try {
    checkItem(payload);
  } catch (error) {
    throw damaged(reader.path, 'a frame cannot be decoded', error);
  }
}

function headerFor(writer: ContainerWriter, reader: ContainerReader, { kind, payload }: Frame): Uint8Array {
  if (kind !== HEADER_FRAME) throw damaged(reader.path, 'its header is missing');
  try {
    const { store: _, ...header } = record(decode(payload), 'the header');
    return encode({ ...header, ...writer.storeHint });
  } catch (error) {
    throw damaged(reader.path, error instanceof ShapeError ? error.message : 'its header cannot be decoded', error);
  }
}
