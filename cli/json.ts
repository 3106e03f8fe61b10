/**
 * What commands print with `--json`, by the name that stands in `schema`. docs/formats/json/ has a JSON Schema for each, made of these types
 * (`npm run schemas`). A field that is added changes no number; one that goes, or means something else, does.
 */
import type { ContainerKind } from '../formats/container/index.js';
import type { CopyResult } from '../formats/copy.js';
import type { ErrorCode } from '../formats/errors.js';
import type { CollectResult, StoreCheck, StoreStats } from '../formats/store/index.js';
import type { GuestImage, GuestSummary } from '../guests/index.js';
import type {
  AnalyzeResult,
  AsciicastResult,
  Divergence,
  Explanation,
  ExportResult,
  RecordResult,
  RelogResult,
  ReplayResult,
  ScreenshotResult,
  VerifyResult,
} from '../relog/api.js';
import type { CutResult } from '../relog/cut/cut.js';
import type { DiskSummary, OverlayResult } from '../relog/disks/index.js';
import type { Diagnosis } from '../relog/doctor.js';
import type { HealResult } from '../relog/heal/heal.js';
import type { DiffResult } from '../relog/inspect/diff.js';
import type { StatsResult } from '../relog/inspect/stats.js';
import type { RedactResult } from '../relog/redact/redact.js';

export interface JsonResults {
  record: RecordResult;
  replay: ReplayResult;
  relog: RelogResult;
  heal: HealResult;
  'export-asciicast': AsciicastResult;
  'export-pcapng': ExportResult;
  screenshot: ScreenshotResult;
  verify: VerifyJson;
  analyze: AnalyzeResult;
  guests: { guests: GuestSummary[] };
  guest: GuestImage;
  disks: { disks: DiskSummary[] };
  disk: OverlayResult;
  info: Info;
  stats: StatsResult;
  cut: CutResult;
  redact: RedactResult;
  diff: DiffResult;
  copy: CopyResult;
  'store-stats': StoreStats;
  'store-verify': StoreCheck;
  'store-gc': CollectResult;
  doctor: Diagnosis;
  error: { error: JsonError };
}

export type JsonName = keyof JsonResults;

/** The value of the field `schema`. */
export const schemaOf = (name: JsonName): string => `decouple/${name}/1`;

/** On stdout in the place of a result, beside the sentence on stderr. */
export interface JsonError {
  code: ErrorCode;
  message: string;
  advice: string;
  /** What another program said of it, in lines. */
  details?: string;
}

export type VerifyJson = Omit<VerifyResult, 'first' | 'seconds' | 'cutOff' | 'agreedAt'> & {
  /** Where it first differed, if it did. */
  first?: Divergence;
  /** With `--explain`, if there is something to explain. */
  explanation?: Explanation;
};

export interface FrameSummary {
  kind: string;
  frames: number;
  /** In the file, and when unpacked. */
  bytes: number;
  unpackedBytes: number;
}

export interface Info {
  kind: ContainerKind;
  /** Of the format, major and minor. */
  version: string;
  bytes: number;
  cutOff: boolean;
  /** Steps of the machine (recording) or position in instructions (relog) that the file reaches. */
  reaches: number;
  header: Record<string, unknown>;
  /** How the run ended, as the file's end says; null when it is cut off. */
  outcome: Record<string, unknown> | null;
  frames: FrameSummary[];
}
