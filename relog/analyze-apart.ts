/** `analyze` in a process of its own, as `decouple analyze` runs it. */
import type { AnalysisSink, AnalyzeOptions, AnalyzeResult } from './api.js';
import { runStage } from './process/parent.js';

export type AnalyzeApartOptions = Omit<AnalyzeOptions, 'analyses'> & {
  /** URL of a module that exports `createAnalysis`, which makes an analysis of its name. */
  module: string;
  names: readonly string[];
};

/** @throws DecoupleError what `analyze` throws */
export function analyzeApart(options: AnalyzeApartOptions): Promise<AnalyzeResult> {
  return runStage<AnalyzeResult>('analyze', options);
}

/** Within that process. */
export async function analyzeHere({ module, names, ...options }: AnalyzeApartOptions): Promise<AnalyzeResult> {
  const { createAnalysis } = (await import(module)) as { createAnalysis: (name: string) => AnalysisSink };
  const { analyze } = await import('./analyze.js');
  return analyze({ ...options, analyses: names.map(createAnalysis) });
}
