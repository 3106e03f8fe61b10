/** The stage `screenshot`: replays a recording up to a position and draws what the guest's screen shows there. */
import { PNG } from 'pngjs';
import type { ScreenshotOptions, ScreenshotResult } from './api.js';
import { DecoupleError } from '../formats/errors.js';
import { Replayer } from './replayer.js';
import { recordedInstructions } from './run-length.js';
import { throttled } from './throttle.js';
import { writeWhole } from '../formats/output-file.js';

/** @throws DecoupleError what replaying a recording throws; usage, output-exists, write-failed */
export async function screenshotHere(options: ScreenshotOptions): Promise<ScreenshotResult> {
  const { at, output } = options;
  const tell = throttled(options.onProgress, () => at ?? recordedInstructions(options.input));
  const replayer = await Replayer.open(options.input, {
    onBreath: (machine) => tell({ instructions: machine.engineInstructions, bytes: 0 }),
    stop: at === null ? undefined : (machine) => machine.engineInstructions >= at,
    signal: options.signal,
  });
  try {
    await replayer.toEnd();
    const { machine } = replayer;
    if (at !== null && machine.engineInstructions < at) throw beyond(options.input, at, machine.engineInstructions);
    const rows = machine.textScreen().map((row) => row.trimEnd());
    const { showsText, engineInstructions: instructions } = machine;
    const { width, height, rgba } = await machine.picture();
    if (output !== null) {
      const png = new PNG({ width, height });
      png.data = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.byteLength);
      writeWhole(output, PNG.sync.write(png, { colorType: 2 }), options.force);
    }
    const mode = showsText ? 'text' : 'graphics';
    return { output, instructions, mode, width, height, text: showsText ? rows : null, cutOff: replayer.reader.cutOff };
  } finally {
    replayer.close();
  }
}

function beyond(path: string, at: number, end: number): DecoupleError {
  return new DecoupleError(
    'usage',
    `${path} ends at ${end} instructions, before ${at}.`,
    'Give a position within the recording, or end.',
  );
}
