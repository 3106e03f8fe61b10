/** What the benchmarks run: workloads of the corpus, a few seconds each, of different kinds. */
import { loadWorkload, type Workload as CorpusWorkload } from '../corpus/index.js';

export interface Workload extends CorpusWorkload {
  /** Computes without asking for anything: the input log of such a run should be next to nothing. */
  cpuBound: boolean;
}

const CHOSEN = [
  { name: 'numbers', cpuBound: true },
  { name: 'md5sum', cpuBound: true },
  { name: 'awk', cpuBound: true },
  { name: 'fork-storm', cpuBound: false },
];

export async function loadWorkloads(): Promise<Workload[]> {
  return Promise.all(CHOSEN.map(async ({ name, cpuBound }) => ({ ...(await loadWorkload(name)), cpuBound })));
}
