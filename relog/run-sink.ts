/** Where a live run is written to: a recording of its inputs, or a relog of what its devices do. */
import type { Machine, Probe } from '../engines/v86/index.js';
import type { DeviceOutput } from '../formats/devices.js';
import type { DecoupleError } from '../formats/errors.js';
import type { EndReason, RecordResult } from './api.js';
import type { Journal } from './live-machine.js';

export interface RunEnd {
  reason: EndReason;
  failure: DecoupleError | null;
}

export interface RunSink {
  /** What the machine is watched by. */
  readonly probe: Probe | null;
  /** What is told of inputs. */
  readonly journal: Journal | null;
  /** Bytes of the file so far. */
  readonly bytes: number;
  /** Bytes that wait to be written. */
  readonly pendingBytes: number;
  /** The machine is loaded and has done nothing yet. */
  start(machine: Machine): void;
  /** Before each step, when the inputs that come before it are in. */
  beforeStep(): void;
  output(step: number, output: DeviceOutput): void;
  /** Between steps: what there is so far is in the file after this, whatever happens. */
  flush(machine: Machine): void;
  /** Ends the file in order. */
  finish(machine: Machine, end: RunEnd): Pick<RecordResult, 'instructions' | 'logBytes' | 'warnings'>;
  /** Closes the file as it is, if it was not ended. */
  abandon(): void;
}
