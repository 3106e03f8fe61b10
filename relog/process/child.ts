/** The entry point of a stage's process. */
import { DecoupleError } from '../../formats/errors.js';
import type {
  AsciicastOptions,
  ExportOptions,
  RelogOptions,
  ReplayOptions,
  ScreenshotOptions,
  StageOptions,
} from '../api.js';
import type { ExplainHereOptions } from '../explain/explain-here.js';
import type { OverlayOptions } from '../disks/overlay-here.js';
import type { PlainOptions } from '../plain.js';
import type { RecorderOptions } from '../recorder.js';
import type { StageName, ToChild, ToParent } from './protocol.js';

const abort = new AbortController();
/** Typed before anybody listens. */
const early: (Uint8Array | null)[] = [];
let onInput: (bytes: Uint8Array | null) => void = (bytes) => void early.push(bytes);

const say = (message: ToParent, then: () => void = () => undefined): void => {
  if (process.connected) process.send!(message, undefined, undefined, then);
};

const hooks: StageOptions & { onConsole: (bytes: Uint8Array) => void } = {
  signal: abort.signal,
  onProgress: (progress) => say({ kind: 'progress', progress }),
  onConsole: (bytes) => say({ kind: 'console', bytes }),
};

// Ctrl-C reaches the whole process group; the parent decides and says `abort`.
process.on('SIGINT', () => undefined);
// Without a parent nobody wants the result: end in order, keeping what is written.
process.on('disconnect', () => abort.abort());
process.on('message', (message: ToChild) => {
  if (message.kind === 'abort') abort.abort();
  else if (message.kind === 'input') onInput(message.bytes);
  else void start(message.stage, message.options);
});

async function start(stage: StageName, options: unknown): Promise<void> {
  let reply: ToParent;
  try {
    reply = { kind: 'result', result: await run(stage, options) };
  } catch (error) {
    reply = errorReply(error);
  }
  say(reply, () => process.exit(0));
  if (!process.connected) process.exit(0);
}

async function run(stage: StageName, options: unknown): Promise<unknown> {
  switch (stage) {
    case 'record': {
      const { recordHere } = await import('../recorder.js');
      const { interactive, ...rest } = options as RecorderOptions & { interactive: boolean };
      const onInputOption = interactive ? { onInput: listen } : {};
      return recordHere({ ...rest, ...hooks, ...onInputOption });
    }
    case 'replay': {
      const { replayHere } = await import('../replay-here.js');
      return replayHere({ ...(options as ReplayOptions), ...hooks });
    }
    case 'plain': {
      const { plainHere } = await import('../plain.js');
      return plainHere(options as PlainOptions);
    }
    case 'export': {
      const { exportHere } = await import('../export-here.js');
      return exportHere({ ...(options as ExportOptions), ...hooks });
    }
    case 'screenshot': {
      const { screenshotHere } = await import('../screenshot-here.js');
      return screenshotHere({ ...(options as ScreenshotOptions), ...hooks });
    }
    case 'disk': {
      const { overlayHere } = await import('../disks/overlay-here.js');
      return overlayHere({ ...(options as OverlayOptions), ...hooks });
    }
    case 'asciicast': {
      const { asciicastHere } = await import('../asciicast-here.js');
      return asciicastHere({ ...(options as AsciicastOptions), ...hooks });
    }
    case 'explain': {
      const { explainHere } = await import('../explain/explain-here.js');
      return explainHere({ ...(options as ExplainHereOptions), ...hooks });
    }
    case 'relog': {
      const { relogHere } = await import('../relog-here.js');
      return relogHere({ ...(options as RelogOptions), ...hooks });
    }
  }
}

function listen(handler: typeof onInput): void {
  onInput = handler;
  early.splice(0).forEach(handler);
}

function errorReply(error: unknown): ToParent {
  const known = error instanceof DecoupleError ? error : null;
  return {
    kind: 'error',
    code: known?.code ?? null,
    message: error instanceof Error ? error.message : String(error),
    advice: known?.advice ?? '',
    stack: (error instanceof Error ? error.stack : undefined) ?? '',
  };
}
