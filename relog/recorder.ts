/** Records a guest: runs it live and writes all that a replay needs. Runs inside the machine's own process. */
import { DecoupleError } from '../formats/errors.js';
import type { EndReason, RecordOptions, RecordResult } from './api.js';
import type { ConsoleMatcher } from './console-matcher.js';
import { DeviceSink } from './device-sink.js';
import { openGuestDisks, type GuestDisks } from './disks/guest-disks.js';
import { GuestConsoles } from './guest-consoles.js';
import { imagesOf } from './images.js';
import { engineDied, guestStopped, lastInstruction } from './last-words.js';
import { InputSink } from './input-sink.js';
import { LiveMachine } from './live-machine.js';
import { plugIn } from './plug.js';
import type { RunSink } from './run-sink.js';
import { scanShare } from './share/scan.js';
import { refuseExistingDirectory, writeShare } from './share/write-back.js';
import { PANIC, readySnapshot, type Snapshot } from './snapshot.js';
import { ScreenWatch } from './screen-watch.js';
import { checkChannels, SessionRunner } from './session-runner.js';

/** A log frame at least this often, so that little is lost when everything dies. */
const FLUSH_MS = 250;
const FLUSH_BYTES = 64 << 10;
const PROGRESS_MS = 100;

export type RecorderOptions = Omit<RecordOptions, 'input'> & {
  /** Calls back with what the user types; null at the end of it. Absent when not interactive. */
  onInput?: (handler: (bytes: Uint8Array | null) => void) => void;
  /** The output is there already, made for this recording, with nothing in it. */
  claimed?: boolean;
};

/**
 * Writes in place: the file is readable up to its last frame whatever happens.
 * @throws DecoupleError after the recording is finished in order, when the guest or the session failed
 */
export async function recordHere(options: RecorderOptions): Promise<RecordResult> {
  const { guest, start } = options;
  checkChannels(options.session, guest);
  const scanned = options.share === null ? null : scanShare(options.share, guest);
  if (options.share?.output) refuseExistingDirectory(options.share.output);
  const snapshot = start === 'ready' ? await readySnapshot(guest, options.cacheDir, options.signal) : null;
  const disks = openGuestDisks(guest, snapshot?.overlays);
  try {
    return await recordWith(options, snapshot, disks, scanned);
  } finally {
    disks.close();
  }
}

async function recordWith(
  options: RecorderOptions,
  snapshot: Snapshot | null,
  disks: GuestDisks,
  scanned: ReturnType<typeof scanShare> | null,
): Promise<RecordResult> {
  const { guest, start, seed } = options;
  const images = imagesOf(guest, start);
  const epoch = snapshot?.epoch ?? Date.now();
  const clockStart = snapshot?.clock ?? 0;
  const holder: { live: LiveMachine | null } = { live: null };
  const network = await plugIn(guest, options.network, (value) => holder.live?.input({ channel: 'network', value }));
  let opened: RunSink | null = null;
  try {
    const run = { images, disks, share: scanned?.share ?? null, snapshot, epoch, clockStart };
    const sink: RunSink = options.level === 'device' ? await DeviceSink.create(options) : new InputSink(options, run);
    opened = sink;
    const consoles = new GuestConsoles();
    const printed: number[] = [];
    const live = await LiveMachine.create({
      memory: guest.memory,
      devices: guest.devices,
      images,
      disks: disks.disks,
      share: scanned?.share ?? null,
      snapshot: snapshot?.state ?? null,
      seed,
      epoch,
      clockStart,
      journal: sink.journal,
      probe: sink.probe ?? undefined,
      beforeStep: () => sink.beforeStep(),
      onOutput: (output) => {
        // A step counts as done from its beginning.
        sink.output((holder.live?.machine.steps ?? 1) - 1, output);
        if (output.channel === 'network') network?.receive(output.bytes);
        consoles.push(output);
        if (output.channel === 'serial0') printed.push(...output.bytes);
      },
    });
    holder.live = live;
    sink.start(live.machine);
    const recording = new Recording(options, sink, live, consoles, printed);
    let linksLeftOut: string[] = [];
    const result = await recording.run().finally(() => (linksLeftOut = keepShare(options, live)));
    return scanned === null ? result : { ...result, share: { ...scanned.summary, linksLeftOut } };
  } finally {
    network?.close();
    opened?.abandon();
  }
}

/**
 * What the guest has made of a share goes into a directory of its own, also when the recording ended early.
 * @returns links that were left out
 */
function keepShare({ share }: RecorderOptions, { machine }: LiveMachine): string[] {
  return share?.output && machine.share !== null ? writeShare(machine.share, share.output, share.allLinks) : [];
}

class Recording {
  private readonly began = performance.now();
  private readonly session: SessionRunner;
  private readonly matcher: ConsoleMatcher;
  private readonly until: { matched: boolean } | null;
  private readonly untilScreen: ScreenWatch | null;
  private readonly panic: { matched: boolean };
  private inputEnded = false;
  private flushed = performance.now();
  private told = 0;
  private deadSteps = 0;

  constructor(
    private readonly options: RecorderOptions,
    private readonly sink: RunSink,
    private readonly live: LiveMachine,
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
      failure = known ? error : engineDied(this.options.guest.name, this.live.machine, error);
      reason = known && error.code === 'expect-timeout' ? 'timeout' : known ? 'guest-stopped' : 'engine-died';
      if (known) this.flush();
    }
    const seconds = (performance.now() - this.began) / 1000;
    const done = this.sink.finish(this.live.machine, { reason, failure });
    if (failure !== null) throw failure;
    return { output: this.options.output, reason, seconds, bytes: this.sink.bytes, ...done };
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
      if (now - this.flushed >= FLUSH_MS || this.sink.pendingBytes >= FLUSH_BYTES) this.flush();
      if (now - this.told >= PROGRESS_MS) this.tell(now);
    }
  }

  private over(): EndReason | null {
    const { options, live } = this;
    if (options.signal?.aborted) return 'interrupted';
    if (this.until?.matched || this.untilShown()) return 'until-matched';
    if (this.panic.matched && options.until === null)
      throw guestStopped(live.machine, this.matcher.lastLine(), 'panicked');
    this.deadSteps = live.machine.dead ? this.deadSteps + 1 : 0;
    if (this.deadSteps > 2)
      throw guestStopped(live.machine, this.matcher.lastLine(), `halted for ever, at ${lastInstruction(live.machine)}`);
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
    this.sink.flush(this.live.machine);
  }

  private tell(now: number): void {
    this.told = now;
    const { limit } = this.options;
    this.options.onProgress?.({
      instructions: this.live.machine.engineInstructions,
      total: limit !== null && 'instructions' in limit ? limit.instructions : null,
      bytes: this.sink.bytes,
    });
  }
}
