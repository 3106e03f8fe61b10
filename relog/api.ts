/** What the stages share: options, progress and results. A stage is a function of its inputs and options alone. */
import type { BlockBatch } from '../engines/unicorn/index.js';
import { STREAM_CHANNELS, type DeviceInput, type StreamChannel } from '../formats/devices.js';
import type { DriveName } from '../formats/disks.js';
import type { RamRegion } from '../formats/state.js';
import type { GuestImage } from '../guests/image.js';
import type { Forward, HostAccess } from '../network/index.js';

/** Told now and then; never more often than ten times a second. */
export interface Progress {
  /** Instructions so far (for `record`: the engine's own count). */
  instructions: number;
  /** Instructions in all, when known. */
  total: number | null;
  /** Bytes written so far. */
  bytes: number;
}

export interface StageOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Ends the stage early and in order: what is written stays valid. */
  signal?: AbortSignal | undefined;
}

export type SessionStep =
  | { kind: 'send'; channel: StreamChannel; bytes: Uint8Array }
  | { kind: 'expect'; channel: StreamChannel; pattern: string; timeoutSeconds: number }
  /** Waits for text on the VGA text screen. */
  | { kind: 'screen'; pattern: string; timeoutSeconds: number }
  /** Keyboard and mouse: one input after the other, with pauses between them. */
  | { kind: 'act'; inputs: DeviceInput[] }
  | { kind: 'wait'; seconds: number };

/** A user-mode network: the guest is 10.0.2.15, the host's 127.0.0.1 is 10.0.2.2. */
export interface NetworkOptions {
  /** Ports of the host's 127.0.0.1 that lead into the guest, TCP. */
  forwards: readonly Forward[];
  access: HostAccess;
}

export interface RecordOptions extends StageOptions {
  guest: GuestImage;
  output: string;
  start: 'ready' | 'power-on';
  /** Write down inputs (a recording) or, while the guest runs, what devices do (a relog). */
  level: 'inputs' | 'device';
  session: SessionStep[];
  until: string | null;
  /** Ends the recording when the VGA text screen shows this. */
  untilScreen: string | null;
  /** A directory of the host to show the guest, or null. */
  share: ShareOptions | null;
  limit: { seconds: number } | { instructions: number } | null;
  seed: number;
  /** What the guest's network card is plugged into; null: nothing. */
  network: NetworkOptions | null;
  /** Replace an existing output file. */
  force: boolean;
  /** Folder of a store that contents go into; null or absent: they go into the output itself. */
  store?: string | null | undefined;
  /** Where cached ready snapshots live. */
  cacheDir: string;
  /** What the user types, when the console is interactive. The recording then ends with the input, or as otherwise asked. */
  input: AsyncIterable<Uint8Array> | null;
  onConsole?: ((bytes: Uint8Array) => void) | undefined;
}

export interface ShareOptions {
  directory: string;
  writable: boolean;
  /** A directory to be made of what the guest leaves, or null. */
  output: string | null;
  /** Whether links are made there that lead out of it. */
  allLinks: boolean;
}

/** What became of a shared directory when the recording began. */
export interface ShareSummary {
  files: number;
  bytes: number;
  /** Paths that are not shared: devices, sockets, pipes, names that are no text. */
  skipped: string[];
  /** Paths that could not be read: the guest gets an I/O error. */
  unreadable: string[];
}

/** Why a recording ended. */
export type EndReason =
  'session-done' | 'until-matched' | 'limit' | 'interrupted' | 'guest-stopped' | 'engine-died' | 'timeout';

export interface RecordResult {
  output: string;
  reason: EndReason;
  instructions: number;
  seconds: number;
  bytes: number;
  /** Bytes of the input log alone, compressed. */
  logBytes: number;
  /** Sentences on what went wrong without ending the recording. */
  warnings: string[];
  share?: ShareSummary & { linksLeftOut: string[] };
}

