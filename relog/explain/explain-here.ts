/** The stage `explain`: a divergence looked at with the recording at hand, in the machine's process. */
import type { DiskPaths } from '../disks/recorded-disks.js';
import type { StageOptions } from '../api.js';
import type { SimulationStop } from '../simulation.js';
import { narrow, type Stretch } from './narrow.js';
import { Decoding } from './operands.js';
import {
  EMPTY,
  eventRow,
  executedLine,
  followingLines,
  instructionRow,
  memoryRows,
  registerRows,
  type Report,
} from './report.js';
import { stepThrough, type Found, type Stepped } from './stepping.js';

export interface ExplainHereOptions extends StageOptions {
  relog: string;
  recording: string;
  disks: DiskPaths;
  /** What verify said: where it found the difference, where RAM was equal last, and what differs. */
  until: number;
  ramFrom: number;
  what: string;
}

/** @throws DecoupleError what reading, replaying and simulating throw; engine-differs */
export async function explainHere(options: ExplainHereOptions): Promise<Report> {
  const { relog, recording, disks, until, ramFrom, what, signal, onProgress } = options;
  const common = { relog, recording, disks, signal, onProgress, total: until };
  const strict = what.startsWith('fsw');
  const stretch = await narrow({ ...common, ramFrom, until, strict });
  if (stretch === null) return nothingDiffers(options);
  const stepped = await stepThrough(common, stretch, strict);
  try {
    return reportOf(stretch, stepped);
  } finally {
    stepped.pair.close();
  }
}

/** The machine and the simulator agree where verify found a difference. */
function nothingDiffers({ what, until }: ExplainHereOptions): Report {
  if (what.includes('keyframe')) {
    return {
      ...EMPTY,
      verdict: 'relog',
      summary: `The machine and the simulator agree at position ${until}, and the relog's keyframe differs from both (${what}).`,
    };
  }
  return {
    ...EMPTY,
    verdict: 'not-repeated',
    summary: `The difference did not come again: up to position ${until} the machine, the relog and the simulator agree.`,
  };
}

function reportOf(stretch: Stretch, stepped: Stepped): Report {
  const between = { from: String(stretch.from), to: String(stretch.to) };
  const event = stretch.mismatch === null ? null : eventRow(stretch.mismatch);
  if (stepped.kind === 'found') {
    const details = detailsOf(stepped.found, stepped);
    return { ...details, between, event, ...verdictOf(stretch, stepped.found, details) };
  }
  const { simulator } = stepped.pair.simulation;
  const memory = memoryRows(
    stretch.ram.differences.map(({ address, expected, got }) => ({
      address,
      before: null,
      machine: expected,
      simulator: got,
    })),
  );
  const why = stepped.interpreterAgrees
    ? 'run one by one, its instructions do the same on both: the difference depends on how code is translated'
    : 'run one by one, the machine itself does something else than in its generated code';
  const registers = registerRows(null, null, simulator.readState(), stretch.registers).filter(({ differs }) => differs);
  const { before, after } = simulator.situation();
  const summary =
    event !== null
      ? notTheRelog(stretch, 'The relog is not what the machine does, at the event shown.')
      : `Something differs after position ${between.from} and not later than ${between.to}, but ${why}.`;
  const verdict = event !== null ? 'relog' : 'interval';
  return { ...EMPTY, verdict, summary, between, event, memory, registers, events: around(before, after) };
}

/** Where they part before anything agreed, they do not belong together. */
function notTheRelog({ fromCheck }: Stretch, summary: string): string {
  return fromCheck > 0
    ? summary
    : `${summary} They part from the start on: the recording is of another run, or the relog's beginning was changed.`;
}

type Details = Pick<Report, 'instruction' | 'registers' | 'memory' | 'executed' | 'following' | 'events'>;

function detailsOf(found: Found, { pair }: Stepped): Details {
  const { simulator } = pair.simulation;
  const { before, trace, next } = found;
  const first = trace.at(-found.instructions) ?? trace[0];
  const decoding = new Decoding();
  const read = (linear: number): Uint8Array => simulator.readLinear(linear, 15);
  const lengthOf = (linear: number, code: Uint8Array, bits: 16 | 32): number | null =>
    decoding.at(linear, code, bits)?.length ?? null;
  try {
    const situation = simulator.situation();
    return {
      instruction: first === undefined ? null : instructionRow(first, Math.max(1, found.instructions)),
      registers: registerRows(before?.machine ?? null, found.machine, found.simulator, found.registers),
      memory: memoryRows(found.memory),
      executed: trace.map(executedLine),
      following: next === null ? [] : followingLines(next, read, lengthOf),
      events: around(situation.before, situation.after),
    };
  } finally {
    decoding.close();
  }
}

function verdictOf(stretch: Stretch, found: Found, { instruction }: Details): Pick<Report, 'verdict' | 'summary'> {
  const at = instruction === null ? 'before the first instruction' : `at position ${instruction.position}`;
  if (stretch.mismatch !== null) {
    const summary = notTheRelog(stretch, `The relog is not what the machine does: see its event, ${at}.`);
    return { verdict: 'relog', summary };
  }
  const what = [
    ...found.registers.map(({ field }) => field),
    ...(found.memory.length > 0 ? ['memory'] : []),
    ...said(found.stop),
  ];
  const instructions = (instruction?.count ?? 1) > 1 ? `one of the ${instruction!.count} instructions from` : 'the one';
  return {
    verdict: 'simulator',
    summary: `The first instruction that the simulator runs otherwise than the machine is ${instructions} ${at}: ${what.join(', ')}.`,
  };
}

function said(stop: SimulationStop): string[] {
  return stop.reason === 'diverged'
    ? [`${stop.divergence.what} (the machine: ${stop.divergence.expected}, the simulator: ${stop.divergence.got})`]
    : [];
}

function around(before: string[], after: string[]): string[] {
  return [...before, ...after.map((line) => `next: ${line}`)];
}
