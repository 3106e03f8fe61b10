/** The stage `verify`: simulates a relog with no analysis and compares with every check, vector and keyframe in it. */
import { compareState, type SimulatorDivergence } from '../engines/unicorn/index.js';
import type { Keyframe } from '../formats/relog.js';
import type { Divergence, VerifyOptions, VerifyResult } from './api.js';
import { disassemble } from './disassemble.js';
import { exceptionsOfTheMachine } from './exceptions-of-the-machine.js';
import { hex } from './hex.js';
import { readRam, Simulation } from './simulation.js';

/** Differences of one keyframe that are looked at one by one. */
const MAX_DIFFERENCES = 100;

/** @throws DecoupleError what reading a relog throws; simulator-unavailable, relog-malformed, interrupted */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const began = performance.now();
  const forgiven = new Map<string, number>();
  let agreedAt = 0;
  let found: { count: number; first: Divergence } | null = null;
  const simulation: Simulation = new Simulation(options.input, {
    expectRam: true,
    onProgress: options.onProgress,
    signal: options.signal,
    onKeyframe: (keyframe) => {
      found = compareKeyframe(simulation, keyframe, forgiven, options);
      if (found === null) agreedAt = keyframe.position;
      return found === null ? 'go on' : 'stop';
    },
  });
  simulation.simulator.setComparing(true);
  try {
    const diverged = await simulation.run();
    if (diverged !== null) found = { count: 1, first: explain(simulation, diverged, options) };
    const { simulator, keyframes, reader } = simulation;
    for (const [row, count] of Object.entries(simulator.forgiven)) forgiven.set(row, (forgiven.get(row) ?? 0) + count);
    const divergences = (found as { count: number } | null)?.count ?? 0;
    return {
      exact: divergences === 0,
      divergences,
      keyframes,
      instructions: Number(simulator.position) - simulation.start,
      events: simulator.counts.events,
      forgiven: Object.fromEntries([...forgiven].sort(([a], [b]) => (a < b ? -1 : 1))),
      exceptionsOnlyTheMachineRaised: exceptionsOfTheMachine(simulator.disagreements),
      first: (found as { first: Divergence } | null)?.first ?? null,
      seconds: (performance.now() - began) / 1000,
      cutOff: reader.cutOff,
      agreedAt,
      healed: simulation.healed.list(),
    };
  } finally {
    simulation.close();
  }
}

/** Registers, then all of RAM. */
function compareKeyframe(
  simulation: Simulation,
  keyframe: Keyframe,
  forgiven: Map<string, number>,
  options: VerifyOptions,
): { count: number; first: Divergence } | null {
  const { simulator, expected, header } = simulation;
  const state = compareState(keyframe.state, simulator.readState(), header);
  for (const [row, count] of Object.entries(state.forgiven)) forgiven.set(row, (forgiven.get(row) ?? 0) + count);
  const ram = simulator.compareRam(expected!, MAX_DIFFERENCES);
  const count = state.differences.length + ram.differingWords;
  if (count === 0) return null;
  const at = `keyframe ${keyframe.index}`;
  const [field] = state.differences;
  const [word] = ram.differences;
  const first =
    field !== undefined
      ? { what: `${field.field} at ${at}`, expected: field.expected, got: field.got }
      : { what: `RAM at ${hex(word!.address)}, ${at}`, expected: hex(word!.expected), got: hex(word!.got) };
  return { count, first: explain(simulation, { ...simulator.situation(), ...first }, options) };
}

function explain(simulation: Simulation, divergence: SimulatorDivergence, options: VerifyOptions): Divergence {
  const { simulator, header } = simulation;
  const memory = {
    ram: header.ram,
    readPhysical: (address: number, length: number) => readRam(simulator, address, length),
  };
  const nameOf = options.findSymbols?.(memory) ?? null;
  return {
    position: divergence.position.toString(),
    symbol: nameOf?.(divergence.linear) ?? null,
    instruction: disassemble(divergence.code, divergence.linear, divergence.bits),
    what: divergence.what,
    expected: divergence.expected,
    got: divergence.got,
    events: [...divergence.before, ...divergence.after.map((line) => `next: ${line}`)],
  };
}
