/** `verify`, and `explain` if asked for, in a process of their own, as `decouple verify` runs them. */
import type { DriveName } from '../formats/disks.js';
import type { Explanation, StageOptions, VerifyOptions, VerifyResult } from './api.js';
import { runStage } from './process/parent.js';

export interface VerifyApartOptions extends StageOptions {
  input: string;
  /** URL of a module that exports `kernelNames`, which finds names as `findSymbols` of {@link VerifyOptions} does. */
  symbols: string;
  /** Narrow a difference down to its origin. */
  explain: boolean;
  /** As in {@link ExplainOptions}. */
  recording: string | null;
  disks: Partial<Record<DriveName, string>>;
}

export interface Verified {
  result: VerifyResult;
  /** Null when nobody asked, or nothing is to be explained. */
  explanation: Explanation | null;
}

/** @throws DecoupleError what `verify` and `explain` throw */
export function verifyApart(options: VerifyApartOptions): Promise<Verified> {
  return runStage<Verified>('verify', options);
}

/** Within that process. */
export async function verifyHere({ symbols, ...options }: VerifyApartOptions): Promise<Verified> {
  const { kernelNames } = (await import(symbols)) as { kernelNames: NonNullable<VerifyOptions['findSymbols']> };
  const { input, onProgress, signal, recording, disks } = options;
  const common = { input, onProgress, signal, findSymbols: kernelNames };
  if (!options.explain) {
    const { verify } = await import('./verify.js');
    return { result: await verify(common), explanation: null };
  }
  const { explain } = await import('./explain/explain.js');
  const { verified, explanation } = await explain({ ...common, recording, disks });
  return { result: verified, explanation };
}
