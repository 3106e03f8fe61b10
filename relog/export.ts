import type { ExportOptions, ExportResult } from './api.js';
import { runStage } from './process/parent.js';

/** Replays a recording in a process of its own and writes its network traffic as pcapng. See {@link ExportOptions}. */
export function exportPcapng(options: ExportOptions): Promise<ExportResult> {
  return runStage<ExportResult>('export', options);
}
