/** A disk of the machine: a base that is never written, what the guest writes, and a base that gets lost meanwhile. */
import test from 'ava';
import fc from 'fast-check';
import { Disk, lossOf, lossValue, type DiskLoss, type DiskSource } from '../../../engines/v86/index.js';

const SIZE = 16 * 512;

class Base implements DiskSource {
  readonly size = SIZE;
  readonly bytes = Buffer.from(Array.from({ length: SIZE }, (_, i) => (i >> 9) ^ (i * 7)));
  left = SIZE;
  /** Has lost bytes without saying so. */
  silent = SIZE;

  readable(): number {
    return this.left;
  }

  read(offset: number, length: number): Uint8Array | null {
    return offset + length > this.silent ? null : this.bytes.subarray(offset, offset + length);
  }
}

interface Action {
  kind: 'read' | 'write' | 'cut';
  offset: number;
  length: number;
}

const actions = fc.array(
  fc.record<Action>({
    kind: fc.constantFrom('read', 'read', 'write', 'write', 'cut'),
    offset: fc.integer({ min: 0, max: SIZE - 1 }),
    length: fc.integer({ min: 1, max: 3000 }),
  }),
  { maxLength: 30 },
);

test('reads what was written last, else the base, which stays as it was', (t) => {
  fc.assert(
    fc.property(actions, (list) => {
      const base = new Base();
      const before = Buffer.from(base.bytes);
      const disk = new Disk('hda', base);
      const model = Buffer.from(base.bytes);
      for (const [i, { kind, offset, length: most }] of list.entries()) {
        const length = Math.min(most, SIZE - offset);
        if (kind === 'write') {
          const data = Buffer.alloc(length, i + 1);
          data.copy(model, offset);
          t.true(disk.write(offset, data));
        } else t.deepEqual(Buffer.from(disk.read(offset, length)!), model.subarray(offset, offset + length));
      }
      t.deepEqual(base.bytes, before);
    }),
  );
});

test('a base that is cut: never wrong data, and a replay told of it does the same', (t) => {
  fc.assert(
    fc.property(actions, (list) => {
      const base = new Base();
      const live = new Disk('hda', base);
      const losses: { action: number; loss: DiskLoss }[] = [];
      let now = 0;
      live.onLoss = (loss) => losses.push({ action: now, loss });
      const model = Buffer.from(base.bytes);
      const run = (disk: Disk, action: Action, i: number): string => {
        const length = Math.min(action.length, SIZE - action.offset);
        if (action.kind === 'write') return String(disk.write(action.offset, Buffer.alloc(length, i + 1)));
        return Buffer.from(disk.read(action.offset, length) ?? []).toString('hex');
      };
      const seen = list.map((action, i) => {
        now = i;
        if (action.kind === 'cut') {
          base.left = base.silent = Math.min(base.left, action.offset);
          return '';
        }
        const result = run(live, action, i);
        const length = Math.min(action.length, SIZE - action.offset);
        if (action.kind === 'write' && result === 'true') model.fill(i + 1, action.offset, action.offset + length);
        if (action.kind === 'read' && result !== '') {
          t.is(result, model.toString('hex', action.offset, action.offset + length));
        }
        return result;
      });
      // While replaying, the base is whole, and the log tells of a loss before the step it came up in.
      const replayed = new Disk('hda', new Base());
      const again = list.map((action, i) => {
        for (const { action: at, loss } of losses) if (at === i) replayed.plan(lossOf(lossValue(loss)));
        return action.kind === 'cut' ? '' : run(replayed, action, i);
      });
      t.deepEqual(again, seen);
      t.is(replayed.overlay.crc(), live.overlay.crc());
    }),
  );
});

test('a loss that shows only when the bytes are read', (t) => {
  const base = new Base();
  const disk = new Disk('hda', base);
  const losses: DiskLoss[] = [];
  disk.onLoss = (loss) => losses.push(loss);
  t.truthy(disk.read(1024, 512));
  base.silent = 1024;
  t.is(disk.read(1024, 512), null);
  t.deepEqual(losses, [{ drive: 'hda', read: 1, bytes: 1024 }]);
  t.truthy(disk.read(0, 1024));
  // What the guest wrote itself is still there.
  t.true(disk.write(1024, Buffer.alloc(512, 7)));
  t.deepEqual(Buffer.from(disk.read(1024, 512)!), Buffer.alloc(512, 7));
  t.is(disk.read(1024, 1024), null);
});

test('a CD is lost by its own sectors, and nothing is read beyond a disk’s end', (t) => {
  const base = new Base();
  const disk = new Disk('cdrom', base);
  const losses: DiskLoss[] = [];
  disk.onLoss = (loss) => losses.push(loss);
  base.left = 5000;
  t.truthy(disk.read(2048, 2048));
  t.is(disk.read(4096, 512), null);
  t.deepEqual(losses, [{ drive: 'cdrom', read: 0, bytes: 4096 }]);
  t.is(new Disk('hda', new Base()).read(SIZE - 512, 1024), null);
});
