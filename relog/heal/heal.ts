import type { DriveName } from '../../formats/disks.js';
import type { StageOptions } from '../api.js';
import { runStage } from '../process/parent.js';
import type { HealResult } from './heal-here.js';

export type { HealResult } from './heal-here.js';

export interface HealOptions extends StageOptions {
  /** A relog. */
  input: string;
  /** What it was made of. */
  recording: string;
  disks?: Partial<Record<DriveName, string>>;
  output: string;
  force: boolean;
  store?: string | null | undefined;
}

/**
 * Makes of a relog one that states what the simulator would run otherwise than the machine, in a process of its own
 * (docs/healing.md).
 */
export function heal({ disks = {}, ...options }: HealOptions): Promise<HealResult> {
  const here = { ...options, disks };
  return runStage<HealResult>('heal', here);
}
