/**
 * The errors a user can meet. Every one has a code, a sentence that says what is wrong and one that says what to do;
 * the command line prints those and exits with the status of the code's class.
 */

/** Classes of exit status: one number for each thing a script may want to tell apart. */
export const EXIT_STATUS = {
  ok: 0,
  internal: 1,
  usage: 2,
  input: 3,
  kind: 4,
  damaged: 5,
  version: 6,
  engine: 7,
  guest: 8,
  notReady: 9,
  stopped: 10,
  diverged: 11,
  exists: 12,
  write: 13,
  simulator: 14,
  port: 15,
  disk: 16,
  store: 17,
  redact: 18,
  heal: 19,
  interrupted: 130,
} as const;

export type ExitClass = keyof typeof EXIT_STATUS;

/** What each class means, as the README and `decouple --help` tell it. */
export const EXIT_MEANING: Record<ExitClass, string> = {
  ok: 'everything asked for was done',
  internal: 'a bug in decouple; `--debug` shows where',
  usage: 'the command line, or a session file, cannot be understood',
  input: 'an input file is missing or cannot be read',
  kind: 'the input is not a decouple file, or not of the kind the command takes',
  damaged: 'the input is damaged, or breaks the rules of its format',
  version: 'the input was made by a newer decouple',
  engine: 'the recording was made by another build of the machine',
  guest: 'the guest is unknown, its spec is invalid, or it could not be built',
  notReady: 'the guest did not become ready, or did not print what was expected, in time',
  stopped: 'the guest stopped for good, or the machine died; what was recorded until then is valid',
  diverged: 'replay or simulation differs from the record, or two files from each other',
  exists: 'the output exists already and --force was not given',
  write: 'the output could not be written (disk full?)',
  simulator: 'the simulator is not built or cannot be loaded',
  port: 'a port of this computer that was to be forwarded cannot be listened at',
  disk: 'a disk image is missing, is not the one that was recorded, or cannot be a disk',
  store: 'a store is missing, cannot be used, or lacks what the file needs',
  redact: 'nothing in the relog can be redacted',
  heal: 'the relog cannot be healed',
  interrupted: 'interrupted (Ctrl-C); what was written until then is valid',
};

/** The class of every error code: the one table from code to exit status. */
const CLASS_OF = {
  usage: 'usage',
  'session-invalid': 'usage',
  'file-missing': 'input',
  'file-unreadable': 'input',
  'not-decouple': 'kind',
  'wrong-kind': 'kind',
  damaged: 'damaged',
  'relog-malformed': 'damaged',
  'version-too-new': 'version',
  'engine-differs': 'engine',
  'guest-unknown': 'guest',
  'guest-invalid': 'guest',
  'guest-build-failed': 'guest',
  'network-unreachable': 'guest',
  'guest-not-ready': 'notReady',
  'expect-timeout': 'notReady',
  'guest-stopped': 'stopped',
  'engine-died': 'stopped',
  diverged: 'diverged',
  'replay-mismatch': 'diverged',
  'output-exists': 'exists',
  'write-failed': 'write',
  'simulator-unavailable': 'simulator',
  'port-unavailable': 'port',
  'disk-missing': 'disk',
  'disk-differs': 'disk',
  'disk-invalid': 'disk',
  'store-missing': 'store',
  'store-invalid': 'store',
  'object-missing': 'store',
  'not-redactable': 'redact',
  'not-healable': 'heal',
  interrupted: 'interrupted',
  internal: 'internal',
} as const satisfies Record<string, ExitClass>;

export type ErrorCode = keyof typeof CLASS_OF;

export const ERROR_CODES = Object.keys(CLASS_OF) as ErrorCode[];

/** Exit status of the process that ends with this error. */
export function exitStatus(code: ErrorCode): number {
  return EXIT_STATUS[CLASS_OF[code]];
}

/** Codes whose errors end with the status of `exitClass`. */
export function codesOf(exitClass: ExitClass): ErrorCode[] {
  return ERROR_CODES.filter((code) => CLASS_OF[code] === exitClass);
}

export class DecoupleError extends Error {
  override readonly name = 'DecoupleError';
  readonly details: string;

  /**
   * @param code what kind of error, decides the exit status
   * @param message what is wrong, one sentence, naming the file or the guest
   * @param advice what to do about it, one sentence
   * @param options.details what another program said of it, in lines
   */
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly advice: string,
    options?: { cause?: unknown; details?: string },
  ) {
    super(message, options);
    this.details = options?.details ?? '';
  }
}

/** True for errors with this system code (`ENOENT`, `ENOSPC`, ...), which Node sets as `code` on its own errors. */
export function hasSystemCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The error to show when `path`, an input, could not be opened or read; one of ours says so already. */
export function inputError(path: string, error: unknown): DecoupleError {
  if (error instanceof DecoupleError) return error;
  if (hasSystemCode(error, 'ENOENT', 'ENOTDIR')) {
    return new DecoupleError('file-missing', `${path} does not exist.`, 'Check the path.', { cause: error });
  }
  const why = error instanceof Error ? error.message : String(error);
  const advice = hasSystemCode(error, 'EISDIR')
    ? 'Give a file, not a directory.'
    : 'Check its permissions and the disk.';
  return new DecoupleError('file-unreadable', `${path} cannot be read: ${why}.`, advice, { cause: error });
}

/** The error to show when `path`, an output, is there already and nobody said it may be replaced. @param force whether that can be said */
export function outputExists(path: string, cause?: unknown, force = true): DecoupleError {
  const advice = force ? 'Choose another name, or give --force to replace it.' : 'Choose another name.';
  return new DecoupleError('output-exists', `${path} exists already.`, advice, { cause });
}

/** The same for what may be an error of ours already, which says more. */
export function asOutputError(path: string, error: unknown): DecoupleError {
  return error instanceof DecoupleError ? error : outputError(path, error);
}

/** The error to show when `path`, an output, could not be created or written. */
export function outputError(path: string, error: unknown): DecoupleError {
  if (hasSystemCode(error, 'EEXIST')) return outputExists(path, error);
  const full = hasSystemCode(error, 'ENOSPC', 'EDQUOT');
  const why = full ? 'the disk is full' : error instanceof Error ? error.message : String(error);
  const advice = full ? 'Free some space and run it again.' : 'Check that the directory exists and may be written to.';
  return new DecoupleError('write-failed', `${path} cannot be written: ${why}.`, advice, { cause: error });
}
