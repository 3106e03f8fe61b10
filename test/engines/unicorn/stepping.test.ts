/** Going instruction by instruction, stopping behind checks, comparing with bytes, and planted faults. */
import test from 'ava';
import { ExpectedRam, Simulator, type PlantedFault } from '../../../engines/unicorn/index.js';
import { MAP, RAM } from './support/guest.js';
import { Scenario } from './support/scenario.js';

const TIMER = 0x20;
const SOURCE = `
start:  mov ecx, 3
        mov edi, 0x21000
        rep stosb
        inc ebx
        mov [0x21010], ebx
        inc ebx
done:   jmp done
timer:  inc edx
        iret
`;

function scenario(fault: PlantedFault | null = null): { s: Scenario; simulator: Simulator } {
  const made: Simulator[] = [];
  const s = new Scenario(
    (ram) => {
      made.push(new Simulator({ ram, fault }));
      return made[0]!;
    },
    SOURCE,
    { handlers: { [TIMER]: 'timer' } },
  );
  return { s, simulator: made[0]! };
}

/** ECX and EDI for a string instruction where there is no RAM. */
const longString = (times: number): number[] => [0, times, 0, 0, MAP.stack0, 0, 0, 0x400000];

test('stepping: before every instruction, after what happens at its position', (t) => {
  const { s, simulator } = scenario();
  s.events.interrupt(4, TIMER, s.at('start') + 13, 0x202, null);
  s.events.end(9, null);
  simulator.feed(s.events.take());
  simulator.setStepping(true);
  const places: [number, number, number][] = [];
  for (let stop = simulator.run(); stop.reason === 'limit'; stop = simulator.run()) {
    const { position, linear, events } = simulator.readStep();
    places.push([position, linear - s.at('start'), events]);
  }
  const timer = s.at('timer') - s.at('start');
  t.deepEqual(places, [
    [0, 0, 0],
    [1, 5, 0],
    [2, 10, 0],
    [3, 12, 0],
    [4, timer, 1],
    [5, timer + 1, 1],
    [6, 13, 1],
    [7, 19, 1],
    [8, 20, 1],
  ]);
  t.is(s.register('ebx'), 2);
  t.is(s.register('edx'), 1);
});

test('stepping: an instruction that repeats for long is one step, with the interrupt in its middle another', (t) => {
  const { s, simulator } = scenario();
  const [TIMES, LEFT] = [2_500_000, 5];
  // Nothing is there, and every element takes long.
  simulator.loadState({ ...s.guest.state, eip: s.at('start') + 10, gpr: longString(TIMES) }, 2n);
  s.events.interrupt(2, TIMER, s.at('start') + 10, 0x202, LEFT);
  s.events.end(6, null);
  simulator.feed(s.events.take());
  simulator.setStepping(true);
  const places: [number, number, number][] = [];
  let pauses = 0;
  for (let stop = simulator.run(); stop.reason !== 'end'; stop = simulator.run()) {
    const { position, linear, gpr } = simulator.readStep();
    t.true(stop.reason === 'limit' || stop.reason === 'pause', stop.reason);
    if (stop.reason === 'pause') pauses++;
    else places.push([position, linear - s.at('start'), gpr[1]!]);
  }
  t.true(pauses >= 2);
  const timer = s.at('timer') - s.at('start');
  t.deepEqual(places, [
    [2, 10, TIMES],
    [2, timer, LEFT],
    [3, timer + 1, LEFT],
    [4, 10, LEFT],
    [5, 12, 0],
  ]);
});

test('stepping: it can be switched on and off, and changes nothing', (t) => {
  const { s, simulator } = scenario();
  s.events.end(7, null);
  simulator.feed(s.events.take());
  t.is(simulator.run(2).reason, 'limit');
  simulator.setStepping(true);
  t.is(simulator.run().reason, 'limit');
  t.is(simulator.readStep().position, 2);
  t.is(simulator.run().reason, 'limit');
  t.is(simulator.readStep().position, 3);
  simulator.setStepping(false);
  t.is(simulator.run().reason, 'end');
  t.is(s.register('ebx'), 2);
});

