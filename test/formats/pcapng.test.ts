import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { DecoupleError } from '../../formats/errors.js';
import { OutputFile } from '../../formats/output-file.js';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../formats/pcapng.js';
import { temporaryFolder } from '../support/folder.js';

/** Type and body of each block, the options still in it; the lengths on both sides must agree. */
function blocks(file: Buffer): { type: number; body: Buffer }[] {
  const found: { type: number; body: Buffer }[] = [];
  for (let at = 0; at < file.length;) {
    const length = file.readUInt32LE(at + 4);
    if (length % 4 !== 0 || file.readUInt32LE(at + length - 4) !== length) throw new Error(`block at ${at}`);
    found.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return found;
}

function options(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; bytes.readUInt16LE(at) !== 0; at += 4 + ((found.get(bytes.readUInt16LE(at))!.length + 3) & ~3)) {
    found.set(bytes.readUInt16LE(at), bytes.subarray(at + 4, at + 4 + bytes.readUInt16LE(at + 2)));
  }
  return found;
}

test('blocks as the draft has them, for frames and comments of any length', (t) => {
  const time = fc.bigInt({ min: 0n, max: 2n ** 63n });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.string(), time, fc.boolean(), (frame, comment, at, arrives) => {
      const direction = arrives ? 'in' : 'out';
      const packet = enhancedPacket({ direction, time: at, comment, frame });
      const [section, card, epb] = blocks(
        Buffer.concat([sectionHeader('decouple'), interfaceDescription('net0', 'a card'), packet]),
      );
      t.deepEqual([section!.type, card!.type, epb!.type], [0x0a0d0d0a, 1, 6]);
      t.is(section!.body.readUInt32LE(0), 0x1a2b3c4d);
      t.deepEqual(options(card!.body.subarray(8)).get(9), Buffer.of(9));
      t.is((BigInt(epb!.body.readUInt32LE(4)) << 32n) | BigInt(epb!.body.readUInt32LE(8)), at);
      t.deepEqual([epb!.body.readUInt32LE(12), epb!.body.readUInt32LE(16)], [frame.length, frame.length]);
      t.deepEqual(Buffer.from(epb!.body.subarray(20, 20 + frame.length)), Buffer.from(frame));
      const found = options(epb!.body.subarray(20 + ((frame.length + 3) & ~3)));
      t.is(found.get(1)!.toString(), comment);
      t.is(found.get(2)!.readUInt32LE(0), arrives ? 1 : 2);
    }),
  );
});

test('a file is whole or not there', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'x');
  const abandoned = new OutputFile(path, false);
  abandoned.write(Buffer.from('half'));
  abandoned.abandon();
  abandoned.abandon();
  t.deepEqual(readdirSync(folder), []);
  const file = new OutputFile(path, false);
  file.write(Buffer.from('who'));
  file.write(Buffer.from('le'));
  t.false(existsSync(path));
  writeFileSync(path, 'of another');
  t.is(t.throws<DecoupleError>(() => file.finish())?.code, 'output-exists');
  t.is(t.throws<DecoupleError>(() => new OutputFile(path, false))?.code, 'output-exists');
  const forced = new OutputFile(path, true);
  forced.write(Buffer.from('whole'));
  forced.finish();
  t.is(readFileSync(path, 'utf8'), 'whole');
  t.deepEqual(readdirSync(folder), ['x']);
});
