import type { ScreenshotOptions, ScreenshotResult } from './api.js';
import { runStage } from './process/parent.js';

/** What the guest's screen showed at a moment of a recording. See {@link ScreenshotOptions}. */
export function screenshot(options: ScreenshotOptions): Promise<ScreenshotResult> {
  return runStage<ScreenshotResult>('screenshot', options);
}
