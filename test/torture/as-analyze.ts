/**
 * A relog as `analyze` runs it: without the trials that `verify` makes of instructions that fault. What both leave must be the same, which
 * the relog's keyframes tell.
 */
import { compareState } from '../../engines/unicorn/index.js';
import { Simulation } from '../../relog/simulation.js';

/** @returns what differs first, or null */
export async function differsInAnalyze(relog: string): Promise<string | null> {
  let found: string | null = null;
  const simulation: Simulation = new Simulation(relog, {
    expectRam: true,
    onKeyframe: ({ index, state }) => {
      const { simulator, expected, header } = simulation;
      const [field] = compareState(state, simulator.readState(), header).differences;
      const [word] = simulator.compareRam(expected!, 1).differences;
      if (field === undefined && word === undefined) return 'go on';
      found = `keyframe ${index}: ${JSON.stringify(field ?? word)}`;
      return 'stop';
    },
  });
  try {
    const diverged = await simulation.run();
    return diverged === null ? found : `${diverged.position}: ${diverged.what}`;
  } finally {
    simulation.close();
  }
}
