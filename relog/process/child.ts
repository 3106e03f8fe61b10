/** The entry point of a stage's process. */
import { DecoupleError, hasSystemCode } from '../../formats/errors.js';
import { setProcessId } from '../../formats/processes.js';
import { runHere, type StageHooks } from './here.js';
import { stayInThisProcess } from './parent.js';
import type { StageName, ToChild, ToParent } from './protocol.js';
import { ENDING_SIGNALS } from './signals.js';

// A stage within a stage: this process may start no other.
stayInThisProcess(runHere);

let confined = false;
const abort = new AbortController();
/** Typed before anybody listens. */
const early: (Uint8Array | null)[] = [];
let onInput: (bytes: Uint8Array | null) => void = (bytes) => void early.push(bytes);

const say = (message: ToParent, then: () => void = () => undefined): void => {
  if (process.connected) process.send!(message, undefined, undefined, then);
};

const hooks: StageHooks = {
  signal: abort.signal,
  onProgress: (progress) => say({ kind: 'progress', progress }),
  onConsole: (bytes) => say({ kind: 'console', bytes }),
  listen,
};

// Ctrl-C and a terminal that closes reach the whole process group; the parent decides and says `abort`.
for (const signal of ENDING_SIGNALS) process.on(signal, () => undefined);
// What escapes from the engine while nobody waits for it ends the machine, and is said like any other error.
process.on('uncaughtException', (error) => {
  const message = `The machine died: ${error.message}.`;
  say(
    errorReply(new DecoupleError('engine-died', message, 'What was written until then is valid.', { cause: error })),
    () => process.exit(0),
  );
});
// Without a parent nobody wants the result: end in order, keeping what is written.
process.on('disconnect', () => abort.abort());
process.on('message', (message: ToChild) => {
  if (message.kind === 'abort') abort.abort();
  else if (message.kind === 'input') onInput(message.bytes);
  else {
    setProcessId(message.processId);
    confined = message.confined;
    void start(message.stage, message.options);
  }
});

async function start(stage: StageName, options: unknown): Promise<void> {
  let reply: ToParent;
  try {
    reply = { kind: 'result', result: await runHere(stage, options, hooks) };
  } catch (error) {
    reply = errorReply(error);
  }
  say(reply, () => process.exit(0));
  if (!process.connected) process.exit(0);
}

function listen(handler: typeof onInput): void {
  onInput = handler;
  early.splice(0).forEach(handler);
}

function errorReply(error: unknown): ToParent {
  const known = error instanceof DecoupleError ? error : outOfReach(error);
  return {
    kind: 'error',
    code: known?.code ?? null,
    message: known?.message ?? (error instanceof Error ? error.message : String(error)),
    advice: known?.advice ?? '',
    stack: (error instanceof Error ? error.stack : undefined) ?? '',
  };
}

/** A file that a confined process does not see: nothing of ours asks for one. */
function outOfReach(error: unknown): DecoupleError | null {
  if (!confined || !hasSystemCode(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) return null;
  const { path } = error as NodeJS.ErrnoException;
  const message = `The machine's process tried to use ${path ?? 'a file'}, which it may not see: ${(error as Error).message}.`;
  return new DecoupleError('engine-died', message, 'Report it (docs/security.md).', { cause: error });
}
