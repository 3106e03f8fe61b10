/** The events of a relog, frame by frame, with what the format asks of their order from frame to frame. */
import { damaged, type ContainerReader, type Frame } from '../../formats/container/index.js';
import { EventReader } from '../../formats/event-reader.js';
import { RELOG_FRAME } from '../../formats/relog.js';

export interface RelogEventsOptions {
  /** Frames that end before this position are not unpacked. */
  from?: number;
  /** The first frame that begins behind this position is taken for the end. */
  to?: number;
  /** Every other frame of the file, unpacked if `unpack` says so. */
  onFrame?: (frame: Frame) => void;
  unpack?: (kind: number) => boolean;
}

export class RelogEvents {
  private current: EventReader | null = null;
  private last = 0;
  private ended = false;

  /** @param container behind its header frame */
  constructor(
    readonly container: ContainerReader,
    private readonly options: RelogEventsOptions = {},
  ) {}

  /**
   * The events of the next frame that may have some in the range, or null after the last. Those of the frame before
   * must have been stepped over to their end.
   * @throws DecoupleError damaged; ShapeError
   */
  nextFrame(): EventReader | null {
    const { from = 0, to = Infinity, onFrame, unpack } = this.options;
    this.last = this.current?.position ?? this.last;
    this.ended ||= this.current?.ended ?? false;
    this.current = null;
    for (;;) {
      const frame = this.container.next(({ kind, reach }) =>
        kind === RELOG_FRAME.events ? reach >= BigInt(from) : (unpack?.(kind) ?? false),
      );
      if (frame === null) return null;
      if (frame.kind !== RELOG_FRAME.events) {
        onFrame?.(frame);
        continue;
      }
      if (this.ended) throw damaged(this.container.path, 'there are events after the end');
      onFrame?.(frame);
      if (frame.reach < BigInt(from)) continue;
      const events = new EventReader(frame.payload);
      if (events.base < this.last) {
        throw damaged(this.container.path, 'an events frame begins before the last one ended');
      }
      if (events.base > to) return null;
      this.current = events;
      return events;
    }
  }
}
