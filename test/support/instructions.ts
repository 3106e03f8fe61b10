/** An instruction of a relog, for tests that want to do something to it. */
import { Simulation } from '../../relog/simulation.js';

export interface RunInstruction {
  position: number;
  /** Linear address. */
  linear: number;
  /** From its first byte on. */
  code: Uint8Array;
  /** Before it. */
  gpr: number[];
}

/** @returns the first that matches, at the first check at or after `from` or behind it; some 100,000 a second are seen */
export function findInstruction(
  relog: string,
  from: number,
  matches: (instruction: RunInstruction) => boolean,
): RunInstruction {
  const simulation = new Simulation(relog, { expectRam: false });
  const { simulator } = simulation;
  try {
    simulation.begin();
    for (let check = 1; Number(simulator.position) < from; check++) {
      simulator.stopAtCheck(check);
      if (simulation.advance().reason !== 'limit') break;
    }
    simulator.stopAtCheck(null);
    simulator.setStepping(true);
    while (simulation.advance().reason === 'limit') {
      const { position, linear, gpr } = simulator.readStep();
      const instruction = { position, linear, code: simulator.readLinear(linear, 15), gpr };
      if (matches(instruction)) return instruction;
    }
    throw new Error(`there is no such instruction after ${from}`);
  } finally {
    simulation.close();
  }
}
