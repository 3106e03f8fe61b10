/** The stage `relog`: replays a recording on the instrumented engine and writes down what a simulator needs. */
import { Observer } from '../engines/v86/index.js';
import { ContainerWriter } from '../formats/container/index.js';
import { EventWriter } from '../formats/event-writer.js';
import type { RelogOptions, RelogResult } from './api.js';
import { instrumentedEngine } from './engine-modules.js';
import { Relogger } from './relogger.js';
import { Replayer } from './replayer.js';
import { recordedInstructions } from './run-length.js';
import { throttled } from './throttle.js';

/** @throws DecoupleError what reading and replaying a recording throws; output-exists, write-failed */
export async function relogHere(options: RelogOptions): Promise<RelogResult> {
  const began = performance.now();
  const events = new EventWriter(0);
  const observer = new Observer(instrumentedEngine, events);
  const tell = throttled(options.onProgress, () => recordedInstructions(options.input));
  const replayer = await Replayer.open(options.input, {
    probe: observer,
    beforeStep: () => observer.flushDma(),
    onBreath: () => tell({ instructions: observer.position(), bytes: writer.bytes }),
    disks: options.disks,
    signal: options.signal,
  });
  const writer = openOutput(options, replayer);
  try {
    const relogger = new Relogger(replayer.machine, observer, events, writer, options.keyframeEvery);
    relogger.start(replayer.header.guest);
    await replayer.toEnd();
    relogger.end();
    const { cutOff } = replayer.reader;
    writer.finish({ cutOff, events: events.count, keyframes: relogger.keyframes }, BigInt(observer.position()));
    return {
      output: options.output,
      instructions: observer.position(),
      events: events.count,
      keyframes: relogger.keyframes,
      bytes: writer.bytes,
      seconds: (performance.now() - began) / 1000,
      cutOff,
    };
  } finally {
    writer.abandon();
    replayer.close();
  }
}

function openOutput(options: RelogOptions, replayer: Replayer): ContainerWriter {
  try {
    const { output: path, force, store } = options;
    return new ContainerWriter({ path, kind: 'relog', temporary: true, force, store });
  } catch (error) {
    replayer.close();
    throw error;
  }
}
