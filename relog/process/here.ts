/** Which function a stage is: run in the process that asks. */
import type {
  AsciicastOptions,
  ExportOptions,
  RelogOptions,
  ReplayOptions,
  ScreenshotOptions,
  StageOptions,
} from '../api.js';
import type { AnalyzeApartOptions } from '../analyze-apart.js';
import type { ExplainHereOptions } from '../explain/explain-here.js';
import type { HealHereOptions } from '../heal/heal-here.js';
import type { OverlayOptions } from '../disks/overlay-here.js';
import type { PlainOptions } from '../plain.js';
import type { RecorderOptions } from '../recorder.js';
import type { VerifyApartOptions } from '../verify-apart.js';
import type { StageName } from './protocol.js';

export interface StageHooks extends StageOptions {
  onConsole?: ((bytes: Uint8Array) => void) | undefined;
  /** Takes the handler of what is typed. */
  listen: NonNullable<RecorderOptions['onInput']>;
}

export async function runHere(stage: StageName, options: unknown, { listen, ...hooks }: StageHooks): Promise<unknown> {
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
    case 'heal': {
      const { healHere } = await import('../heal/heal-here.js');
      return healHere({ ...(options as HealHereOptions), ...hooks });
    }
    case 'verify': {
      const { verifyHere } = await import('../verify-apart.js');
      return verifyHere({ ...(options as VerifyApartOptions), ...hooks });
    }
    case 'analyze': {
      const { analyzeHere } = await import('../analyze-apart.js');
      return analyzeHere({ ...(options as AnalyzeApartOptions), ...hooks });
    }
    case 'relog': {
      const { relogHere } = await import('../relog-here.js');
      return relogHere({ ...(options as RelogOptions), ...hooks });
    }
  }
}
