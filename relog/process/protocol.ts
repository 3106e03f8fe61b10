/** What a stage's process and its parent say to each other. */
import type { Progress } from '../api.js';

export type StageName =
  | 'record'
  | 'replay'
  | 'relog'
  | 'export'
  | 'plain'
  | 'screenshot'
  | 'disk'
  | 'asciicast'
  | 'explain'
  | 'heal'
  | 'verify'
  | 'analyze';

export type ToChild =
  /** `processId`: by which others know the process. */
  | { kind: 'start'; stage: StageName; options: unknown; processId: number; confined: boolean }
  | { kind: 'input'; bytes: Uint8Array | null }
  | { kind: 'abort' };

export type ToParent =
  | { kind: 'progress'; progress: Progress }
  | { kind: 'console'; bytes: Uint8Array }
  | { kind: 'result'; result: unknown }
  | { kind: 'error'; code: string | null; message: string; advice: string; stack: string };
