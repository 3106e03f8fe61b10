/** Runs a simulator from one keyframe to the next. */
import type { Simulator, SimulatorDivergence } from '../../engines/unicorn/index.js';
import { damaged } from '../../formats/container/index.js';
import { readCpuState } from '../../formats/relog.js';
import { breathe } from '../breathe.js';
import type { StageOptions } from '../api.js';
import type { Epoch } from './epochs.js';

/** After so many instructions somebody may have a look at what ran. */
export const CHUNK_INSTRUCTIONS = 10_000_000;

export type EpochEnd =
  | { reason: 'there' }
  | { reason: 'diverged'; divergence: SimulatorDivergence }
  /** `onChunk` said stop. */
  | { reason: 'stopped' };

/**
 * @param simulator at the keyframe that the epoch begins with
 * @param frames payloads of the epoch's events
 * @param onChunk at fixed positions of the epoch, and at its end; false: stop
 * @throws DecoupleError damaged, relog-malformed; what the signal throws
 */
export async function runEpoch(
  {
    path,
    epoch,
    simulator,
    signal,
  }: { path: string; epoch: Epoch; simulator: Simulator } & Pick<StageOptions, 'signal'>,
  frames: Iterable<Uint8Array>,
  onChunk: () => boolean = () => true,
): Promise<EpochEnd> {
  const source = frames[Symbol.iterator]();
  let chunkEnd = epoch.keyframe.position + CHUNK_INSTRUCTIONS;
  for (;;) {
    const left = chunkEnd - Number(simulator.position);
    const stop = left > 0 ? simulator.run(left) : ({ reason: 'limit' } as const);
    switch (stop.reason) {
      case 'starved': {
        const next = source.next();
        if (next.done) throw damaged(path, epoch.next === null ? 'it has no end' : 'a keyframe has no mark');
        simulator.feed(next.value);
        break;
      }
      case 'state':
        simulator.loadState(readCpuState(stop.state), simulator.position);
        break;
      case 'limit':
        if (!onChunk()) return { reason: 'stopped' };
        chunkEnd += CHUNK_INSTRUCTIONS;
        await breathe(signal);
        break;
      case 'pause':
        await breathe(signal);
        break;
      case 'diverged':
        return stop;
      default:
        checkEnd(path, epoch, stop.reason === 'keyframe' ? stop.index : null, simulator);
        if (!source.next().done) throw damaged(path, 'there are events behind the end, or before a keyframe');
        return onChunk() ? { reason: 'there' } : { reason: 'stopped' };
    }
  }
}

/** @throws DecoupleError damaged */
function checkEnd(path: string, { next }: Epoch, index: number | null, simulator: Simulator): void {
  if (next === null ? index === null : index === next.index && simulator.position === BigInt(next.position)) return;
  throw damaged(path, next === null ? 'a keyframe is missing' : `keyframe ${next.index} is not where its mark is`);
}
