/** The machine's own parts, each alone: clock, timers, randomness, realm. */
import test from 'ava';
import fc from 'fast-check';
import { UNITS_PER_MS, VirtualClock } from '../../../engines/v86/clock.js';
import { SeededRandom } from '../../../engines/v86/random.js';
import { loadBundle } from '../../../engines/v86/realm.js';
import { Scheduler } from '../../../engines/v86/scheduler.js';

test('time never runs backwards, whatever the samples say and however often it is read', (t) => {
  const reads = fc.array(fc.record({ real: fc.nat(100_000), reads: fc.nat(2000) }), { minLength: 1 });
  fc.assert(
    fc.property(reads, (steps) => {
      let real = 0;
      const clock = new VirtualClock({ sample: (floor) => Math.max(floor, real) }, 0, 1_000_000);
      let last = -1;
      for (const step of steps) {
        real = step.real;
        clock.advance();
        t.true(clock.now() >= last * UNITS_PER_MS);
        for (let i = 0; i < step.reads; i++) {
          const now = clock.read();
          t.true(now > last);
          last = now;
        }
        t.true(clock.date() >= 1_000_000);
      }
    }),
    { numRuns: 30 },
  );
});

test('the same samples give the same time', (t) => {
  const run = (): number[] => {
    const samples = [3, 3, 10, 400];
    const clock = new VirtualClock({ sample: (floor) => Math.max(floor, samples.shift()!) }, 0, 0);
    return [0, 1, 2, 3].flatMap(() => {
      clock.advance();
      return [clock.read(), clock.read(), clock.date()];
    });
  };
  t.deepEqual(run(), run());
});

test('callbacks fire in the order of their due times, then of their making', (t) => {
  let now = 0;
  const scheduler = new Scheduler(() => now, UNITS_PER_MS);
  const fired: string[] = [];
  const add = (name: string, ms: number): number => scheduler.add(() => fired.push(name), ms, false, []);
  add('late', 5);
  add('soon', 1);
  const gone = add('gone', 2);
  add('now', 0);
  add('now too', 0);
  scheduler.remove(gone);
  now = 1000 * UNITS_PER_MS;
  add('last', 0);
  while (scheduler.nextDue() !== null) scheduler.fire();
  t.deepEqual(fired, ['now', 'now too', 'soon', 'late', 'last']);
  t.throws(() => scheduler.fire());
});

test('an interval comes again until it is removed', (t) => {
  const scheduler = new Scheduler(() => 0, UNITS_PER_MS);
  let times = 0;
  const id = scheduler.add(() => (++times === 3 ? scheduler.remove(id) : undefined), 2, true, []);
  for (let i = 0; i < 3; i++) scheduler.fire();
  t.is(times, 3);
});

test('random numbers depend on the seed alone, and spread', (t) => {
  const take = (seed: number): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 1000 }, () => random.uint32());
  };
  t.deepEqual(take(7), take(7));
  t.notDeepEqual(take(7), take(8));
  t.is(new Set(take(7)).size, 1000);
  const random = new SeededRandom(1);
  const mean = Array.from({ length: 10_000 }, () => random.unit()).reduce((a, b) => a + b) / 10_000;
  t.true(Math.abs(mean - 0.5) < 0.02);
});

test('inside the realm there is no way out', (t) => {
  const seen: Record<string, unknown> = {};
  const clock = new VirtualClock({ sample: (floor) => floor }, 0, 123_000);
  const services = { clock, random: new SeededRandom(1), scheduler: new Scheduler(() => 0, 1), log: () => undefined };
  const doors = [
    'fetch',
    'WebSocket',
    'Worker',
    'require',
    'Buffer',
    'navigator',
    'queueMicrotask',
    'MessageChannel',
    'window',
  ];
  const source = `
    const seen = this.seen = {};
    for (const name of ${JSON.stringify(doors)}) { try { seen[name] = eval('typeof ' + name); } catch (error) { seen[name] = 'undefined'; } }
    seen.global = Object.keys(globalThis).length;
    seen.process = Object.keys(process).length;
    seen.self = (function () { return Object.keys(this === undefined ? {} : this).length; }).call(undefined) && 0;
    seen.now = Date.now(); seen.made = +new Date(); seen.random = Math.random();
    module.exports.V86 = seen;`;
  Object.assign(seen, loadBundle(source, services) as unknown as Record<string, unknown>);
  for (const door of doors) t.is(seen[door], 'undefined', door);
  t.is(seen.global, 0);
  t.is(seen.process, 0);
  t.is(seen.now, 123_000);
  t.is(seen.made, 123_000);
  t.is(seen.random, new SeededRandom(1).unit());
});
