/** Writes recordings, relogs and their like: a container whose contents may go into a store instead of the file. */
import { cutsOf, type StoreHint } from '../store/contents.js';
import { StoreWriter } from '../store/store-writer.js';
import { FrameWriter, type WriterOptions } from './frame-writer.js';
import { CODEC_STORE } from './layout.js';

/** Smaller contents cost less where they are. */
const MIN_STORED_BYTES = 16 << 10;
/** Contents are as good as incompressible for what comes after them, and written once: worth some time. */
const CONTENTS_LEVEL = 5;
/** Frames that wait for the store are this long at the most: those with names of lists, a few dozen bytes each. */
const MAX_HELD_BYTES = 256 << 10;

export interface ContainerWriterOptions extends WriterOptions {
  /** The folder of a store that contents go into, instead of the file. */
  store?: string | null | undefined;
}

export class ContainerWriter extends FrameWriter {
  private readonly store: StoreWriter | null;
  /** Frames that name objects which are not on the disk yet: nothing in a file may name what is not there. */
  private held: Uint8Array[] = [];
  private heldBytes = 0;

  /** @throws DecoupleError output-exists, write-failed; store-invalid, version-too-new */
  constructor(options: ContainerWriterOptions) {
    super(options);
    try {
      const { store, path } = options;
      this.store = typeof store === 'string' ? new StoreWriter(store, path) : null;
      // Known before there is anything to need: a collector looks at the file from now on.
      if (!options.temporary) this.store?.commit();
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** For the header of a file that uses a store. */
  get storeHint(): { store?: StoreHint } {
    return this.store === null ? {} : { store: { id: this.store.folder.id, path: this.store.folder.path } };
  }

  /**
   * Appends a frame with contents: pages of RAM, sectors, files. With a store they go there, and the file gets the name
   * of their list.
   * @param payload one CBOR item
   * @returns bytes written to the file
   */
  contents(kind: number, payload: Uint8Array, reach: bigint): number {
    if (this.store === null || payload.length < MIN_STORED_BYTES) {
      return super.frame(kind, payload, reach, CONTENTS_LEVEL);
    }
    const list = this.store.putList(payload, cutsOf(payload));
    return this.appendStored(kind, CODEC_STORE, list, payload.length, reach);
  }

  override frame(kind: number, payload: Uint8Array, reach: bigint, level = 3): number {
    this.settle();
    return super.frame(kind, payload, reach, level);
  }

  override abandon(): void {
    // Those held would name what is not there.
    super.abandon();
    this.store?.close();
  }

  protected override put(bytes: Uint8Array): void {
    // The first bytes come before there is a store; under a temporary name nobody reads them before the end.
    if (this.temporary || !this.store?.pending) {
      super.put(bytes);
      return;
    }
    this.held.push(bytes);
    this.heldBytes += bytes.length;
    if (this.heldBytes > MAX_HELD_BYTES) this.settle();
  }

  protected override beforeEnd(): void {
    this.store?.commit();
    this.release();
  }

  /** What the frames so far need is on the disk, and then they are in the file. */
  private settle(): void {
    if (this.temporary || !this.store?.pending) return;
    this.store.commit();
    this.release();
  }

  private release(): void {
    for (const bytes of this.held.splice(0)) super.put(bytes);
    this.heldBytes = 0;
  }
}
