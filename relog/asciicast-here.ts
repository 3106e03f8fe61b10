/** The stage behind `export --asciicast`: replays a recording and notes when the guest printed what. */
import { UNITS_PER_MS, type Machine } from '../engines/v86/index.js';
import { hasStream } from '../formats/devices.js';
import { DecoupleError } from '../formats/errors.js';
import type { RecordingHeader } from '../formats/recording.js';
import type { AsciicastOptions, AsciicastResult } from './api.js';
import { Asciicast } from './asciicast.js';
import { Replayer } from './replayer.js';
import { recordedInstructions } from './run-length.js';
import { throttled } from './throttle.js';
import { writeWhole } from '../formats/output-file.js';

/** How often the VGA text screen is looked at, in machine time. */
const SCREEN_INTERVAL_SECONDS = 0.1;
/** What such screens have after power-on and, but for a few programs, for ever. */
const SCREEN_SIZE = { columns: 80, rows: 25 };

/** @throws DecoupleError what replaying a recording throws; usage, output-exists, write-failed */
export async function asciicastHere(options: AsciicastOptions): Promise<AsciicastResult> {
  const { channel, output } = options;
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const holder: { machine: Machine | null } = { machine: null };
  let seconds = (): number => 0;
  let cast: Asciicast | null = null;
  let looked = -Infinity;
  const replayer = await Replayer.open(options.input, {
    onOutput: (out) => {
      if (out.channel === channel) cast?.print(seconds(), out.bytes);
    },
    beforeStep: () => {
      cast?.flush();
      const { machine } = holder;
      if (channel !== 'screen' || machine === null || seconds() - looked < SCREEN_INTERVAL_SECONDS) return;
      looked = seconds();
      cast?.show(looked, machine.textScreen());
    },
    onBreath: (machine) => tell({ instructions: machine.engineInstructions, bytes: 0 }),
    signal: options.signal,
  });
  try {
    const { header, machine } = replayer;
    checkChannel(options, header);
    const began = machine.now;
    holder.machine = machine;
    seconds = () => (machine.now - began) / UNITS_PER_MS / 1000;
    cast = new Asciicast(channel === 'screen' ? SCREEN_SIZE : options.size, {
      timestamp: Math.floor((header.epoch + began / UNITS_PER_MS) / 1000),
      title: `${header.guest.name}: ${channel}`,
    });
    await replayer.toEnd();
    if (channel === 'screen') cast.show(seconds(), machine.textScreen());
    writeWhole(output, cast.text(), options.force);
    return { output, channel, events: cast.events, duration: seconds(), cutOff: replayer.reader.cutOff };
  } finally {
    replayer.close();
  }
}

function checkChannel({ channel, input }: AsciicastOptions, { guest }: RecordingHeader): void {
  if (channel === 'screen' || hasStream(guest.devices, channel)) return;
  throw new DecoupleError(
    'usage',
    `The machine of ${input} has no ${channel}.`,
    'Choose another --channel; info says what the machine has.',
  );
}
