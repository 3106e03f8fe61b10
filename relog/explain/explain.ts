/**
 * Verifies a relog and narrows a divergence down: with its recording to the first wrong instruction, alone to the stretch
 * between two checks.
 */
import type { ExplainedInstruction, ExplainOptions, Explanation, VerifyResult } from '../api.js';
import { runStage } from '../process/parent.js';
import { verify } from '../verify.js';
import { explainAlone } from './alone.js';
import type { ExplainHereOptions } from './explain-here.js';
import type { Report } from './report.js';

/**
 * @returns what verify says, and the explanation; null when there is nothing to explain
 * @throws DecoupleError what verify throws; with a recording, what replaying it throws
 */
export async function explain(
  options: ExplainOptions,
): Promise<{ verified: VerifyResult; explanation: Explanation | null }> {
  const { input: relog, recording, disks = {}, findSymbols, onProgress, signal } = options;
  let nameOf: ((address: number) => string | null) | null = null;
  const verified = await verify({
    ...{ input: relog, onProgress, signal },
    findSymbols: (memory) => (nameOf = findSymbols?.(memory) ?? null),
  });
  const { first, agreedAt } = verified;
  if (first === null) return { verified, explanation: null };
  const began = performance.now();
  const found = { relog, until: Number(first.position), ramFrom: agreedAt, what: first.what };
  const agreesNow = async (): Promise<boolean> => (await verify({ input: relog, onProgress, signal })).exact;
  const here: ExplainHereOptions | null = recording === null ? null : { ...found, recording, disks };
  const report =
    here === null
      ? await explainAlone({ ...found, signal, agreesNow })
      : await runStage<Report>('explain', { ...here, onProgress, signal });
  const instruction = named(report.instruction, nameOf);
  return { verified, explanation: { ...report, instruction, seconds: (performance.now() - began) / 1000 } };
}

function named(
  instruction: ExplainedInstruction | null,
  nameOf: ((address: number) => string | null) | null,
): ExplainedInstruction | null {
  if (instruction === null) return null;
  return { ...instruction, symbol: nameOf?.(Number(instruction.address)) ?? null };
}