export interface ReplayOptions extends StageOptions {
  input: string;
  /** Where base images are, by drive, when not where they were recorded. */
  disks?: Partial<Record<DriveName, string>>;
  verify: boolean;
  /** Ports whose writes go to `onConsole`, in the place of what the guest prints. */
  showPorts?: readonly number[];
  onConsole?: ((bytes: Uint8Array) => void) | undefined;
}

export interface ReplayResult {
  instructions: number;
  seconds: number;
  /** Digests compared, and the first that differed. */
  digests: number;
  mismatch: { afterTick: number; beforeTick: number; what: string } | null;
  /** The recording has no end frame: it was replayed up to its last complete frame. */
  cutOff: boolean;
}

export interface ExportOptions extends StageOptions {
  input: string;
  output: string;
  force: boolean;
}

export interface ExportResult {
  output: string;
  /** Frames to the guest, and from it. */
  framesIn: number;
  framesOut: number;
  bytes: number;
  /** The engine's own count. */
  instructions: number;
  seconds: number;
  cutOff: boolean;
}

export interface ScreenshotOptions extends StageOptions {
  input: string;
  /** Instructions as the machine counts them; null is the end of the recording. */
  at: number | null;
  /** The PNG file to write, or null. */
  output: string | null;
  force: boolean;
}

export interface ScreenshotResult {
  output: string | null;
  /** Where the machine stood: the first step boundary at or after the position asked for. */
  instructions: number;
  mode: 'text' | 'graphics';
  /** Pixels. */
  width: number;
  height: number;
  /** Rows of the text screen, without blanks at their ends; null in graphics modes. */
  text: string[] | null;
  cutOff: boolean;
}

/** What a terminal recording is made of: a stream that a guest prints to, or its VGA text screen. */
export const CAST_CHANNELS = [...STREAM_CHANNELS, 'screen'] as const;
export type CastChannel = StreamChannel | 'screen';

export interface AsciicastOptions extends StageOptions {
  input: string;
  output: string;
  force: boolean;
  channel: CastChannel;
  /** Of the terminal that it is to be played on, in characters; the VGA text screen has its own. */
  size: { columns: number; rows: number };
}

export interface AsciicastResult {
  output: string;
  channel: CastChannel;
  /** Lines beside the header. */
  events: number;
  /** Seconds of machine time. */
  duration: number;
  cutOff: boolean;
}

/** Instructions between keyframes, unless told otherwise: about a second of the machine at full speed. */
export const KEYFRAME_EVERY = 50_000_000;

export interface RelogOptions extends StageOptions {
  input: string;
  /** As in {@link ReplayOptions}. */
  disks?: Partial<Record<DriveName, string>>;
  output: string;
  force: boolean;
  /** Instructions between keyframes. */
  keyframeEvery: number;
  /** As in {@link RecordOptions}. */
  store?: string | null | undefined;
}

export interface RelogResult {
  output: string;
  instructions: number;
  events: number;
  keyframes: number;
  bytes: number;
  seconds: number;
  cutOff: boolean;
}

/** Guest RAM as it is at the moment. */
export interface MemoryView {
  ram: readonly RamRegion[];
  /** @param address physical, within one region from its first byte to its last */
  readPhysical(address: number, length: number): Uint8Array;
}

/** Part of a relog, by positions; null: from its beginning, to its end. */
export interface Stretch {
  from: number | null;
  to: number | null;
}

export interface VerifyOptions extends StageOptions {
  input: string;
  /** Finds names in guest RAM: from there a function that names a linear address, or null when there are none. */
  findSymbols?: ((memory: MemoryView) => ((address: number) => string | null) | null) | undefined;
}

export interface Divergence {
  position: string;
  symbol: string | null;
  instruction: string | null;
  what: string;
  expected: string;
  got: string;
  /** Last and next events, one line each. */
  events: string[];
}

export interface ExceptionOfTheMachine {
  /** The form of the instruction as the manual writes it, or its bytes. */
  instruction: string;
  /** Of the exception in the relog. */
  vector: number;
  /** What the engine raised in its place; `otherwise`: the same with another error code or address. */
  raised: number | 'nothing' | 'otherwise';
  count: number;
}

