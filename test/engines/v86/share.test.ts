/** The 9P server, message by message. */
import test from 'ava';
import fc from 'fast-check';
import { ShareServer, ShareTree } from '../../../engines/v86/share/index.js';
import { WireReader, WireWriter } from '../../../engines/v86/share/wire.js';
import type { Share } from '../../../formats/share.js';

const NO_FID = 0xffffffff;
const share = (writable: boolean): Share => ({
  writable,
  entries: [
    { path: 'dir', kind: 'directory', mode: 0o755, mtime: 1 },
    { path: 'dir/file', kind: 'file', mode: 0o644, mtime: 2, content: 0 },
    { path: 'lost', kind: 'file', mode: 0o644, mtime: 2, content: null },
  ],
  contents: [Buffer.from('0123456789')],
});

/** A client that sends one message after the other. */
class Client {
  readonly tree: ShareTree;
  private readonly server: ShareServer;

  constructor(writable = true) {
    this.tree = new ShareTree(share(writable));
    this.server = new ShareServer(this.tree, () => 5000);
    this.send(100, (w) => w.u32(8192).text('9P2000.L'));
    this.send(104, (w) => w.u32(0).u32(NO_FID).text('root').text('').u32(0));
  }

  /** @returns the body of the answer; throws `errno n` when it is an error */
  send(type: number, body: (writer: WireWriter) => unknown): WireReader {
    const content = new WireWriter();
    body(content);
    const message = new WireWriter()
      .u32(7 + content.length)
      .u8(type)
      .u16(77)
      .bytes(content.done())
      .done();
    const answer = this.server.answer(message);
    const reader = new WireReader(answer);
    if (reader.u32() !== answer.length) throw new Error('wrong length');
    const kind = reader.u8();
    if (reader.u16() !== 77) throw new Error('wrong tag');
    if (kind === 7) throw new Error(`errno ${reader.u32()}`);
    if (kind !== type + 1) throw new Error(`answer ${kind} to ${type}`);
    return reader;
  }

  walk(fid: number, ...names: string[]): number {
    return this.send(110, (w) =>
      names.reduce((writer, name) => writer.text(name), w.u32(0).u32(fid).u16(names.length)),
    ).u16();
  }

  open(fid: number, flags: number): void {
    this.send(12, (w) => w.u32(fid).u32(flags));
  }

  read(fid: number, offset: number, count: number): string {
    const answer = this.send(116, (w) => w.u32(fid).u64(offset).u32(count));
    return Buffer.from(answer.bytes(answer.u32())).toString();
  }

  write(fid: number, offset: number, text: string): number {
    return this.send(118, (w) => w.u32(fid).u64(offset).u32(text.length).bytes(Buffer.from(text))).u32();
  }
}

test('reading, in parts and beyond the end', (t) => {
  const client = new Client();
  t.is(client.walk(1, 'dir', 'file'), 2);
  client.open(1, 0);
  t.is(client.read(1, 0, 4), '0123');
  t.is(client.read(1, 8, 100), '89');
  t.is(client.read(1, 100, 100), '');
});

test('walking: what is not there, half of the way, and back', (t) => {
  const client = new Client();
  t.throws(() => client.walk(1, 'none'), { message: 'errno 2' });
  t.is(client.walk(1, 'dir', 'none'), 1);
  t.throws(() => client.open(1, 0), { message: 'errno 9' });
  t.is(client.walk(1, '..', '..', 'dir', '..', 'dir'), 5);
});

test('writing: new bytes, a gap of zeros, truncation', (t) => {
  const client = new Client();
  client.walk(1, 'dir', 'file');
  client.open(1, 2);
  t.is(client.write(1, 12, 'ab'), 2);
  t.is(client.read(1, 8, 10), '89\0\0ab');
  client.open(1, 0o1001);
  t.is(client.read(1, 0, 10), '');
  client.write(1, 1, 'x');
  t.is(client.read(1, 0, 10), '\0x');
});