test('stops behind the check asked for, and only when it agrees', (t) => {
  const { s, simulator } = scenario();
  const gpr = [0, 0, 0, 0, MAP.stack0, 0, 0, 0x21003];
  s.events.check(3, s.at('start') + 12, 0x202, gpr, null);
  s.events.check(4, s.at('start') + 13, 0x202, gpr, null);
  s.events.end(7, null);
  simulator.feed(s.events.take());
  simulator.stopAtCheck(1);
  t.is(simulator.run().reason, 'limit');
  t.is(simulator.position, 3n);
  t.is(simulator.counts.checks, 1);
  simulator.stopAtCheck(null);
  t.is(simulator.run().reason, 'diverged');
});

test('RAM is compared with bytes', (t) => {
  const { s, simulator } = scenario();
  s.events.end(7, null);
  t.is(s.run().reason, 'end');
  const expected = new Uint8Array(32);
  t.deepEqual(simulator.compareBytes(0x21000, expected), {
    differingWords: 1,
    differences: [{ address: 0x21010, expected: 0, got: 1 }],
  });
  expected[16] = 1;
  t.is(simulator.compareBytes(0x21000, expected).differingWords, 0);
  t.throws(() => simulator.compareBytes(MAP.device, expected), { message: /RAM/ });
});

for (const stepping of [false, true]) {
  const how = stepping ? 'by single instructions' : 'at once';
  const run = (fault: PlantedFault): { s: Scenario; simulator: Simulator } => {
    const { s, simulator } = scenario(fault);
    s.events.end(7, null);
    simulator.feed(s.events.take());
    simulator.setStepping(stepping);
    while (simulator.run().reason === 'limit') continue;
    return { s, simulator };
  };

  test(`a fault in a register, run ${how}`, (t) => {
    // INC makes it 1, and the fault 9; the second INC counts on from there.
    const { s } = run({ position: 3n, target: 3 });
    t.is(s.word(0x21010), 9);
    t.is(s.register('ebx'), 10);
  });

  test(`a fault in memory, run ${how}`, (t) => {
    const { s } = run({ position: 4n, target: 'memory' });
    t.is(s.word(0x21010), 9);
    t.is(s.register('ebx'), 2);
  });

  test(`a fault in memory that is not written, run ${how}`, (t) => {
    const { s, simulator } = run({ position: 3n, target: 'memory' });
    t.is(s.word(0x21010), 1);
    t.is(simulator.position, 7n);
  });
}

test('own values stand where events tell flags and registers, and are noted', (t) => {
  const { s, simulator } = scenario();
  const other = Array<number>(8).fill(0x55555555);
  const sign = 0x80;
  s.events.check(3, s.at('start') + 12, 0x202 | sign, other, null);
  s.events.interrupt(4, TIMER, s.at('start') + 13, 0x202 | sign, null);
  s.events.end(7, null);
  const payload = s.events.take();
  simulator.setOwnValues(true);
  simulator.feed(payload);
  t.is(simulator.run().reason, 'end');
  t.deepEqual([...simulator.takeOwnValues()], [0x202, 0, 0, 0, 0, MAP.stack0, 0, 0, 0x21003, 0x202]);
  t.deepEqual([...simulator.takeOwnValues()], []);
  // The machine's would be a divergence.
  s.restart();
  simulator.setOwnValues(false);
  simulator.feed(payload);
  t.is(simulator.run().reason, 'diverged');
});

for (const [what, eip, eflags] of [
  ['eip', 1, 0],
  ['eflags', 0, 0x400],
] as const) {
  test(`own values: ${what} must still agree`, (t) => {
    const { s, simulator } = scenario();
    s.events.check(3, s.at('start') + 12 + eip, 0x202 | eflags, Array<number>(8).fill(0), null);
    s.events.end(7, null);
    simulator.setOwnValues(true);
    simulator.feed(s.events.take());
    const stop = simulator.run();
    t.is(stop.reason, 'diverged');
    if (stop.reason === 'diverged') t.is(stop.divergence.what, what);
  });
}

test('RAM can be saved, and be what it was', (t) => {
  const { s, simulator } = scenario();
  const saved = new ExpectedRam(RAM);
  simulator.saveRam(saved);
  s.events.end(7, null);
  t.is(s.run().reason, 'end');
  t.is(s.word(0x21010), 1);
  t.true(simulator.compareRam(saved).differingWords > 0);
  simulator.loadRam(saved);
  t.is(simulator.compareRam(saved).differingWords, 0);
  t.is(s.word(0x21010), 0);
  saved.close();
});
