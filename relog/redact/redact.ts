/** The stage `redact`: a relog whose serial lines and packets are replaced by fillers, where the run allows it. */
import { ContainerReader, ContainerWriter, damaged, USUAL_VERSION } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { readRelogHeader, type RelogHeader } from '../../formats/relog.js';
import { ShapeError } from '../../formats/shape.js';
import type { StageOptions } from '../api.js';
import { Decider } from './decide.js';
import { findPayloads, type Channels, type Found } from './find.js';
import type { Payload } from './payload.js';
import { Remains, type Remain } from './remains.js';
import { FilledWriter } from './write.js';

export interface RedactOptions extends StageOptions, Channels {
  input: string;
  output: string;
  force: boolean;
  store?: string | null | undefined;
}

/** What the report says of a payload. */
export type PayloadReport = Pick<Payload, 'kind' | 'source' | 'peer' | 'position' | 'length'>;

export interface RedactResult {
  output: string;
  bytes: number;
  instructions: number;
  events: number;
  keyframes: number;
  replaced: PayloadReport[];
  /** With the position up to which another way was gone without it. */
  kept: (PayloadReport & { differsAt: number })[];
  /** Of those replaced, what a device gave to the guest once more, in another way, and where that was seen first. */
  remains: (PayloadReport & { foundAt: number; where: Remain['where'] })[];
  retries: number;
  seconds: number;
}

/** @throws DecoupleError wrong-kind, not-redactable, diverged, output-exists, write-failed; what reading a relog throws */
export async function redact(options: RedactOptions): Promise<RedactResult> {
  const began = performance.now();
  const { input, output: path, force, store } = options;
  try {
    const header = headerOf(input);
    const found = await findPayloads(input, options, options);
    const { payloads, keyframe } = found;
    if (payloads.length === 0) throw notRedactable(`${input} has no ${wanted(options)}.`);
    const { kept, retries } = await decide(options, header, found);
    const replaced = payloads.filter((payload) => !kept.has(payload));
    if (replaced.length === 0) {
      throw notRedactable(`The path of ${input} depends on each of its ${payloads.length} payloads.`);
    }
    const writer = new ContainerWriter({ path, kind: 'relog', temporary: true, force, store });
    const remains = new Remains(replaced, kept.keys());
    const filled = new FilledWriter(input, header, replaced, keyframe, remains, writer, options);
    try {
      const { position, start, events, keyframes, cutOff } = await filled.write();
      writer.finish({ cutOff, events, keyframes }, BigInt(position));
      return {
        ...{ output: path, bytes: writer.bytes, instructions: position - start, events, keyframes },
        replaced: replaced.map(report),
        kept: [...kept].map(([payload, differsAt]) => ({ ...report(payload), differsAt })).sort(byPosition),
        remains: remains.found.map(({ payload, position: foundAt, where }) => ({ ...report(payload), foundAt, where })),
        ...{ retries, seconds: (performance.now() - began) / 1000 },
      };
    } finally {
      filled.close();
      writer.abandon();
    }
  } catch (error) {
    throw error instanceof ShapeError ? damaged(input, error.message, error) : error;
  }
}

async function decide(options: RedactOptions, header: RelogHeader, { payloads, keyframe }: Found) {
  const decider = new Decider(options.input, header, payloads, keyframe, options);
  try {
    return await decider.decide();
  } finally {
    decider.close();
  }
}

/** @throws DecoupleError wrong-kind */
function headerOf(path: string): RelogHeader {
  const reader = new ContainerReader(path);
  try {
    if (reader.kind !== 'recording') {
      // What effects state was computed from what would be replaced.
      if (reader.version.major > USUAL_VERSION) {
        throw notRedactable(`${path} is healed: it states what instructions did with what came from outside.`);
      }
      return readRelogHeader(reader);
    }
  } finally {
    reader.close();
  }
  throw new DecoupleError(
    'wrong-kind',
    `${path} is a recording, which cannot be redacted: to run it again, the machine needs the inputs themselves.`,
    'Make a relog of it with `decouple relog`, and redact that.',
  );
}

function notRedactable(message: string): DecoupleError {
  return new DecoupleError('not-redactable', message, 'Nothing can be replaced, and nothing was written.');
}

function wanted({ serial, network }: Channels): string {
  const names = [...(serial ? ['serial lines'] : []), ...(network ? ['packets with a payload'] : [])];
  return names.join(' and no ');
}

function report({ kind, source, peer, position, length }: Payload): PayloadReport {
  return { kind, source, peer, position, length };
}

function byPosition(a: PayloadReport, b: PayloadReport): number {
  return a.position - b.position;
}
