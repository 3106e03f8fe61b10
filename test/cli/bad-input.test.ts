/** Every command that reads a file, given every kind of file that it cannot use: a sentence, an advice, a status. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ContainerKind } from '../../formats/container/index.js';
import { EXIT_STATUS } from '../../formats/errors.js';
import { decouple } from '../support/cli.js';
import { changed, cutTo, FIRST_FRAME, fromTheFuture, hollowContainer, withFlippedBit } from '../support/files.js';
import { temporaryFolder } from '../support/folder.js';
import { THOROUGH } from '../support/thorough.js';

const [OF_A_MARK, OF_A_FRAME] = [1, FIRST_FRAME + 5];
const FLIPPED = [OF_A_MARK, OF_A_FRAME, ...(THOROUGH ? [9, 13, FIRST_FRAME, FIRST_FRAME + 40] : [])];

interface Reader {
  name: string;
  /** The kind of file it takes; null takes both. */
  kind: ContainerKind | null;
  args: (file: string, folder: string) => string[];
}

const READERS: Reader[] = [
  { name: 'info', kind: null, args: (file) => ['info', file] },
  { name: 'stats', kind: null, args: (file) => ['stats', file] },
  { name: 'dump', kind: null, args: (file) => ['dump', file] },
  { name: 'diff', kind: null, args: (file) => ['diff', file, file] },
  { name: 'replay', kind: 'recording', args: (file) => ['replay', file] },
  { name: 'relog', kind: 'recording', args: (file, folder) => ['relog', file, '-o', join(folder, 'out.relog')] },
  {
    name: 'export',
    kind: 'recording',
    args: (file, folder) => ['export', file, '--pcapng', '-o', join(folder, 'out.pcapng')],
  },
  { name: 'verify', kind: 'relog', args: (file) => ['verify', file] },
  {
    name: 'analyze',
    kind: 'relog',
    args: (file, folder) => ['analyze', file, '-a', 'coverage', '-o', join(folder, 'out')],
  },
];

/** The command ends with `status`, and says on stderr alone what is wrong with `file` and what to do. */
async function refuses(t: ExecutionContext, reader: Reader, file: string, status: number): Promise<void> {
  const outcome = await decouple(reader.args(file, temporaryFolder(t)));
  t.is(outcome.status, status, `${reader.name} ${file}: ${outcome.stderr}`);
  t.is(outcome.stdout, '');
  const lines = outcome.stderr.trimEnd().split('\n');
  t.is(lines.length, 2, outcome.stderr);
  t.true(lines[0]!.startsWith('decouple: ') && lines[0]!.includes(file), outcome.stderr);
}

for (const reader of READERS) {
  const kind = reader.kind ?? 'relog';

  test(`${reader.name}: a file that is missing, or a folder`, async (t) => {
    const folder = temporaryFolder(t);
    await refuses(t, reader, join(folder, 'none'), EXIT_STATUS.input);
    await refuses(t, reader, folder, EXIT_STATUS.input);
  });

  test(`${reader.name}: a file that is empty, foreign, or too short to tell`, async (t) => {
    const folder = temporaryFolder(t);
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    const foreign = join(folder, 'foreign');
    writeFileSync(foreign, 'A text file, which nobody took for a recording. '.repeat(100));
    for (const file of [empty, foreign, cutTo(hollowContainer(folder, kind), 4)]) {
      await refuses(t, reader, file, EXIT_STATUS.kind);
    }
  });

  test(`${reader.name}: a file with a flipped bit`, async (t) => {
    const whole = hollowContainer(temporaryFolder(t), kind);
    for (const offset of FLIPPED) {
      await refuses(t, reader, withFlippedBit(whole, offset, offset % 8), EXIT_STATUS.damaged);
    }
  });

  test(`${reader.name}: a file cut off in its preamble`, async (t) => {
    await refuses(t, reader, cutTo(hollowContainer(temporaryFolder(t), kind), 10), EXIT_STATUS.damaged);
  });

  test(`${reader.name}: a file with bytes after its end`, async (t) => {
    const whole = hollowContainer(temporaryFolder(t), kind);
    const longer = changed(whole, 'longer', (bytes) => Buffer.concat([bytes, Buffer.alloc(40)]));
    await refuses(t, reader, longer, EXIT_STATUS.damaged);
  });

  test(`${reader.name}: a file from the future`, async (t) => {
    const file = fromTheFuture(hollowContainer(temporaryFolder(t), kind));
    await refuses(t, reader, file, EXIT_STATUS.version);
  });

  if (reader.kind !== null) {
    test(`${reader.name}: a file of the other kind`, async (t) => {
      const other = reader.kind === 'relog' ? 'recording' : 'relog';
      await refuses(t, reader, hollowContainer(temporaryFolder(t), other), EXIT_STATUS.kind);
    });

    test(`${reader.name}: a whole file without anything in it`, async (t) => {
      await refuses(t, reader, hollowContainer(temporaryFolder(t), kind), EXIT_STATUS.damaged);
    });

    test(`${reader.name}: a file cut off before anything useful`, async (t) => {
      const file = cutTo(hollowContainer(temporaryFolder(t), kind), FIRST_FRAME);
      await refuses(t, reader, file, EXIT_STATUS.damaged);
    });
  }
}

test('info says of a file that was cut off that it is', async (t) => {
  const file = cutTo(hollowContainer(temporaryFolder(t), 'relog'), FIRST_FRAME + 40);
  const { status, stdout } = await decouple(['info', file, '--json']);
  t.is(status, EXIT_STATUS.ok);
  t.like(JSON.parse(stdout), { kind: 'relog', cutOff: true });
});
