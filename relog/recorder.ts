/** Records a guest: runs it live and writes all that a replay needs. Runs inside the machine's own process. */
import { crc32 } from '../formats/checksum.js';
import { ContainerWriter } from '../formats/container/index.js';
import { DecoupleError } from '../formats/errors.js';
import { writeBlob, writeHeader, writeLog } from '../formats/recording.js';
import { enginePackage } from '../engines/v86/index.js';
import { encodeShare } from '../formats/share.js';
import type { EndReason, RecordOptions, RecordResult } from './api.js';
import type { ConsoleMatcher } from './console-matcher.js';
import { GuestConsoles } from './guest-consoles.js';
import { blobsOf, imagesOf } from './images.js';
import { LiveMachine } from './live-machine.js';
import { LogBuilder } from './log-builder.js';
import { scanShare } from './share/scan.js';
import { refuseExistingDirectory, writeShare } from './share/write-back.js';
import { PANIC, readySnapshot } from './snapshot.js';
import { ScreenWatch } from './screen-watch.js';
import { checkChannels, SessionRunner } from './session-runner.js';

/** A log frame at least this often, so that little is lost when everything dies. */
const FLUSH_MS = 250;
const FLUSH_BYTES = 64 << 10;
const PROGRESS_MS = 100;

export type RecorderOptions = Omit<RecordOptions, 'input'> & {
  /** Calls back with what the user types; null at the end of it. Absent when not interactive. */
  onInput?: (handler: (bytes: Uint8Array | null) => void) => void;
};

/**
 * Writes the recording in place: it is readable up to its last frame whatever happens.
 * @throws DecoupleError after the recording is finished in order, when the guest or the session failed
 */
export async function recordHere(options: RecorderOptions): Promise<RecordResult> {
  const { guest, start } = options;
  checkChannels(options.session, guest);
  const scanned = options.share === null ? null : scanShare(options.share, guest);
  if (options.share?.output) refuseExistingDirectory(options.share.output);
  const snapshot = start === 'ready' ? await readySnapshot(guest, options.cacheDir, options.signal) : null;
  const images = imagesOf(guest, start);
  const epoch = snapshot?.epoch ?? Date.now();
  const clockStart = snapshot?.clock ?? 0;
  const engine = enginePackage();
  const writer = new ContainerWriter({
    path: options.output,
    kind: 'recording',
    temporary: false,
    force: options.force,
  });
  try {
    writeHeader(writer, {
      engine: { name: engine.name, version: engine.version, hash: engine.hash },
      guest: { name: guest.name, hash: guest.hash, memory: guest.memory, devices: guest.devices },
      start,
      seed: options.seed,
      epoch,
      clockStart,
      cmdline: images.cmdline ?? null,
    });
    for (const [name, bytes] of blobsOf(images)) writeBlob(writer, name, bytes);
    if (snapshot !== null) writeBlob(writer, 'snapshot', snapshot.state);
    if (scanned !== null) writeBlob(writer, 'share', encodeShare(scanned.share));
    const log = new LogBuilder(clockStart);
    const consoles = new GuestConsoles();
    const printed: number[] = [];
    const holder: { live: LiveMachine | null } = { live: null };
    const live = await LiveMachine.create({
      memory: guest.memory,
      devices: guest.devices,
      images,
      share: scanned?.share ?? null,
      snapshot: snapshot?.state ?? null,
      seed: options.seed,
      epoch,
      clockStart,
      journal: log,
      onOutput: (output) => {
        log.deviceOutput(holder.live?.machine.steps ?? 0, output);
        consoles.push(output);
        if (output.channel === 'serial0') printed.push(...output.bytes);
      },
    });
    holder.live = live;
    const recording = new Recording(options, writer, live, log, consoles, printed);
    const result = await recording.run().finally(() => keepShare(options, live));
    return scanned === null ? result : { ...result, share: scanned.summary };
  } finally {
    writer.abandon();
  }
}

/** What the guest has made of a share goes into a directory of its own, also when the recording ended early. */
function keepShare({ share }: RecorderOptions, { machine }: LiveMachine): void {
  if (share?.output && machine.share !== null) writeShare(machine.share, share.output);
}

class Recording {
  private readonly began = performance.now();
  private readonly session: SessionRunner;
  private readonly matcher: ConsoleMatcher;
  private readonly until: { matched: boolean } | null;
  private readonly untilScreen: ScreenWatch | null;
  private readonly panic: { matched: boolean };
  private inputEnded = false;
  private logBytes = 0;
  private flushed = performance.now();
  private told = 0;
  private deadSteps = 0;