/** Instructions of one form whose effect the relog states (docs/healing.md). */
export interface HealedForm {
  /** As the manual writes it, or its bytes. */
  instruction: string;
  count: number;
}

export interface VerifyResult {
  exact: boolean;
  divergences: number;
  keyframes: number;
  instructions: number;
  events: number;
  /** Forgiven differences by row of the table in engines/unicorn/forgiven.ts. */
  forgiven: Record<string, number>;
  /**
   * Exceptions that were delivered because the relog has them, and that the simulator's own engine would not have
   * raised, or not so. No divergences; often first.
   */
  exceptionsOnlyTheMachineRaised: ExceptionOfTheMachine[];
  first: Divergence | null;
  seconds: number;
  cutOff: boolean;
  /** Position of the last keyframe at which registers and all of RAM agreed, or the start. */
  agreedAt: number;
  /** Often first. */
  healed: HealedForm[];
}

export interface ExplainOptions extends VerifyOptions {
  /** The recording that the relog was made of; null: there is none. */
  recording: string | null;
  /** As in {@link ReplayOptions}. */
  disks?: Partial<Record<DriveName, string>>;
}

/** What is known of a divergence; docs/divergences.md says how to read it. Numbers that are positions are texts. */
export interface Explanation {
  verdict:
    | 'simulator' // one instruction, after which the machine and the simulator differ
    | 'relog' // an event or a keyframe of the relog is not what the machine does
    | 'not-repeated' // run again, the simulator agrees with the relog
    | 'interval'; // no more than the stretch in which it happens
  /** One sentence. */
  summary: string;
  /** Positions of the last check at which all agreed, and of the first place at which something did not. */
  between: { from: string; to: string } | null;
  instruction: ExplainedInstruction | null;
  /** Those that differ, and those that the instruction changed; hexadecimal. */
  registers: ExplainedRegister[];
  /** Words of physical memory that differ after the instruction; hexadecimal. */
  memory: { address: string; before: string | null; machine: string; simulator: string }[];
  /** The first event of the relog that is not what the machine does, one line each; null where there is none. */
  event: { index: number; relog: string | null; machine: string | null } | null;
  /** Disassembly: what ran last, the instruction at the end; and what comes next. */
  executed: string[];
  following: string[];
  /** The relog's events around it, one line each. */
  events: string[];
  seconds: number;
}

export interface ExplainedInstruction {
  position: string;
  /** Linear address, hexadecimal. */
  address: string;
  symbol: string | null;
  text: string | null;
  /** More than 1: the difference comes from one of so many instructions from here on. */
  count: number;
}

export interface ExplainedRegister {
  name: string;
  /** Null: as after. */
  before: string | null;
  machine: string | null;
  simulator: string;
  differs: boolean;
}

/** An analysis as the stage sees it (analyses/analysis.ts says more). */
export interface AnalysisSink {
  readonly name: string;
  onBatch(batch: BlockBatch): void;
  finish(outputDir: string, context: AnalysisSinkContext): Promise<string[]>;
}

export interface AnalysisSinkContext extends MemoryView {
  programs: readonly { guestPath: string; elf: string }[];
}

export interface AnalyzeOptions extends StageOptions {
  input: string;
  outputDir: string;
  force: boolean;
  analyses: AnalysisSink[];
  /** ELF files that ran in the guest. */
  programs: readonly { guestPath: string; elf: string }[];
  /** Only what retires at these positions, `to` not included. Absent: all of it. */
  stretch?: Stretch | undefined;
}

export interface AnalyzeResult {
  /** Positions. */
  from: number;
  to: number;
  instructions: number;
  seconds: number;
  /** Paths of the files written. */
  reports: string[];
  cutOff: boolean;
  /** The simulation left the record there: the reports hold what ran before. Null: they are complete. */
  partial: { position: string; what: string; expected: string; got: string } | null;
}
