/** The C++ addon: where it is, how it is loaded, and the types of what it exports. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { DecoupleError } from '../../formats/errors.js';

export interface NativeSituation {
  position: bigint;
  linear: number;
  before: string[];
  after: string[];
}

export interface NativeDivergence extends NativeSituation {
  what: string;
  expected: string;
  got: string;
}

export interface NativeCoverage {
  space: Uint32Array;
  address: Uint32Array;
  size: Uint32Array;
  instructions: Uint32Array;
  executions: Float64Array;
  hash: BigUint64Array;
  lengths: Uint8Array;
  code: Uint8Array;
}

export interface NativeDisagreement {
  vector: number;
  raised: number;
  bits: number;
  code: Uint8Array;
  count: number;
}

export type NativeStop = 'starved' | 'keyframe' | 'state' | 'effect' | 'form' | 'end' | 'limit' | 'diverged';

export interface NativeExpectedRam {
  writePages(numbers: Uint32Array, data: Uint8Array): void;
  readPage(number: number): Uint8Array | null;
  close(): void;
}

export interface NativeSimulator {
  loadState(packed: Uint8Array, position: bigint): void;
  readState(): Uint8Array;
  takeFlags(on: boolean): void;
  writePages(numbers: Uint32Array, data: Uint8Array): void;
  copyRamFrom(ram: NativeExpectedRam): void;
  copyRamTo(ram: NativeExpectedRam): void;
  compareRam(expected: NativeExpectedRam, most: number): { differingWords: number; words: Uint32Array };
  compareBytes(address: number, expected: Uint8Array, most: number): { differingWords: number; words: Uint32Array };
  readPhysical(address: number, size: number): Uint8Array | null;
  translate(linear: number): number | null;
  feed(frame: Uint8Array): void;
  finish(): void;
  dropEvents(): void;
  bytesHeld(): number;
  run(limit: bigint): NativeStop;
  stopAtCheck(number: bigint): void;
  setStepping(on: boolean): void;
  readStep(out: Float64Array): void;
  setExactFloat(on: boolean): void;
  setOwnValues(on: boolean): void;
  takeOwnValues(): Uint32Array;
  setComparing(on: boolean): void;
  disagreements(): NativeDisagreement[];
  spoilForm(opcode: number, digit: number, target: number): void;
  lookAtForms(on: boolean): void;
  judgeForm(form: bigint, wrong: boolean): void;
  formsChanged(): void;
  form(): bigint;
  healedCode(): Uint8Array;
  plantFault(position: bigint, target: number): void;
  position(): bigint;
  keyframeIndex(): number;
  newState(): Uint8Array;
  divergence(): NativeDivergence;
  situation(): NativeSituation;
  counts(): Record<string, number>;
  forgiven(): Record<string, number>;
  enableCoverage(): void;
  takeCoverage(): NativeCoverage;
  close(): void;
}

export interface NativeModule {
  Simulator: new (regions: Float64Array) => NativeSimulator;
  ExpectedRam: new (regions: Float64Array) => NativeExpectedRam;
  versionInfo(): { unicorn: string; layout: string };
  /** For tests: what the addon takes an instruction for. */
  instructionLength: (bytes: Uint8Array, code32: boolean) => number;
  readsAndWrites: (bytes: Uint8Array, code32: boolean) => boolean;
  /** Room for translated code that simulators made from now on have. */
  setTranslationBytes(bytes: number): void;
  /** Bytes of a packed CPU state. */
  stateSize: number;
}

/** Where the build puts the addon, seen from this file as source and as compiled into `dist/`. */
const PLACES = [
  './native/build/Release/simulator.node',
  '../../../engines/unicorn/native/build/Release/simulator.node',
];

let loaded: NativeModule | undefined;

/** Loads the addon once. Throws `simulator-unavailable` when it is not built, or cannot work with its library. */
export function loadNative(): NativeModule {
  if (loaded) return loaded;
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) throw unavailable('it is not built');
  try {
    const native = createRequire(import.meta.url)(path) as NativeModule;
    native.versionInfo();
    loaded = native;
    return native;
  } catch (error) {
    throw unavailable(error instanceof Error ? error.message : String(error), error);
  }
}

function unavailable(why: string, cause?: unknown): DecoupleError {
  return new DecoupleError(
    'simulator-unavailable',
    `The simulator cannot be used: ${why}.`,
    'Run `npm run setup`, which fetches libunicorn 2.1.1 or later and builds the simulator.',
    { cause },
  );
}

/** Runs a call into the addon; errors that carry a code of the project come out as DecoupleError. */
export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    if (error.code === 'relog-malformed') {
      const message = `The relog breaks its format's rules: ${error.message}.`;
      throw new DecoupleError('relog-malformed', message, 'Make the relog again with `decouple relog`.', {
        cause: error,
      });
    }
    if (error.code === 'simulator-unavailable') throw unavailable(error.message, error);
    if (error.code === 'internal') throw new DecoupleError('internal', error.message, 'Report this.', { cause: error });
    throw error;
  }
}
