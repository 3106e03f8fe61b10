/** The stage `analyze`: simulates a relog once and shows any number of analyses the retired work. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { SimulatorDivergence } from '../engines/unicorn/index.js';
import { asOutputError, DecoupleError } from '../formats/errors.js';
import { publishAll, temporaryPath } from '../formats/publish.js';
import { noSuchPart } from './no-such-part.js';
import type { AnalysisSinkContext, AnalyzeOptions, AnalyzeResult } from './api.js';
import { readRam, Simulation } from './simulation.js';

/**
 * @throws DecoupleError output-exists, write-failed, diverged, and what reading a relog throws
 */
export async function analyze(options: AnalyzeOptions): Promise<AnalyzeResult> {
  const began = performance.now();
  const { outputDir } = options;
  let from: number | null = null;
  const simulation: Simulation = new Simulation(options.input, {
    expectRam: false,
    onProgress: options.onProgress,
    signal: options.signal,
    from: options.stretch?.from ?? undefined,
    to: options.stretch?.to ?? undefined,
    onFrom: (simulator) => {
      from = Number(simulator.position);
      if (options.analyses.length > 0) simulator.enableBlocks();
    },
  });
  try {
    const divergence = await simulation.run();
    const { simulator, header, reader } = simulation;
    if (divergence !== null && from === null) {
      throw new DecoupleError(
        'diverged',
        `The simulation of ${options.input} left the record at position ${divergence.position}: ${divergence.what}.`,
        'That is before the part asked for, so nothing was written. Run `decouple verify` on it for the details.',
      );
    }
    const to = Number(simulator.position);
    if (divergence === null) checkStretch(options, to);
    const partial = divergence === null ? null : partOf(divergence);
    // One for all: what an analysis finds out about the guest is kept by context.
    const context: AnalysisSinkContext = {
      ram: header.ram,
      readPhysical: (address, length) => readRam(simulator, address, length),
      programs: options.programs,
    };
    const batch = options.analyses.length > 0 ? simulator.takeBatch() : null;
    const temporary = temporaryPath(outputDir.replace(/\/+$/, ''));
    const reports = await write(options, temporary, async (analysis) => {
      if (batch !== null) analysis.onBatch(batch);
      const made = await analysis.finish(temporary, context);
      if (partial !== null) markPartial(made, partial);
      return made;
    });
    const start = from ?? to;
    return {
      ...{ from: start, to, instructions: to - start, partial },
      seconds: (performance.now() - began) / 1000,
      reports,
      cutOff: reader.cutOff,
    };
  } finally {
    simulation.close();
  }
}

function partOf({ position, what, expected, got }: SimulatorDivergence): NonNullable<AnalyzeResult['partial']> {
  return { position: position.toString(), what, expected, got };
}

/** Says in each report that is text that the run went on behind its end. */
function markPartial(reports: readonly string[], partial: NonNullable<AnalyzeResult['partial']>): void {
  const { position, what, expected, got } = partial;
  const line = `PARTIAL: up to position ${position}, where the simulation left the record (${what}: expected ${expected}, got ${got}).\n\n`;
  for (const report of reports.filter((path) => path.endsWith('.txt'))) {
    writeFileSync(report, line + readFileSync(report, 'utf8'));
  }
}

/** @throws DecoupleError usage */
function checkStretch({ input, stretch }: AnalyzeOptions, end: number): void {
  const { from = null, to = null } = stretch ?? {};
  if ((from === null || from < end) && (to === null || to === end)) return;
  throw noSuchPart(input, `it ends at ${end}`);
}

/** Reports get their names only when all of them are complete; other files in the folder are left alone. */
async function write(
  { analyses, outputDir, force }: AnalyzeOptions,
  temporary: string,
  finish: (analysis: AnalyzeOptions['analyses'][number]) => Promise<string[]>,
): Promise<string[]> {
  try {
    mkdirSync(dirname(temporary), { recursive: true });
    mkdirSync(temporary);
    const made: string[] = [];
    for (const analysis of analyses) made.push(...(await finish(analysis)));
    const files = made.map((from) => ({ from, to: join(outputDir, relative(temporary, from)) }));
    publishAll(files, force);
    return files.map(({ to }) => to);
  } catch (error) {
    throw asOutputError(outputDir, error);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
