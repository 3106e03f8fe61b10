/** Memory of processes, as proc(5) tells it; `ru_maxrss` would also count what the parent had when it forked. */
import { readFileSync } from 'node:fs';

/** Bytes in memory now; 0 when the process is gone. */
export function residentBytes(pid: number): number {
  return field(pid, 'VmRSS');
}

/** Of this process, at the most so far. */
export function peakBytes(): number {
  return field('self', 'VmHWM');
}

function field(process: number | 'self', name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(textOf(`/proc/${process}/status`));
  return 1024 * Number(line?.[1] ?? 0);
}

/** Of a file that may be gone. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
