import type { Argv, CommandModule } from 'yargs';
import { DecoupleError } from '../../formats/errors.js';
import { readInput } from '../../formats/input-file.js';
import { writeWhole } from '../../formats/output-file.js';
import type { NetworkOptions, Progress, RecordResult, SessionStep } from '../../relog/api.js';
import { ConsoleSize } from '../console-size.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import { Keyboard } from '../keyboard.js';
import {
  withAllowFiles,
  type AllowFilesOption,
  withOutput,
  type GlobalOptions,
  type OutputOptions,
} from '../options.js';
import { describeEnd, statusOfEnd } from '../outcome.js';
import { formatPairs, printNote, printResult } from '../output.js';
import { CACHE, refuseExisting } from '../paths.js';
import { runStage } from '../run.js';
import { Screen } from '../screen.js';
import type { SessionKeeper } from '../session-keeper.js';
import { describeShare, parseShare } from '../share.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';
import {
  formatBytes,
  formatCounted,
  formatRun,
  parseAllowed,
  parseForward,
  parseLimit,
  parsePattern,
  parseSeed,
} from '../units.js';

interface RecordArguments extends GlobalOptions, OutputOptions, DiskOption, StoreOption, AllowFilesOption {
  guest: string;
  session: string | undefined;
  start: 'ready' | 'power-on';
  level: 'inputs' | 'device';
  until: string | undefined;
  'until-screen': string | undefined;
  for: string | undefined;
  seed: string;
  share: string | undefined;
  'share-out': string | undefined;
  'share-out-links': boolean;
  console: boolean;
  'save-session': string | undefined;
  net: 'none' | 'user';
  forward: string[];
  allow: string[];
  dns: boolean;
}

function builder(yargs: Argv<GlobalOptions>): Argv<RecordArguments> {
  const options = withDisks(
    withAllowFiles(withOutput(yargs, 'The recording to write')),
    "Image for a drive (hda=PATH), instead of the guest's",
  );
  return withStore(options, 'Store for what the guest starts from; recordings that share one are tiny')
    .positional('guest', {
      type: 'string',
      demandOption: true,
      describe: 'Name of a guest (see guests list) or a spec file',
    })
    .option('session', { type: 'string', requiresArg: true, describe: 'What to type and to wait for (YAML)' })
    .option('start', {
      choices: ['ready', 'power-on'] as const,
      default: 'ready' as const,
      describe: 'From the snapshot of the booted guest, or from power on',
    })
    .option('level', {
      choices: ['inputs', 'device'] as const,
      default: 'inputs' as const,
      describe: 'Write a recording, which costs next to nothing, or at once the relog that would be made of it',
    })
    .option('until', {
      type: 'string',
      requiresArg: true,
      describe: 'End when the console shows this regular expression',
    })
    .option('until-screen', {
      type: 'string',
      requiresArg: true,
      describe: 'End when the VGA text screen shows this regular expression',
    })
    .option('for', { type: 'string', requiresArg: true, describe: 'End after this time (30s) or instructions (500M)' })
    .option('seed', {
      type: 'string',
      requiresArg: true,
      default: '0',
      describe: "Seed of the machine's random numbers",
    })
    .option('share', {
      type: 'string',
      requiresArg: true,
      describe: 'A directory to show the guest as 9p share host9p, dir:ro or dir:rw; taken as it is at the start',
    })
    .option('share-out', {
      type: 'string',
      requiresArg: true,
      describe: 'A new directory for what the guest leaves in a share that it may write to',
    })
    .option('share-out-links', {
      type: 'boolean',
      default: false,
      describe: 'Make links there, too, that lead out of it: what they lead to, the guest has chosen',
    })
    .option('save-session', {
      ...{ type: 'string', requiresArg: true },
      describe: 'Make a session (YAML) of what is typed at the terminal, to be given to --session',
    })
    .option('console', { type: 'boolean', default: false, describe: 'Show what the guest prints' })
    .option('net', {
      choices: ['none', 'user'] as const,
      default: 'none' as const,
      describe:
        "What the guest's network card is plugged into; user: a network of its own, with what --allow and --dns let out",
    })
    .option('allow', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'A port of 127.0.0.1 that the guest may reach at 10.0.2.2: tcp:8000, udp:123, tcp:all (repeatable)',
    })
    .option('dns', {
      type: 'boolean',
      default: false,
      describe: "Ask this computer's resolver for names that the guest asks for, which leads them out",
    })
    .option('forward', {
      type: 'string',
      array: true,
      nargs: 1,
      default: [] as string[],
      describe: 'A port of 127.0.0.1 that leads to one of the guest: tcp:8080:80 (repeatable, needs --net user)',
    })
    .example('$0 record debian-busybox -o run.dcr --session session.yaml', 'Types what the session says')
    .example('$0 record debian-busybox -o run.dcr', "The guest's console on this terminal; Ctrl-] ends it");
}

/** Loaded when it is asked for: it needs YAML, which most commands do not. */
async function newKeeper(args: RecordArguments): Promise<SessionKeeper | null> {
  if (args['save-session'] === undefined) return null;
  const { SessionKeeper } = await import('../session-keeper.js');
  return new SessionKeeper(args.start === 'ready');
}

