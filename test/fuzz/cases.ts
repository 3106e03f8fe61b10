/** Cases by number: which file, and what becomes of it. */
import type { Bases } from './bases.js';
import { mixed, mutant, type Base } from './mutant.js';
import { writtenMutant, type WrittenBase } from './written.js';

/** To run a recording on a whole machine takes ten times as long as a relog in the simulator. */
const RECORDING_ONE_IN = 10;
/** The files at the end of each list run for long. */
const LONG_RUNNING = 2;
const LONG_ONE_IN = 64;

export interface Case {
  number: number;
  base: Base | WrittenBase;
  bytes: Uint8Array;
}

/** One of so many of what people write is a session. */
const SESSION_ONE_IN = 4;

/** What a run changes: files that commands made, or what people write. */
export const INPUTS = ['files', 'written'] as const;
export type Inputs = (typeof INPUTS)[number];

export function makeCase(bases: Bases, inputs: Inputs, seed: number, number: number): Case {
  return inputs === 'files' ? madeCase(bases, seed, number) : writtenCase(bases, seed, number);
}

function writtenCase({ written: { specs, sessions } }: Bases, seed: number, number: number): Case {
  const kind = number % SESSION_ONE_IN === 0 ? 'session' : 'spec';
  const files = kind === 'session' ? sessions : specs;
  const path = files[(mixed(seed + 1, number) >>> 8) % files.length]!;
  return { number, base: { path, kind }, bytes: writtenMutant(path, seed, number) };
}

function madeCase(bases: Bases, seed: number, number: number): Case {
  const isRecording = number % RECORDING_ONE_IN === 0;
  const files = isRecording ? bases.recordings : bases.relogs;
  const choice = mixed(seed + 1, number) >>> 0;
  const short = files.length - LONG_RUNNING;
  const path = choice % LONG_ONE_IN === 0 ? files[short + (number % LONG_RUNNING)]! : files[(choice >>> 8) % short]!;
  const base: Base = { path, kind: isRecording ? 'recording' : 'relog' };
  return { number, base, bytes: mutant(base, seed, number) };
}
