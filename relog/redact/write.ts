/** Writes a relog with fillers: what a simulator does with the events, keyframe by keyframe. */
import { Simulator } from '../../engines/unicorn/index.js';
import { ContainerReader, damaged, type ContainerWriter } from '../../formats/container/index.js';
import { applyPages, PAGE_BYTES } from '../../formats/pages.js';
import { readRelogHeader, writeEvents, writeKeyframe, writePages, writeRelogHeader } from '../../formats/relog.js';
import type { Keyframe, RelogHeader } from '../../formats/relog.js';
import { breathe } from '../breathe.js';
import type { StageOptions } from '../api.js';
import { ChangedPages, type RegionNow } from '../changed-pages.js';
import { readRam } from '../simulation.js';
import { lastPosition } from '../run-length.js';
import { throttled } from '../throttle.js';
import { readEpochs, type Epoch } from './epochs.js';
import { fillEvents } from './filled-events.js';
import { OwnValues } from './own-values.js';
import type { Payload } from './payload.js';
import type { Remains } from './remains.js';
import { runEpoch } from './run-epoch.js';

export interface Written {
  position: number;
  start: number;
  events: number;
  keyframes: number;
  /** What the end of the relog said of the recording that it was made from. */
  cutOff: boolean;
}

export class FilledWriter {
  private readonly simulator: Simulator;
  private readonly changed: ChangedPages;
  private readonly values = new OwnValues();
  private readonly tell: ReturnType<typeof throttled>;

  /**
   * @param replaced by arrival
   * @param firstKeyframe number of one before all of them: up to there all stays as it is
   */
  constructor(
    private readonly input: string,
    private readonly header: RelogHeader,
    private readonly replaced: readonly Payload[],
    private readonly firstKeyframe: number,
    private readonly remains: Remains,
    private readonly writer: ContainerWriter,
    private readonly options: StageOptions,
  ) {
    this.simulator = new Simulator({ ram: header.ram });
    this.simulator.follow(header);
    this.simulator.setOwnValues(true);
    this.changed = new ChangedPages(header.ram);
    this.tell = throttled(options.onProgress, () => lastPosition(input));
  }

  close(): void {
    this.simulator.close();
  }

  /** @throws DecoupleError what reading and writing relogs throws */
  async write(): Promise<Written> {
    const { simulator } = this;
    const reader = new ContainerReader(this.input, 'relog');
    try {
      readRelogHeader(reader);
      writeRelogHeader(this.writer, this.header);
      let written = { position: 0, events: 0, keyframes: 0 };
      const { firstKeyframe } = this;
      const epochs = readEpochs(reader, firstKeyframe, {
        onPages: (pages) => applyPages(pages, simulator),
        onKeyframe: (keyframe) => {
          this.keyframe(keyframe);
          if (keyframe.index === firstKeyframe) simulator.loadState(keyframe.state, BigInt(keyframe.position));
        },
      });
      for (const epoch of epochs) {
        const { keyframe, next, firstEvent, events } = epoch;
        if (keyframe.index < firstKeyframe) await this.copy(epoch);
        else {
          await this.epoch(epoch);
          if (next !== null) this.keyframe({ ...next, state: this.stateLike(next) });
        }
        written = {
          position: Number(simulator.position),
          events: firstEvent + events,
          keyframes: keyframe.index + (next === null ? 1 : 2),
        };
      }
      return { ...written, start: this.header.start, cutOff: reader.end?.outcome.cutOff === true };
    } finally {
      reader.close();
    }
  }

  private async copy({ frames }: Epoch): Promise<void> {
    for (const { payload, reach } of frames) writeEvents(this.writer, payload, reach);
    await breathe(this.options.signal);
  }

  private async epoch(epoch: Epoch): Promise<void> {
    const { input: path, simulator, replaced, writer, options } = this;
    const { signal } = options;
    const last = epoch.firstEvent + epoch.events;
    const here = replaced.filter((payload) => payload.first < last && payload.last >= epoch.firstEvent);
    const frames = epoch.frames.map(({ payload, first }) => fillEvents(payload, first, here));
    const end = await runEpoch({ path, epoch, simulator, signal }, frames, () => {
      this.tell({ instructions: Number(simulator.position), bytes: writer.bytes });
      return true;
    });
    // Decided upon was what does not change the path.
    if (end.reason !== 'there') throw damaged(path, 'it changed while it was read');
    this.values.add(simulator.takeOwnValues());
    for (const frame of frames) {
      const { payload, position } = this.values.rewrite(frame);
      writeEvents(writer, payload, position);
      this.remains.look(payload, position, 'events');
    }
  }

  private keyframe(keyframe: Keyframe): void {
    const ram = this.header.ram.map(({ start }) => regionOf(this.simulator, start));
    for (const pages of this.changed.take(ram)) {
      writePages(this.writer, pages, keyframe.position);
      if (keyframe.index <= this.firstKeyframe) this.remains.forget(pages.data);
      else this.remains.look(pages.data, keyframe.position, 'pages');
    }
    writeKeyframe(this.writer, keyframe);
  }

  /** The simulator's state; it does not keep where the last x87 instruction was, which no payload changes. */
  private stateLike({ state: before }: Keyframe): Keyframe['state'] {
    const state = this.simulator.readState();
    const { fop, fip, fcs, fdp, fds } = before.x87;
    return { ...state, x87: { ...state.x87, fop, fip, fcs, fdp, fds } };
  }
}

/** RAM is compared where it is. */
function regionOf(simulator: Simulator, start: number): RegionNow {
  return {
    differs: (before, at, end) => simulator.compareBytes(start + at, before.subarray(at, end), 0).differingWords > 0,
    page: (at) => {
      const bytes = readRam(simulator, start + at, PAGE_BYTES);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    },
  };
}
