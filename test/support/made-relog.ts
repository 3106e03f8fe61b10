/** A relog made up for a test: small, whole, with events of every kind that a machine of ours has. */
import { ContainerWriter, MAJOR_VERSION } from '../../formats/container/index.js';
import { EventWriter } from '../../formats/event-writer.js';
import { PAGE_BYTES, PAGE_SOURCE } from '../../formats/pages.js';
import { encodeEffect, writeEvents, writeKeyframe, writePages, writeRelogHeader } from '../../formats/relog.js';
import type { CpuState } from '../../formats/state.js';

const SEGMENT = { selector: 8, base: 0, limit: 0xffffffff, attributes: 0xc09b };

/** What a CPU may have after power-on and a little work. */
export const SOME_STATE: CpuState = {
  gpr: [1, 2, 3, 4, 5, 6, 7, 0xffffffff],
  ...{ eip: 0xc0100000, eflags: 0x246 },
  segments: Array.from({ length: 6 }, () => SEGMENT),
  ...{ ldtr: { selector: 0, base: 0, limit: 0, attributes: 0 }, tr: SEGMENT },
  ...{ gdtr: { base: 0x1000, limit: 0xff }, idtr: { base: 0x2000, limit: 0x7ff } },
  ...{ cr0: 0x80000011, cr2: 0, cr3: 0x1000, cr4: 0x10 },
  ...{ dr: [0, 0, 0, 0, 0, 0, 0xffff0ff0, 0x400], sysenter: [0x60, 0, 0xc0000000] },
  x87: { fcw: 0x37f, fsw: 0, ftw: 0xffff, fop: 0, fip: 0, fcs: 0, fdp: 0, fds: 0, st: new Uint8Array(80) },
  ...{ mxcsr: 0x1f80, xmm: new Uint8Array(128), halted: false },
};

const MEGABYTE = 1 << 20;
const REGISTERS = [1, 2, 3, 4, 5, 6, 7, 8];

export interface MadeOptions {
  /** Written in the place of what each slice reads from the serial port. */
  typed?: number;
  /** Frames of events between two keyframes. */
  slices?: number;
  /** False leaves out the end, as a writer that died does. */
  ended?: boolean;
}

/** Events in each slice. */
export const SLICE_POSITIONS = 1000;

export function makeRelog(path: string, { typed = 0x41, slices = 3, ended = true }: MadeOptions = {}): void {
  const writer = new ContainerWriter({ path, kind: 'relog', temporary: false, force: true, major: MAJOR_VERSION });
  const events = new EventWriter(0);
  const guest = { name: 'made-up', hash: '00'.repeat(32) };
  writeRelogHeader(writer, { start: 0, ram: [{ start: 0, size: MEGABYTE }], guest });
  const keyframe = (index: number, position: number): void => {
    writePages(
      writer,
      {
        numbers: Uint32Array.of(index, 255),
        sources: new Uint32Array(2).fill(PAGE_SOURCE.data),
        data: Buffer.alloc(2 * PAGE_BYTES, index + 1),
      },
      position,
    );
    writeKeyframe(writer, { index, position, state: SOME_STATE });
  };
  keyframe(0, 0);
  let position = 0;
  for (let slice = 0; slice < slices; slice++) {
    position = slice * SLICE_POSITIONS;
    writeSlice(events, position, slice === 1 ? typed : 0x41);
    position += SLICE_POSITIONS - 1;
    events.check(position, 0xc0100000, 0x246, REGISTERS, null);
    if (slice === 1) {
      events.keyframeMark(position, 1, null);
      writeEvents(writer, events.take(), position);
      keyframe(1, position);
    } else writeEvents(writer, events.take(), position);
  }
  events.end(position + 1, null);
  writeEvents(writer, events.take(), position + 1);
  if (ended) writer.finish({ cutOff: false, events: events.count, keyframes: 2 }, BigInt(position + 1));
  writer.abandon();
}

function writeSlice(events: EventWriter, at: number, typed: number): void {
  const ten = new Uint8Array(10).fill(1);
  events.portRead(0x3fd, 1, 0x61);
  events.portRead(0x3f8, 1, typed);
  events.portRead(0x1f0, 2, 0x1234);
  events.mmioRead(0xfee00030, 4, 0x50014);
  events.mmioRead(0xa0000, 1, 7);
  events.tsc(0x89abcdef, 0x1234567);
  events.cpuid(1, 0, [1, 2, 3, 0xffffffff]);
  events.msr(0x1b, 0xfee00900, 0);
  events.random(0xdeadbeef);
  events.interrupt(at + 10, 48, 0xc0100010, 0x246, 3);
  events.exception(at + 20, 14, 0x8048000, 0x10246, 6, 0xbfff0000);
  events.softwareInterrupt(at + 30, 128, 0x8048002, 0x246);
  events.flagsImage(0x246);
  events.x87(0xd9fe, ten, ten, 0x3800);
  events.x87Environment([0x37f, 0, 0xffff, 0, 0, 0, 0, 0, 0xffff]);
  events.x87Status(0x3801);
  events.dma(at + 500, 0x1000, Buffer.alloc(512, 0xab), null);
  events.state(at + 600, SOME_STATE);
  const after = { ...SOME_STATE, eip: 0xc0100001, gpr: REGISTERS };
  const { eip, code, ...rest } = encodeEffect(Buffer.of(0x90), SOME_STATE, after, [[0x2000, Buffer.of(1, 2)]]);
  events.effect(at + 700, eip, code, rest.after, rest.writes);
}
