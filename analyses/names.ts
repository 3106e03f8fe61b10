/** The analyses there are. Apart from their code, so that the command line can name them without loading it. */
export const ANALYSIS_NAMES = ['coverage', 'profile'] as const;

export type AnalysisName = (typeof ANALYSIS_NAMES)[number];