async function handler(args: RecordArguments): Promise<void> {
  const limit = args.for === undefined ? null : parseLimit(args.for, 'for');
  const until = args.until === undefined ? null : parsePattern(args.until, 'until');
  const untilScreen = args['until-screen'] === undefined ? null : parsePattern(args['until-screen'], 'until-screen');
  const seed = parseSeed(args.seed);
  const network = networkOptions(args);
  const disks = parseDisks(args.disk);
  const interactive = args.session === undefined && until === null && untilScreen === null && limit === null;
  if (interactive && !process.stdin.isTTY) {
    throw new DecoupleError(
      'usage',
      'Nothing says when the recording ends, and there is no terminal to type at.',
      'Give --session, --until, --until-screen or --for.',
    );
  }
  if (args['save-session'] !== undefined) {
    if (!interactive) throw new DecoupleError('usage', '--save-session is for what is typed.', 'Leave it out.');
    refuseExisting(args['save-session'], args.force);
  }
  const share = parseShare(args.share, args['share-out'], args['share-out-links']);
  refuseExisting(args.output, args.force);
  const session = args.session === undefined ? [] : await readSession(args.session);
  const { loadGuest } = await stages.guests();
  const guest = await loadGuest(args.guest, {
    ...{ cacheDir: CACHE, onStep: printNote, disks },
    allowFiles: args['allow-files'],
  });
  const record = await stages.record();

  const showConsole = interactive || args.console;
  const screen = showConsole ? new Screen(args.json ? process.stderr : process.stdout, interactive) : null;
  const keeper = await newKeeper(args);
  let latest: Progress = { instructions: 0, total: null, bytes: 0 };
  const keyboard = interactive
    ? new Keyboard(
        process.stdin,
        (bytes) => {
          keeper?.keys(bytes);
          size?.typed(bytes);
        },
        () => screen?.note(formatStatus(latest)),
      )
    : null;
  const size =
    keyboard === null || screen === null || guest.console === null
      ? null
      : new ConsoleSize(guest.console, process.stdout, (bytes) => keyboard.give(bytes), screen);
  if (interactive) printNote('Recording. Ctrl-] ends it, Ctrl-^ says how far it is.');
  if (guest.ready !== null && args.start === 'ready') size?.begin();
  try {
    const result = await runStage(
      'record',
      (stage) =>
        record({
          guest,
          output: args.output,
          start: args.start,
          level: args.level,
          session,
          until,
          untilScreen,
          share,
          limit,
          seed,
          network,
          force: args.force,
          cacheDir: CACHE,
          store: args.store,
          input: keyboard,
          onConsole:
            screen === null
              ? undefined
              : (bytes) => {
                  // What it asks the terminal from now on would be answered to the user's shell.
                  if (keyboard?.escaped) return;
                  screen.print(bytes);
                  size?.printed(bytes);
                  keeper?.printed(bytes);
                },
          ...stage,
          onProgress: (progress) => {
            latest = progress;
            stage.onProgress?.(progress);
          },
        }),
      { progress: !showConsole, mayEndEarly: true },
    );
    screen?.close();
    keyboard?.close();
    result.warnings.forEach(printNote);
    printResult(args.json, 'record', result, formatResult(result, keyboard?.escaped ?? false));
    process.exitCode = statusOfEnd(result.reason, keyboard?.escaped ?? false);
  } finally {
    size?.close();
    screen?.close();
    keyboard?.close();
    if (keeper !== null) writeWhole(args['save-session']!, keeper.text(), args.force);
  }
}

function formatStatus({ instructions, bytes }: Progress): string {
  return `[recording: ${formatCounted(instructions, 'instruction')}, ${formatBytes(bytes)}; Ctrl-] ends it]`;
}

/** @throws DecoupleError usage */
function networkOptions({ net, forward, allow, dns }: RecordArguments): NetworkOptions | null {
  if (net === 'user')
    return { forwards: forward.map(parseForward), access: { ports: parseAllowed(allow), names: dns } };
  const useless = forward.length > 0 ? '--forward' : allow.length > 0 ? '--allow' : dns ? '--dns' : null;
  if (useless === null) return null;
  throw new DecoupleError('usage', `${useless} needs a network.`, 'Give --net user too.');
}

const SESSION_BYTES = 16 << 20;

/** @throws DecoupleError file-missing, file-unreadable, session-invalid */
async function readSession(path: string): Promise<SessionStep[]> {
  return (await stages.session())(readInput(path, SESSION_BYTES).toString('utf8'), path);
}

function formatResult(result: RecordResult, escaped: boolean): string {
  const { output, reason, instructions, seconds, bytes, logBytes, share } = result;
  const perMillion = instructions > 0 ? logBytes / (instructions / 1e6) : 0;
  return formatPairs([
    ['recording', `${output}, ${formatBytes(bytes)}`],
    ['ended', escaped ? 'by Ctrl-]' : describeEnd(reason)],
    ['ran', formatRun(instructions, seconds)],
    ...(share === undefined ? [] : describeShare(share)),
    ['input log', `${formatBytes(logBytes)}, ${perMillion.toFixed(1)} bytes per million instructions`],
  ]);
}

export const recordCommand: CommandModule<GlobalOptions, RecordArguments> = {
  command: 'record <guest>',
  describe: 'Run a guest and record it',
  builder,
  handler,
};
