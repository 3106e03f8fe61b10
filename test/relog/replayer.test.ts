/** A recording made by hand, for what a live run does only now and then. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { CACHE } from '../../cli/paths.js';
import { engineIdentity, REPAIR_IDS } from '../../engines/v86/index.js';
import { ContainerWriter } from '../../formats/container/index.js';
import { writeBlob, writeHeader, writeLog } from '../../formats/recording.js';
import { loadGuest } from '../../guests/index.js';
import { compareDigest } from '../../relog/digest.js';
import { blobsOf, imagesOf } from '../../relog/images.js';
import { LiveMachine } from '../../relog/live-machine.js';
import { LogBuilder } from '../../relog/log-builder.js';
import { Replayer } from '../../relog/replayer.js';
import { readySnapshot } from '../../relog/snapshot.js';
import { GUEST } from '../support/stages.js';

const STEPS = 50;

test('a log frame may end between an input and the step after it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'decouple-replayer-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'run.dcr');
  const guest = await loadGuest(GUEST, { cacheDir: CACHE });
  const { state, clock, epoch } = await readySnapshot(guest, CACHE);
  const images = imagesOf(guest, 'ready');
  const { memory, devices } = guest;
  const log = new LogBuilder(clock);
  const live = await LiveMachine.create({
    ...{ memory, devices, images, snapshot: state, seed: 1, epoch, clockStart: clock, journal: log },
    onOutput: (output) => log.deviceOutput(0, output),
  });
  const writer = new ContainerWriter({ path, kind: 'recording', temporary: false, force: false });
  writeHeader(writer, {
    engine: engineIdentity(REPAIR_IDS),
    guest: { name: guest.name, hash: guest.hash, memory, devices },
    ...{ start: 'ready', seed: 1, epoch, clockStart: clock, cmdline: null, disks: {} },
  });
  for (const [blob, bytes] of blobsOf(images)) writeBlob(writer, blob, bytes);
  writeBlob(writer, 'snapshot', state);
  for (let i = 0; i < STEPS; i++) await live.step(10);
  const input = { channel: 'serial0', value: Buffer.from('echo hello\n') } as const;
  log.deviceInput(live.machine.steps, input);
  live.machine.input(input);
  writeLog(writer, log.take(live.machine));
  for (let i = 0; i < STEPS; i++) await live.step(10);
  writeLog(writer, log.take(live.machine));
  writer.finish({}, 0n);

  const replayer = await Replayer.open(path, {});
  t.teardown(() => replayer.close());
  for (let frames = 0; frames < 2; frames++) {
    const frame = await replayer.frame();
    t.is(compareDigest(replayer.machine, replayer.outputs, frame!.digest), null);
  }
  t.is(await replayer.frame(), null);
});
