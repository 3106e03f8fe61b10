import test from 'ava';
import type { Sample } from '../../bench/measure.js';
import { evaluate } from '../../bench/results.js';
import { median, spread } from '../../bench/statistics.js';
import type { Workload } from '../../bench/workloads.js';

test('medians of odd and even counts', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 2, 3]), 2.5);
  t.is(median([7]), 7);
  t.throws(() => median([]), { instanceOf: RangeError });
  t.deepEqual(spread([10, 9, 1]), { median: 9, lowest: 1, highest: 10 });
});

function sample(changes: Partial<Sample>): Sample {
  const seconds = { plainSeconds: 2, recordSeconds: 2, relogSeconds: 8, simulateSeconds: 1, coverageSeconds: 1.5 };
  return { ...seconds, logBytes: 300, instructions: 100e6, ...changes };
}

function workload(name: string, cpuBound: boolean): Workload {
  return { name, cpuBound, guest: '', description: '', session: [] };
}

test('ratios are taken within a round, the log of CPU-bound work alone', (t) => {
  const results = evaluate([
    {
      workload: workload('a', true),
      samples: [sample({}), sample({ plainSeconds: 4, recordSeconds: 6 }), sample({ recordSeconds: 2.2 })],
    },
    { workload: workload('b', false), samples: [sample({ logBytes: 1e6 })] },
  ]);
  t.deepEqual(
    results.map(({ key, overall }) => [key, overall.median]),
    [
      ['record_over_plain', 1.05],
      ['log_bytes_per_mi', 3],
      ['relog_over_plain', 4],
      ['simulate_speedup', 2],
      ['coverage_over_none', 1.5],
    ],
  );
  t.is(results[1]!.workloads[1]!.own, null);
});
