/** Reads recordings, relogs and their like: a container whose contents may be in a store. */
import { decode } from '../cbor.js';
import { record, ShapeError, text } from '../shape.js';
import { ContentStores, type StoreHint } from '../store/contents.js';
import { HASH_BYTES } from '../store/pack.js';
import { FrameReader } from './frame-reader.js';
import { CODEC_STORE, damaged, type ContainerKind } from './layout.js';

/** Of every kind of container: it says which store is used. */
const HEADER_FRAME = 1;

export class ContainerReader extends FrameReader {
  private stores: ContentStores | null = null;
  private header: Uint8Array | null = null;

  /**
   * @param path of a file or a named pipe; `-` is standard input
   * @param resolveContents false: a payload that is in a store is handed out as the name of its list
   * @throws DecoupleError file-missing, file-unreadable, not-decouple, damaged, version-too-new, wrong-kind
   */
  constructor(
    private readonly file: string,
    private readonly wanted?: ContainerKind,
    private readonly resolveContents = true,
  ) {
    super(file, wanted);
  }

  override close(): void {
    super.close();
    this.stores?.close();
    this.stores = null;
  }

  /** @throws DecoupleError damaged; store-missing, store-invalid, object-missing */
  protected override unpack(stored: Buffer, codec: number, rawLength: number): Uint8Array {
    if (codec === CODEC_STORE) {
      if (stored.length !== HASH_BYTES) throw damaged(this.path, `frame ${this.sequence} has an impossible header`);
      if (!this.resolveContents) return stored;
      this.stores ??= new ContentStores(this.file, this.storeHint());
      return this.stores.payload(stored, rawLength);
    }
    const payload = super.unpack(stored, codec, rawLength);
    if (this.sequence === 0) this.header = payload;
    return payload;
  }

  /** What the header says of the store; null when it says nothing, or has not been read. */
  storeHint(): StoreHint | null {
    const header = this.header ?? this.readHeader();
    if (header === null) return null;
    try {
      const { store } = record(decode(header), 'the header');
      if (store === undefined) return null;
      const { id, path } = record(store, 'store');
      return { id: text(id, 'store.id'), path: text(path, 'store.path') };
    } catch (error) {
      throw damaged(this.path, error instanceof ShapeError ? error.message : 'its header cannot be decoded', error);
    }
  }

  /** For who began in the middle. */
  private readHeader(): Uint8Array | null {
    if (this.sequence === 0 || this.source.size === null) return null;
    const reader = new FrameReader(this.file, this.wanted);
    try {
      const frame = reader.next();
      return frame?.kind === HEADER_FRAME ? frame.payload : null;
    } finally {
      reader.close();
    }
  }
}
