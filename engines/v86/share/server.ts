/**
 * A server of 9P2000.L, the protocol of Linux's v9fs (diod's protocol.md; Linux, include/net/9p/9p.h). Every answer is
 * made before the request's notification returns, and depends on the share, the requests and the machine's clock
 * alone: what a guest does with its share needs no log.
 */
import { createEntry, moveFile, removeFile, setAttributes } from './changes.js';
import { describeFile, listDirectory, qid, statistics } from './answers.js';
import { fidOf, type Session } from './session.js';
import { ERRNO, fail, FileError, type Node, type ShareTree } from './tree.js';
import { WireReader, WireWriter } from './wire.js';

const ERROR_REPLY = 7;
const HEADER_BYTES = 7;
/** Of one message, so that it fits the device's ring of 32 descriptors, a page each. */
const MESSAGE_MAX = 32 << 10;
const NO_FID = 0xffffffff;
/** open(2): O_WRONLY, O_RDWR, O_TRUNC. */
const WRITING = 3;
const TRUNCATE = 0o1000;

type Handler = (session: Session, request: WireReader, reply: WireWriter) => void;

const HANDLERS: Record<number, Handler> = {
  8: (session, request, reply) => statistics(session, fidOf(session, request), reply),
  12: open,
  14: (session, request, reply) => createEntry('file', session, request, reply),
  16: (session, request, reply) => createEntry('link', session, request, reply),
  20: (session, request) => moveFile('rename', session, request),
  22: (session, request, reply) => void reply.text(fidOf(session, request).node.target),
  24: (session, request, reply) => describeFile(fidOf(session, request).node, reply),
  26: setAttributes,
  40: listDirectory,
  // Nothing is ever on its way to a disk.
  50: (session, request) => void fidOf(session, request),
  // One client: a lock is always free.
  52: lock,
  54: getLock,
  72: (session, request, reply) => createEntry('directory', session, request, reply),
  74: (session, request) => moveFile('renameat', session, request),
  76: (session, request) => removeFile('unlinkat', session, request),
  100: version,
  104: attach,
  108: () => undefined,
  110: walk,
  116: read,
  118: write,
  120: (session, request) => void session.fids.delete(request.u32()),
  122: (session, request) => removeFile('remove', session, request),
};

export class ShareServer {
  private readonly session: Session | null;

  /** @param tree null when nothing is shared: then the device is there, and mounting it fails */
  constructor(tree: ShareTree | null, now: () => number) {
    this.session = tree && { tree, now, fids: new Map(), limit: MESSAGE_MAX - HEADER_BYTES };
  }

  /** Answers one message. Never throws. */
  answer(message: Uint8Array): Uint8Array {
    const header = new WireReader(message);
    let tag = 0xffff;
    const reply = new WireWriter();
    try {
      header.u32();
      const type = header.u8();
      tag = header.u16();
      const session = this.session ?? fail('ENOENT');
      (HANDLERS[type] ?? fail('EOPNOTSUPP'))(session, header, reply);
      return framed(type + 1, tag, reply);
    } catch (error) {
      const errno = error instanceof FileError ? error.errno : ERRNO.EIO;
      return framed(ERROR_REPLY, tag, new WireWriter().u32(errno));
    }
  }
}

function framed(type: number, tag: number, body: WireWriter): Uint8Array {
  const { length } = body;
  return new WireWriter()
    .u32(HEADER_BYTES + length)
    .u8(type)
    .u16(tag)
    .bytes(body.done())
    .done();
}

function version(session: Session, request: WireReader, reply: WireWriter): void {
  const size = Math.min(request.u32(), MESSAGE_MAX);
  session.fids.clear();
  session.limit = size - HEADER_BYTES;
  reply.u32(size).text(request.text() === '9P2000.L' ? '9P2000.L' : 'unknown');
}

function attach(session: Session, request: WireReader, reply: WireWriter): void {
  const fid = request.u32();
  if (request.u32() !== NO_FID) fail('EOPNOTSUPP');
  session.fids.set(fid, { node: session.tree.root, listing: null });
  qid(session.tree.root, reply);
}

function walk(session: Session, request: WireReader, reply: WireWriter): void {
  let { node } = fidOf(session, request);
  const target = request.u32();
  const names = Array.from({ length: request.u16() }, () => request.text());
  const found: Node[] = [];
  for (const name of names) {
    try {
      node = session.tree.child(node, name);
    } catch (error) {
      // Only the first name's absence is an error of the whole request.
      if (found.length === 0) throw error;
      break;
    }
    found.push(node);
  }
  if (found.length === names.length) session.fids.set(target, { node, listing: null });
  reply.u16(found.length);
  for (const each of found) qid(each, reply);
}

function open(session: Session, request: WireReader, reply: WireWriter): void {
  const { node } = fidOf(session, request);
  const flags = request.u32();
  if (!session.tree.writable && (flags & (WRITING | TRUNCATE)) !== 0) fail('EROFS');
  if (node.kind === 'file' && node.data === null) fail('EIO');
  if ((flags & TRUNCATE) !== 0) session.tree.resize(node, 0, session.now());
  qid(node, reply);
  reply.u32(0);
}

function read(session: Session, request: WireReader, reply: WireWriter): void {
  const { node } = fidOf(session, request);
  const offset = request.u64();
  const data = session.tree.read(node, offset, Math.min(request.u32(), session.limit - 4));
  reply.u32(data.length).bytes(data);
}

function write(session: Session, request: WireReader, reply: WireWriter): void {
  const { node } = fidOf(session, request);
  if (!session.tree.writable) fail('EROFS');
  const offset = request.u64();
  const data = request.bytes(request.u32());
  session.tree.write(node, offset, data, session.now());
  reply.u32(data.length);
}

function lock(session: Session, request: WireReader, reply: WireWriter): void {
  fidOf(session, request);
  reply.u8(0);
}

/** Says that nobody holds a lock there, in the words of the question. */
function getLock(session: Session, request: WireReader, reply: WireWriter): void {
  fidOf(session, request);
  request.u8();
  const [start, length, process] = [request.u64(), request.u64(), request.u32()];
  const UNLOCKED = 2;
  reply.u8(UNLOCKED).u64(start).u64(length).u32(process).text(request.text());
}
