/**
 * Puts objects into a store for one file. What is committed is on the disk; a writer that dies leaves at most a
 * temporary file behind. Any number of writers may work at once: an object written twice is there twice, no more.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MAX_PAYLOAD_BYTES } from '../container/layout.js';
import { asOutputError } from '../errors.js';
import { processId } from '../processes.js';
import { StoreFolder, syncFolder, writeDurably } from './folder.js';
import { HASH_BYTES, keyOf, nameOf, PackWriter } from './pack.js';
import { writeRoot } from './roots.js';
import { PACK_SUFFIX, Store } from './store.js';

/** A pack's directory must fit in a frame, and in memory. */
const OBJECTS_PER_PACK = 500_000;

export class StoreWriter {
  readonly folder: StoreFolder;
  private readonly store: Store;
  private readonly lease: string;
  private pack: PackWriter | null = null;
  private readonly lists: Buffer[] = [];
  private closed = false;

  /**
   * @param file what refers to the objects: a root of the store from now on
   * @throws DecoupleError store-invalid, version-too-new, damaged, write-failed
   */
  constructor(
    path: string,
    private readonly file: string,
  ) {
    this.folder = StoreFolder.openOrCreate(path);
    this.lease = join(this.folder.folder('leases'), `${randomUUID()}.json`);
    try {
      for (const name of ['packs', 'roots', 'leases'] as const) this.folder.folder(name, true);
      // Before it looks what is there: a collector then leaves alone what it finds.
      const lease = { pid: processId(), host: hostname(), since: Date.now() };
      writeDurably(this.lease, JSON.stringify(lease), false);
    } catch (error) {
      throw asOutputError(path, error);
    }
    this.store = Store.of(this.folder);
  }

  /** Whether there are objects that only a commit makes last. */
  get pending(): boolean {
    return this.pack !== null;
  }

  /**
   * Puts a byte string in, cut into objects.
   * @param cuts where objects end, rising; the last is the length
   * @returns the name of the list of its objects, which is an object, too
   */
  putList(content: Uint8Array, cuts: readonly number[]): Buffer {
    const names: Buffer[] = [];
    let from = 0;
    for (const to of cuts) {
      names.push(this.put(content.subarray(from, to)));
      from = to;
    }
    const list = this.put(Buffer.concat(names, names.length * HASH_BYTES));
    this.lists.push(list);
    return list;
  }

  /** Makes everything last: objects, and that the file needs them. @throws DecoupleError write-failed */
  commit(): void {
    try {
      if (this.pack !== null) {
        this.pack.finish();
        syncFolder(this.folder.folder('packs'));
        this.pack = null;
        this.store.refresh();
      }
      writeRoot(this.folder, this.file, this.lists);
    } catch (error) {
      throw asOutputError(this.folder.path, error);
    }
  }

  /** Gives up what is not committed. Safe to call twice. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.pack?.abandon();
    this.pack = null;
    this.store.close();
    rmSync(this.lease, { force: true });
  }

  private put(object: Uint8Array): Buffer {
    if (object.length > MAX_PAYLOAD_BYTES) throw new RangeError(`object of ${object.length} bytes`);
    const name = nameOf(object);
    if (this.pack?.objects.has(keyOf(name)) || this.store.rely(name)) return name;
    if (this.pack !== null && this.pack.objects.size >= OBJECTS_PER_PACK) this.commit();
    const path = join(this.folder.folder('packs'), `${randomUUID()}${PACK_SUFFIX}`);
    this.pack ??= new PackWriter(path, this.folder.id);
    this.pack.add(name, object);
    return name;
  }
}
