/** The stage `heal`: simulates a relog beside the machine that made it, and states what the simulator runs otherwise. */
import { rmSync } from 'node:fs';
import { compareState, type SimulatorDivergence } from '../../engines/unicorn/index.js';
import { DecoupleError } from '../../formats/errors.js';
import type { Keyframe } from '../../formats/relog.js';
import type { DiskPaths } from '../disks/recorded-disks.js';
import { ramDifferences } from '../explain/differences.js';
import { explainHere } from '../explain/explain-here.js';
import { formText } from '../exceptions-of-the-machine.js';
import type { HealedForm, StageOptions } from '../api.js';
import { ramRegions } from '../machine-ram.js';
import { Simulation } from '../simulation.js';
import type { HealedForms } from './healed-forms.js';
import { Judge, type PlacedEffect } from './judge.js';
import { Oracle } from './oracle.js';
import { writeHealed } from './write-healed.js';

export interface HealHereOptions extends StageOptions {
  input: string;
  recording: string;
  disks: DiskPaths;
  output: string;
  force: boolean;
  store?: string | null | undefined;
}

export interface HealResult {
  output: string;
  /** What this run found, and what the relog had stated before. */
  healed: HealedForm[];
  instructions: number;
  events: number;
  keyframes: number;
  bytes: number;
  /** Simulations of the relog, from its beginning: one more for each form that is wrong only now and then. */
  passes: number;
  seconds: number;
  cutOff: boolean;
}

/** Simulations, at the most. */
const MOST_PASSES = 64;

interface Pass {
  effects: PlacedEffect[];
  healed: HealedForms;
  instructions: number;
  cutOff: boolean;
  /** Where it differs nevertheless. */
  difference: { position: number; what: string; agreedAt: number } | null;
}

/** @throws DecoupleError not-healable; what reading, replaying and simulating throw; output-exists, write-failed */
export async function healHere(options: HealHereOptions): Promise<HealResult> {
  const began = performance.now();
  const { input, recording, disks, output, force, store, signal } = options;
  const oracle = await Oracle.open(recording, disks);
  try {
    const forms = new Map<bigint, number | 'wrong'>();
    for (let passes = 1; ; passes++) {
      const pass = await simulate(options, oracle, forms);
      if (pass.difference === null) {
        const written = await writeHealed(input, pass.effects, { output, force, store, signal });
        const { instructions, cutOff } = pass;
        const seconds = (performance.now() - began) / 1000;
        return { output, healed: pass.healed.list(), instructions, ...written, passes, seconds, cutOff };
      }
      if (passes === MOST_PASSES) throw notHealable(input, 'it has too many forms that are wrong');
      await findForm(options, pass, forms);
    }
  } finally {
    oracle.close();
  }
}

async function simulate(options: HealHereOptions, oracle: Oracle, forms: Map<bigint, number | 'wrong'>): Promise<Pass> {
  const { input, signal, onProgress } = options;
  let judge: Judge | null = null;
  let difference: Pass['difference'] = null;
  let agreedAt = 0;
  const simulation: Simulation = new Simulation(input, {
    expectRam: true,
    signal,
    onProgress,
    onForm: (form) => {
      judge!.look(form);
      return 'go on';
    },
    onBreath: () => judge!.forget(),
    onFrom: () => {
      // The machine stands at the beginning until it was asked something.
      if (forms.size === 0) checkOrigin(options, simulation, oracle);
    },
    onKeyframe: (keyframe) => {
      const what = differs(simulation, keyframe);
      if (what !== null) difference = { position: keyframe.position, what, agreedAt };
      else agreedAt = keyframe.position;
      return what === null ? 'go on' : 'stop';
    },
  });
  try {
    const { simulator, header, reader } = simulation;
    judge = new Judge(oracle, forms, simulator, header);
    const diverged: SimulatorDivergence | null = await simulation.run();
    if (diverged !== null) {
      const { what } = diverged;
      difference = { position: Number(diverged.position), what, agreedAt };
    }
    const { effects } = judge;
    const healed = simulation.healed;
    for (const { code, bits } of effects) healed.add(code, bits);
    const instructions = Number(simulator.position) - simulation.start;
    return { effects, healed, instructions, cutOff: reader.cutOff, difference };
  } finally {
    simulation.close();
  }
}

