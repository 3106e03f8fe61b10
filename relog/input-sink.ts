/** A live run as a recording: what it starts from, and its inputs. */
import { engineIdentity, REPAIR_IDS, ramOffset, type Machine } from '../engines/v86/index.js';
import { crc32 } from '../formats/checksum.js';
import { ContainerWriter } from '../formats/container/index.js';
import type { DeviceOutput } from '../formats/devices.js';
import { PAGE_BYTES } from '../formats/pages.js';
import { writeBlob, writeDisk, writeHeader, writeLog } from '../formats/recording.js';
import { encodeShare, type Share } from '../formats/share.js';
import type { MachineImages } from '../engines/v86/index.js';
import type { RecordResult } from './api.js';
import { describeLoss, type GuestDisks } from './disks/guest-disks.js';
import { blobsOf } from './images.js';
import { LogBuilder } from './log-builder.js';
import type { RecorderOptions } from './recorder.js';
import type { RunEnd, RunSink } from './run-sink.js';
import type { Snapshot } from './snapshot.js';

export interface RunStart {
  images: MachineImages;
  disks: GuestDisks;
  snapshot: Snapshot | null;
  share: Share | null;
  epoch: number;
  clockStart: number;
}

export class InputSink implements RunSink {
  readonly probe = null;
  readonly journal: LogBuilder;
  private readonly writer: ContainerWriter;
  private logBytes = 0;

  /**
   * Writes in place: the recording is readable up to its last frame whatever happens.
   * @throws DecoupleError output-exists, write-failed
   */
  constructor(
    options: Pick<RecorderOptions, 'guest' | 'output' | 'claimed' | 'start' | 'seed' | 'force' | 'store'>,
    private readonly from: RunStart,
  ) {
    const { guest, output: path, claimed, start, seed, force, store } = options;
    const { images, disks, snapshot, share, epoch, clockStart } = from;
    this.journal = new LogBuilder(clockStart);
    const writer = new ContainerWriter({ path, kind: 'recording', temporary: false, force, claimed, store });
    this.writer = writer;
    try {
      writeHeader(writer, {
        engine: engineIdentity(REPAIR_IDS),
        guest: { name: guest.name, hash: guest.hash, memory: guest.memory, devices: guest.devices },
        ...{ disks: disks.references, start, seed, epoch, clockStart, cmdline: images.cmdline ?? null },
      });
      for (const [blob, bytes] of blobsOf(images)) writeBlob(writer, blob, bytes);
      if (disks.floppy !== null) writeBlob(writer, 'fda', disks.floppy);
      if (snapshot !== null) writeBlob(writer, 'snapshot', snapshot.state, ramOffset(snapshot.state) % PAGE_BYTES);
      if (share !== null) writeBlob(writer, 'share', encodeShare(share));
      for (const { drive, overlay } of snapshot === null ? [] : disks.disks) writeDisk(writer, drive, 'start', overlay);
    } catch (error) {
      writer.abandon();
      throw error;
    }
  }

  get bytes(): number {
    return this.writer.bytes;
  }

  get pendingBytes(): number {
    return this.journal.pendingBytes;
  }

  start(): void {
    // All it starts from is written.
  }

  beforeStep(): void {
    // Inputs are told to the journal as they come.
  }

  output(step: number, output: DeviceOutput): void {
    this.journal.deviceOutput(step, output);
  }

  flush(machine: Machine): void {
    this.logBytes += writeLog(this.writer, this.journal.take(machine));
  }

  finish(machine: Machine, { reason, failure }: RunEnd): Pick<RecordResult, 'instructions' | 'logBytes' | 'warnings'> {
    const died = reason === 'engine-died';
    // The machine that died has done more than the log says: what its disks held then comes from a replay.
    for (const { drive, overlay } of died ? [] : this.from.disks.disks) {
      writeDisk(this.writer, drive, 'end', overlay, machine.steps);
    }
    const { steps, engineInstructions: instructions } = machine;
    const ram = died ? null : crc32(machine.ram());
    const outcome = { reason, steps, instructions, ram, what: failure?.message ?? null };
    this.writer.finish(outcome, BigInt(steps));
    const warnings = this.journal.losses.map((loss) => describeLoss(loss, this.from.disks.references));
    return { instructions, logBytes: this.logBytes, warnings };
  }

  abandon(): void {
    this.writer.abandon();
  }
}
