/** Analyses: questions about the instructions of a run, over one interface (analysis.ts). */
import type { Analysis } from './analysis.js';
import { CoverageAnalysis } from './coverage.js';
import type { AnalysisName } from './names.js';
import { ProfileAnalysis } from './profile.js';

export type { Analysis, AnalysisContext, BlockBatch, Program } from './analysis.js';
export { ANALYSIS_NAMES, type AnalysisName } from './names.js';

export function createAnalysis(name: AnalysisName): Analysis {
  switch (name) {
    case 'coverage':
      return new CoverageAnalysis();
    case 'profile':
      return new ProfileAnalysis();
  }
}
