/** What the benchmarks run in the guest. Each ends by itself, with a marker on the console. */
import type { SessionStep } from '../relog/api.js';

export interface Workload {
  name: string;
  /** Computes without asking for anything: the input log of such a run should be next to nothing. */
  cpuBound: boolean;
  command: string;
}

const TIMEOUT_SECONDS = 300;

export const WORKLOADS: readonly Workload[] = [
  { name: 'checksum', cpuBound: true, command: 'for i in 1 2 3 4 5; do sha256sum /bin/busybox; done' },
  { name: 'floats', cpuBound: true, command: "awk 'BEGIN { while (i++ < 60000) s += i * 1.5 / (i + 1); print s }'" },
  { name: 'compress', cpuBound: true, command: 'gzip -9 < /bin/busybox | gunzip | md5sum' },
  {
    name: 'processes',
    cpuBound: false,
    command: 'i=0; while [ $i -lt 15 ]; do echo $i | cat | wc -c; i=$((i + 1)); done > /dev/null',
  },
];

/** The marker is typed in two parts, so that the echo of what is typed does not look like it. */
export function sessionOf({ command }: Workload): SessionStep[] {
  return [
    { kind: 'send', bytes: Buffer.from(`${command}; echo bench''mark done\n`) },
    { kind: 'expect', pattern: /benchmark done/, timeoutSeconds: TIMEOUT_SECONDS },
  ];
}
