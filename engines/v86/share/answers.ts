/** What a 9P server tells of files and directories. */
import { SHARE_LIMITS } from '../../../formats/share.js';
import { fidOf, type Fid, type Session } from './session.js';
import { fail, type Node } from './tree.js';
import type { WireReader, WireWriter } from './wire.js';

const BLOCK_BYTES = 4096;
const V9FS_MAGIC = 0x01021997;
/** Type of a qid, type of a directory entry, type in the mode (stat(2)). */
const TYPES = {
  directory: { qid: 0x80, entry: 4, mode: 0o040000 },
  link: { qid: 0x02, entry: 10, mode: 0o120000 },
  file: { qid: 0x00, entry: 8, mode: 0o100000 },
};
/** P9_GETATTR_BASIC: all that stat(2) tells. */
const BASIC = 0x7ff;

/** A file's identity: type, version, number. */
export function qid(node: Node, reply: WireWriter): void {
  reply.u8(TYPES[node.kind].qid).u32(0).u64(node.id);
}

export function describeFile(node: Node, reply: WireWriter): void {
  const seconds = Math.floor(node.mtime / 1000);
  const nanoseconds = (node.mtime % 1000) * 1e6;
  const links = node.kind === 'directory' ? 2 : 1;
  reply.u64(BASIC);
  qid(node, reply);
  reply
    .u32(TYPES[node.kind].mode | node.mode)
    .u32(node.uid)
    .u32(node.gid);
  reply
    .u64(links)
    .u64(0)
    .u64(node.size)
    .u64(BLOCK_BYTES)
    .u64(Math.ceil(node.size / 512));
  // Accessed, modified, changed.
  for (let i = 0; i < 3; i++) reply.u64(seconds).u64(nanoseconds);
  // Born, generation, version of the data: unknown.
  reply.u64(0).u64(0).u64(0).u64(0);
}

/** Entries from an offset on, as many as fit. */
export function listDirectory(session: Session, request: WireReader, reply: WireWriter): void {
  const fid = fidOf(session, request);
  const offset = request.u64();
  const limit = Math.min(request.u32(), session.limit - 4);
  const { node } = fid;
  if (node.kind !== 'directory') fail('ENOTDIR');
  if (offset === 0 || fid.listing === null) {
    fid.listing = [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  const entries = [
    { name: '.', node },
    { name: '..', node: node.parent ?? node },
    ...fid.listing.map((child) => ({ name: child.name, node: child })),
  ];
  const body: ((writer: WireWriter) => void)[] = [];
  let bytes = 0;
  for (let i = offset; i < entries.length; i++) {
    const { name, node: child } = entries[i]!;
    // qid 13, offset 8, type 1, length of the name 2.
    bytes += 24 + Buffer.byteLength(name);
    if (bytes > limit) {
      bytes -= 24 + Buffer.byteLength(name);
      break;
    }
    body.push((writer) => {
      qid(child, writer);
      writer
        .u64(i + 1)
        .u8(TYPES[child.kind].entry)
        .text(name);
    });
  }
  reply.u32(bytes);
  for (const write of body) write(reply);
}

/** As statfs(2) has it. */
export function statistics({ tree }: Session, _fid: Fid, reply: WireWriter): void {
  const blocks = Math.ceil((2 * SHARE_LIMITS.bytes) / BLOCK_BYTES);
  const free = blocks - Math.ceil(tree.usedBytes / BLOCK_BYTES);
  reply.u32(V9FS_MAGIC).u32(BLOCK_BYTES).u64(blocks).u64(free).u64(free);
  reply
    .u64(4 * SHARE_LIMITS.entries)
    .u64(SHARE_LIMITS.entries)
    .u64(0)
    .u32(255);
}
