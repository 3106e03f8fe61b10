/** Disks of recordings, for the command line: what there is, and images as the guest left them. */
import type { StageOptions } from '../api.js';
import { runStage } from '../process/parent.js';
import type { OverlayOptions, OverlayResult } from './overlay-here.js';

export { listDisks, type DiskSummary } from './list.js';
export type { OverlayOptions, OverlayResult } from './overlay-here.js';

/** Applies what a run left on a drive to an image, in a process of its own. See {@link OverlayOptions}. */
export function applyOverlay(options: OverlayOptions & StageOptions): Promise<OverlayResult> {
  return runStage<OverlayResult>('disk', options);
}
