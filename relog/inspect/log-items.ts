/** What a log frame of a recording holds, item by item, in the order in which it happened. */
import type { LogFrame } from '../../formats/recording.js';
import { VarintReader } from '../../formats/varint.js';
import { bytesFields, hex } from './event-json.js';
import type { LogKind } from './filter.js';

export interface LogItem {
  /** The step before which (inputs, modules, digests) or during which it happened; of the others, the frame's first. */
  step: number;
  kind: LogKind;
  /** What it went in or came out by; null when it belongs to no device. */
  channel: string | null;
  /** All of it as JSON can hold it. */
  object: () => Record<string, unknown>;
}

/** @param data network frames, the console and clock samples in full */
export function* logItems(log: LogFrame, data: boolean): Generator<LogItem> {
  const { from, to } = log;
  yield {
    ...{ step: from, kind: 'clock', channel: null },
    object: () => ({ step: from, kind: 'clock', to, ...samplesOf(log.clock, data) }),
  };
  let next = 0;
  for (const input of log.inputs) {
    for (; next < log.outputs.length && log.outputs[next]!.step < input.step; next++) yield outputItem(log, next, data);
    yield inputItem(input, data);
  }
  for (; next < log.outputs.length; next++) yield outputItem(log, next, data);
  if (log.console.length > 0) {
    yield {
      ...{ step: from, kind: 'console', channel: 'serial0' },
      object: () => ({ step: from, kind: 'console', to, ...bytesFields(log.console, data) }),
    };
  }
  yield { step: to, kind: 'digest', channel: null, object: () => ({ step: to, kind: 'digest', ...log.digest }) };
}

function inputItem(input: LogFrame['inputs'][number], data: boolean): LogItem {
  const { step } = input;
  if (input.kind === 'module') {
    return {
      ...{ step, kind: 'module', channel: null },
      object: () => ({ step, kind: 'module', serial: input.serial }),
    };
  }
  const { channel, value } = input.input;
  return {
    ...{ step, kind: 'input', channel },
    object: () => ({
      ...{ step, kind: 'input', channel },
      ...(Array.isArray(value)
        ? { values: value }
        : channel === 'network'
          ? bytesFields(value, data)
          : { data: hex(value) }),
    }),
  };
}

function outputItem(log: LogFrame, index: number, data: boolean): LogItem {
  const { step, channel, bytes } = log.outputs[index]!;
  return {
    ...{ step, kind: 'output', channel },
    object: () => ({
      ...{ step, kind: 'output', channel },
      ...(channel === 'network' ? bytesFields(bytes, data) : { data: hex(bytes) }),
    }),
  };
}

/** Differences of the clock's samples, in units of 1/16 ms. Errors: RangeError. */
function samplesOf(clock: Uint8Array, data: boolean): Record<string, unknown> {
  const differences: number[] = [];
  let samples = 0;
  let units = 0;
  for (const reader = new VarintReader(clock); !reader.done; samples++) {
    const difference = reader.next();
    units += difference;
    if (data) differences.push(difference);
  }
  return { samples, units, ...(data && { differences }) };
}