/** @throws DecoupleError not-healable */
function checkOrigin({ input, recording }: HealHereOptions, simulation: Simulation, { replayer, kind }: Oracle): void {
  const { header, simulator } = simulation;
  const { machine } = replayer;
  const regions = ramRegions(machine.ramBytes);
  const alike =
    header.guest.name === replayer.header.guest.name &&
    header.guest.hash === replayer.header.guest.hash &&
    regions.length === header.ram.length &&
    regions.every(({ start, size }, i) => header.ram[i]!.start === start && header.ram[i]!.size === size);
  if (!alike) throw notHealable(input, `${recording} is not the recording that it was made of`);
  if (
    header.flags !== kind.flags ||
    header.float !== kind.float ||
    kind.flags === undefined ||
    kind.float === undefined
  ) {
    throw notHealable(input, 'it is of an older machine, which leaves flags or floating point to chance');
  }
  // A part of a relog begins somewhere else.
  if (header.start !== 0) return;
  const { differences } = compareState(machine.cpuState(), simulator.readState(), header);
  if (differences.length > 0 || ramDifferences(machine, simulator).differingWords > 0) {
    throw notHealable(input, `${recording} is not the recording that it was made of: it begins otherwise`);
  }
}

function differs({ simulator, expected, header }: Simulation, keyframe: Keyframe): string | null {
  const [field] = compareState(keyframe.state, simulator.readState(), header).differences;
  if (field !== undefined) return `${field.field} at keyframe ${keyframe.index}`;
  return simulator.compareRam(expected!, 1).differingWords > 0 ? `RAM at keyframe ${keyframe.index}` : null;
}

/**
 * What is wrong only now and then was not seen when its form was tried: the first wrong instruction is looked for step by
 * step, in the relog as it is healed so far.
 * @throws DecoupleError not-healable
 */
async function findForm(options: HealHereOptions, pass: Pass, forms: Map<bigint, number | 'wrong'>): Promise<void> {
  const { input, recording, disks, output, signal, onProgress } = options;
  const { position: until, what, agreedAt: ramFrom } = pass.difference!;
  const relog = `${output}.${process.pid}.healing`;
  try {
    await writeHealed(input, pass.effects, { output: relog, force: true, signal });
    const report = await explainHere({ relog, recording, disks, until, ramFrom, what, signal, onProgress });
    const { verdict, instruction, summary } = report;
    if (verdict !== 'simulator' || instruction?.count !== 1) {
      throw notHealable(input, `what differs at position ${until} (${what}) is no instruction: ${summary}`);
    }
    const position = Number(instruction.position);
    const form = await formAt(relog, position);
    if (form === null || forms.get(form.form) === 'wrong') {
      const text = form?.text ?? instruction.text ?? 'unknown';
      throw notHealable(input, `the instruction at position ${position} cannot be run by itself (${text})`);
    }
    forms.set(form.form, 'wrong');
  } finally {
    rmSync(relog, { force: true });
  }
}

async function formAt(relog: string, position: number): Promise<{ form: bigint; text: string } | null> {
  let found: { form: bigint; text: string } | null = null;
  const simulation: Simulation = new Simulation(relog, {
    expectRam: false,
    from: position,
    to: position + 1,
    onFrom: (simulator) => {
      simulator.lookAtForms(true);
      simulator.formsChanged();
    },
    onForm: (form) => {
      const { simulator } = simulation;
      if (Number(simulator.position) === position) {
        const { code, bits } = simulator.codeAt(simulator.readStep().linear);
        found = { form, text: formText(code, bits) };
      }
      return 'go on';
    },
  });
  try {
    await simulation.run();
    return found;
  } finally {
    simulation.close();
  }
}

function notHealable(input: string, why: string): DecoupleError {
  return new DecoupleError('not-healable', `${input} cannot be healed: ${why}.`, 'Nothing was written.');
}