test('read-only: everything that changes something is refused', (t) => {
  const client = new Client(false);
  client.walk(1, 'dir', 'file');
  client.walk(2, 'dir');
  const refused = (action: () => unknown) => t.throws(action, { message: 'errno 30' });
  refused(() => client.open(1, 1));
  refused(() => client.open(1, 0o1000));
  refused(() => client.write(1, 0, 'x'));
  refused(() => client.send(14, (w) => w.u32(2).text('new').u32(1).u32(0o644).u32(0)));
  refused(() => client.send(72, (w) => w.u32(2).text('new').u32(0o755).u32(0)));
  refused(() => client.send(16, (w) => w.u32(2).text('new').text('target').u32(0)));
  refused(() => client.send(20, (w) => w.u32(1).u32(2).text('new')));
  refused(() => client.send(74, (w) => w.u32(2).text('file').u32(2).text('new')));
  refused(() => client.send(76, (w) => w.u32(2).text('file').u32(0)));
  refused(() => client.send(26, (w) => w.u32(1).u32(1).u32(0).u32(0).u32(0).u64(0).u64(0).u64(0).u64(0).u64(0)));
  refused(() => client.send(122, (w) => w.u32(1)));
  t.is(client.tree.root.children.get('dir')?.children.get('file')?.size, 10);
});

test('a file the host could not read gives an I/O error', (t) => {
  const client = new Client();
  client.walk(1, 'lost');
  t.throws(() => client.open(1, 0), { message: 'errno 5' });
});

test('names that lead elsewhere are no names', (t) => {
  const client = new Client();
  for (const name of ['..', '.', '', 'a/b', 'x'.repeat(256), 'a\0']) {
    t.throws(() => client.send(72, (w) => w.u32(0).text(name).u32(0o755).u32(0)), { message: /errno (22|17)/ }, name);
  }
});

test('a directory cannot be moved into itself, nor removed while it holds something', (t) => {
  const client = new Client();
  client.walk(1, 'dir');
  t.throws(() => client.send(74, (w) => w.u32(0).text('dir').u32(1).text('x')), { message: 'errno 22' });
  t.throws(() => client.send(76, (w) => w.u32(0).text('dir').u32(0x200)), { message: 'errno 39' });
  t.throws(() => client.send(76, (w) => w.u32(0).text('dir').u32(0)), { message: 'errno 21' });
});

test('a long directory is listed in parts, each name once', (t) => {
  const client = new Client();
  for (let i = 0; i < 500; i++)
    client.tree.add(client.tree.root, `name-${i}`, { kind: 'directory', mode: 0o755, mtime: 0 });
  const names: string[] = [];
  for (let offset = 0; ;) {
    const answer = client.send(40, (w) => w.u32(0).u64(offset).u32(1000));
    const part = new WireReader(answer.bytes(answer.u32()));
    const before = names.length;
    for (;;) {
      try {
        part.bytes(13);
      } catch {
        break;
      }
      offset = part.u64();
      part.u8();
      names.push(part.text());
    }
    if (names.length === before) break;
  }
  t.is(names.length, 504);
  t.is(new Set(names).size, 504);
});

test('nothing shared: mounting fails', (t) => {
  const server = new ShareServer(null, () => 0);
  const message = new WireWriter().u32(19).u8(100).u16(9).u32(8192).text('9P2000.L').done();
  t.deepEqual([...server.answer(message)], [11, 0, 0, 0, 7, 9, 0, 2, 0, 0, 0]);
});

test('whatever is sent, there is an answer of the right form', (t) => {
  const client = new Client();
  const server = new ShareServer(client.tree, () => 0);
  const type = fc.oneof(fc.nat(255), fc.constantFrom(8, 12, 14, 24, 26, 40, 72, 104, 110, 116, 118));
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 60 }), (kind, body) => {
      const answer = server.answer(
        new WireWriter()
          .u32(7 + body.length)
          .u8(kind)
          .u16(3)
          .bytes(body)
          .done(),
      );
      t.is(new WireReader(answer).u32(), answer.length);
      t.true(answer[4] === 7 || answer[4] === kind + 1);
    }),
  );
  t.is(server.answer(new Uint8Array(3))[4], 7);
});