  constructor(
    private readonly options: RecorderOptions,
    private readonly writer: ContainerWriter,
    private readonly live: LiveMachine,
    private readonly log: LogBuilder,
    private readonly consoles: GuestConsoles,
    private readonly printed: number[],
  ) {
    this.matcher = consoles.of('serial0');
    this.session = new SessionRunner(
      options.session,
      {
        input: (input) => live.input(input),
        matcher: (channel) => consoles.of(channel),
        screen: () => live.machine.textScreen(),
      },
      () => performance.now(),
    );
    this.until = options.until === null ? null : this.matcher.expect(options.until);
    this.untilScreen = options.untilScreen === null ? null : new ScreenWatch(options.untilScreen);
    this.panic = this.matcher.expect(PANIC);
    options.onInput?.((bytes) =>
      bytes === null ? (this.inputEnded = true) : live.input({ channel: 'serial0', value: bytes }),
    );
  }

  async run(): Promise<RecordResult> {
    let reason: EndReason;
    let failure: DecoupleError | null = null;
    try {
      reason = await this.steps();
    } catch (error) {
      // The machine's memory may be in the middle of anything: the log since the last frame is given up.
      const known = error instanceof DecoupleError;
      if (known && error.code === 'write-failed') throw error;
      failure = known ? error : engineDied(this.options.guest.name, error);
      reason = known && error.code === 'expect-timeout' ? 'timeout' : known ? 'guest-stopped' : 'engine-died';
      if (known) this.flush();
    }
    const seconds = (performance.now() - this.began) / 1000;
    const { machine } = this.live;
    const ram = reason === 'engine-died' ? null : crc32(machine.ram());
    const outcome = {
      reason,
      steps: machine.steps,
      instructions: machine.engineInstructions,
      ram,
      what: failure?.message ?? null,
    };
    this.writer.finish(outcome, BigInt(machine.steps));
    if (failure !== null) throw failure;
    return {
      output: this.options.output,
      reason,
      instructions: machine.engineInstructions,
      seconds,
      bytes: this.writer.bytes,
      logBytes: this.logBytes,
    };
  }

  /** @throws DecoupleError expect-timeout, guest-stopped, write-failed */
  private async steps(): Promise<EndReason> {
    for (;;) {
      this.consoles.flush();
      this.session.advance();
      const reason = this.over();
      if (reason !== null) {
        this.flush();
        return reason;
      }
      await this.live.step(10);
      this.show();
      const now = performance.now();
      if (now - this.flushed >= FLUSH_MS || this.log.pendingBytes >= FLUSH_BYTES) this.flush();
      if (now - this.told >= PROGRESS_MS) this.tell(now);
    }
  }

  private over(): EndReason | null {
    const { options, live } = this;
    if (options.signal?.aborted) return 'interrupted';
    if (this.until?.matched || this.untilShown()) return 'until-matched';
    if (this.panic.matched && options.until === null) throw guestStopped(this.matcher.lastLine(), 'panicked');
    this.deadSteps = live.machine.dead ? this.deadSteps + 1 : 0;
    if (this.deadSteps > 2) throw guestStopped(this.matcher.lastLine(), 'halted for ever');
    if (options.session.length > 0 && this.session.done) return 'session-done';
    if (this.inputEnded) return 'interrupted';
    const { limit } = options;
    if (limit !== null && 'seconds' in limit && performance.now() - this.began >= limit.seconds * 1000) return 'limit';
    if (limit !== null && 'instructions' in limit && live.machine.engineInstructions >= limit.instructions)
      return 'limit';
    return null;
  }

  private untilShown(): boolean {
    const { machine } = this.live;
    return this.untilScreen?.matches({ screen: () => machine.textScreen() }, performance.now()) ?? false;
  }

  private show(): void {
    if (this.printed.length > 0) this.options.onConsole?.(Uint8Array.from(this.printed.splice(0)));
  }

  private flush(): void {
    this.flushed = performance.now();
    this.logBytes += writeLog(this.writer, this.log.take(this.live.machine));
  }

  private tell(now: number): void {
    this.told = now;
    this.options.onProgress?.({
      instructions: this.live.machine.engineInstructions,
      total: null,
      bytes: this.writer.bytes,
    });
  }
}

function guestStopped(lastLine: string, how: string): DecoupleError {
  return new DecoupleError(
    'guest-stopped',
    `The guest ${how}; its last line was ${JSON.stringify(lastLine)}.`,
    'The recording up to that moment is valid: replay, relog and analyse it to see why.',
  );
}

function engineDied(guest: string, cause: unknown): DecoupleError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new DecoupleError(
    'engine-died',
    `The machine died while it ran ${guest}: ${why}.`,
    'The recording is valid up to a moment before; report the guest, as it does what the engine cannot.',
    { cause },
  );
}
