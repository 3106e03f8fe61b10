/** The requests of 9P that change a file's name, place or attributes, or make and remove files. */
import { qid } from './answers.js';
import { fidOf, type Session } from './session.js';
import { fail, type Node } from './tree.js';
import type { WireReader, WireWriter } from './wire.js';

/** unlinkat(2): AT_REMOVEDIR. */
const REMOVE_DIRECTORY = 0x200;
const SET = { mode: 1, uid: 2, gid: 4, size: 8, mtime: 0x20, mtimeGiven: 0x100 };

function writableTree({ tree }: Session): Session['tree'] {
  return tree.writable ? tree : fail('EROFS');
}

export function createEntry(kind: Node['kind'], session: Session, request: WireReader, reply: WireWriter): void {
  const fid = fidOf(session, request);
  const name = request.text();
  const tree = writableTree(session);
  const target = kind === 'link' ? request.text() : '';
  // Flags of open(2).
  if (kind === 'file') request.u32();
  const mode = kind === 'link' ? 0o777 : request.u32() & 0o777;
  const made = { kind, mode, target, gid: request.u32(), mtime: session.now() };
  const node = tree.add(fid.node, name, kind === 'file' ? { ...made, data: new Uint8Array() } : made);
  qid(node, reply);
  if (kind !== 'file') return;
  // What was the directory is now the open file.
  fid.node = node;
  reply.u32(0);
}

export function moveFile(request: 'rename' | 'renameat', session: Session, message: WireReader): void {
  const first = fidOf(session, message).node;
  const tree = writableTree(session);
  const node = request === 'rename' ? first : tree.child(first, message.text());
  const directory = fidOf(session, message).node;
  tree.move(node, directory, message.text());
}

export function removeFile(request: 'remove' | 'unlinkat', session: Session, message: WireReader): void {
  const number = message.u32();
  const { node } = session.fids.get(number) ?? fail('EBADF');
  if (request === 'remove') {
    // The fid goes whatever becomes of the file.
    session.fids.delete(number);
    return writableTree(session).remove(node);
  }
  const tree = writableTree(session);
  const child = tree.child(node, message.text());
  const wantsDirectory = (message.u32() & REMOVE_DIRECTORY) !== 0;
  if (wantsDirectory && child.kind !== 'directory') fail('ENOTDIR');
  if (!wantsDirectory && child.kind === 'directory') fail('EISDIR');
  tree.remove(child);
}

export function setAttributes(session: Session, request: WireReader): void {
  const { node } = fidOf(session, request);
  const tree = writableTree(session);
  const valid = request.u32();
  const [mode, uid, gid, size] = [request.u32(), request.u32(), request.u32(), request.u64()];
  // When it was accessed is not kept.
  request.u64();
  request.u64();
  const given = request.u64() * 1000 + Math.floor(request.u64() / 1e6);
  if ((valid & SET.mode) !== 0) node.mode = mode & 0o777;
  if ((valid & SET.uid) !== 0) node.uid = uid;
  if ((valid & SET.gid) !== 0) node.gid = gid;
  if ((valid & SET.size) !== 0) tree.resize(node, size, session.now());
  if ((valid & SET.mtime) !== 0) node.mtime = (valid & SET.mtimeGiven) !== 0 ? given : session.now();
}
