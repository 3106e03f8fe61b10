/** What the handlers of single 9P messages work with. */
import { fail, type Node, type ShareTree } from './tree.js';
import type { WireReader } from './wire.js';

/** The client's handle of a file. */
export interface Fid {
  node: Node;
  /** What a directory held when its reading began. */
  listing: Node[] | null;
}

export interface Session {
  readonly tree: ShareTree;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly fids: Map<number, Fid>;
  /** Bytes that the body of a reply may have. */
  limit: number;
}

/** The file whose handle comes next in a request. */
export function fidOf(session: Session, request: WireReader): Fid {
  return session.fids.get(request.u32()) ?? fail('EBADF');
}
