/** The stage `replay`: runs a recording again and, if asked to, compares it with the digests taken while recording. */
import { crc32 } from '../formats/checksum.js';
import { DecoupleError } from '../formats/errors.js';
import type { ReplayOptions, ReplayResult } from './api.js';
import { compareDigest } from './digest.js';
import { portLine } from './port-lines.js';
import { Replayer } from './replayer.js';
import { recordedInstructions } from './run-length.js';
import { throttled } from './throttle.js';

export async function replayHere(options: ReplayOptions): Promise<ReplayResult> {
  const began = performance.now();
  const printed: number[] = [];
  const show = (): void => {
    if (printed.length > 0) options.onConsole?.(Uint8Array.from(printed.splice(0)));
  };
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const ports = new Set(options.showPorts);
  const replayer = await Replayer.open(options.input, {
    onOutput: ({ channel, bytes }) => {
      if (channel === 'serial0' && ports.size === 0) printed.push(...bytes);
    },
    portWatch:
      ports.size === 0
        ? undefined
        : { ports, wrote: (port, value, bytes) => void printed.push(...portLine(port, value, bytes)) },
    onBreath: (machine) => {
      show();
      tell({ instructions: machine.engineInstructions, bytes: 0 });
    },
    disks: options.disks,
    signal: options.signal,
  });
  const { machine, reader } = replayer;
  let digests = 0;
  let mismatch: ReplayResult['mismatch'] = null;
  try {
    for (let frame = await replayer.frame(); frame !== null; frame = await replayer.frame()) {
      show();
      if (!options.verify) continue;
      digests++;
      const what = compareDigest(machine, replayer.outputs, frame.digest);
      if (what !== null) {
        mismatch = { afterTick: frame.from, beforeTick: frame.to, what };
        break;
      }
    }
    show();
    const ram = reader.end?.outcome.ram;
    if (options.verify && mismatch === null && typeof ram === 'number') {
      digests++;
      if (crc32(machine.ram()) !== ram) mismatch = { afterTick: 0, beforeTick: machine.steps, what: 'RAM at the end' };
    }
    for (const { drive, overlay } of options.verify && mismatch === null ? replayer.disks : []) {
      const recorded = replayer.recordedOverlay(drive);
      if (recorded === null) continue;
      digests++;
      if (recorded.crc() !== overlay.crc()) {
        mismatch = { afterTick: 0, beforeTick: machine.steps, what: `what was written to ${drive}` };
      }
    }
  } finally {
    replayer.close();
  }
  if (mismatch !== null) throw mismatchError(options.input, mismatch);
  return {
    instructions: machine.engineInstructions,
    seconds: (performance.now() - began) / 1000,
    digests,
    mismatch,
    cutOff: reader.cutOff,
  };
}

function mismatchError(path: string, mismatch: NonNullable<ReplayResult['mismatch']>): DecoupleError {
  return new DecoupleError(
    'replay-mismatch',
    `The replay of ${path} differs from the recording in ${mismatch.what}, between step ${mismatch.afterTick} and step ${mismatch.beforeTick}.`,
    'Report it: it is a bug in decouple or in this machine.',
  );
}
