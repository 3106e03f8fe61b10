/** The stage `export`: replays a recording and writes the frames that went in and out of its network card as pcapng. */
import { UNITS_PER_MS, type Machine } from '../engines/v86/index.js';
import { DecoupleError } from '../formats/errors.js';
import { OutputFile } from '../formats/output-file.js';
import { enhancedPacket, interfaceDescription, sectionHeader, type Packet } from '../formats/pcapng.js';
import type { RecordingHeader } from '../formats/recording.js';
import type { ExportOptions, ExportResult } from './api.js';
import { Replayer } from './replayer.js';
import { recordedInstructions } from './run-length.js';
import { throttled } from './throttle.js';

const NANOSECONDS_PER_MS = 1e6;

/** @throws DecoupleError what reading and replaying a recording throws; wrong-kind, output-exists, write-failed */
export async function exportHere(options: ExportOptions): Promise<ExportResult> {
  const began = performance.now();
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const holder: { capture: Capture | null } = { capture: null };
  const replayer = await Replayer.open(options.input, {
    onInput: ({ channel, value }) => {
      if (channel === 'network') holder.capture?.arrives(Uint8Array.from(value));
    },
    onSample: (units) => holder.capture?.sampled(units),
    onOutput: ({ channel, bytes }) => {
      if (channel === 'network') holder.capture?.leaves(bytes);
    },
    onBreath: (machine) => tell({ instructions: machine.engineInstructions, bytes: holder.capture?.file.bytes ?? 0 }),
    signal: options.signal,
  });
  try {
    const { machine, header, reader } = replayer;
    if (header.guest.devices.network === 'none') throw noCard(options.input, header.guest.name);
    const capture = new Capture(new OutputFile(options.output, options.force), machine, header);
    holder.capture = capture;
    await replayer.toEnd();
    capture.file.finish();
    return {
      output: options.output,
      framesIn: capture.frames.in,
      framesOut: capture.frames.out,
      bytes: capture.file.bytes,
      instructions: machine.engineInstructions,
      seconds: (performance.now() - began) / 1000,
      cutOff: reader.cutOff,
    };
  } finally {
    holder.capture?.file.abandon();
    replayer.close();
  }
}

class Capture {
  readonly frames = { in: 0, out: 0 };
  /** Arrived since the last step, at the time that the next one samples. */
  private arrived: Uint8Array[] = [];

  constructor(
    readonly file: OutputFile,
    private readonly machine: Machine,
    private readonly header: RecordingHeader,
  ) {
    const { guest, engine } = header;
    file.write(sectionHeader(`decouple, a recording made with ${engine.name} ${engine.version}`));
    file.write(interfaceDescription('net0', `network card (${guest.devices.network}) of ${guest.name}`));
  }

  arrives(frame: Uint8Array): void {
    this.arrived.push(frame);
  }

  leaves(frame: Uint8Array): void {
    this.write('out', frame, this.machine.now);
  }

  sampled(units: number): void {
    for (const frame of this.arrived.splice(0)) this.write('in', frame, units);
  }

  private write(direction: Packet['direction'], frame: Uint8Array, units: number): void {
    const { steps, engineInstructions } = this.machine;
    // A step counts from its clock sample on; numbers of steps are those of the log, from 0.
    const step = direction === 'in' ? steps : steps - 1;
    const since = Math.round((units / UNITS_PER_MS) * NANOSECONDS_PER_MS);
    const time = BigInt(this.header.epoch) * BigInt(NANOSECONDS_PER_MS) + BigInt(since);
    this.frames[direction]++;
    const comment = `step ${step}, which begins after ${engineInstructions} instructions of the engine's count`;
    this.file.write(enhancedPacket({ direction, time, comment, frame }));
  }
}

function noCard(path: string, guest: string): DecoupleError {
  return new DecoupleError(
    'wrong-kind',
    `${path} is a recording of ${guest}, which has no network card.`,
    'Record a guest with one, such as debian-net, with --net user.',
  );
}
