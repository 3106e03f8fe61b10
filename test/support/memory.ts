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

/** Whether memory that was only read takes none: most kernels show the same page of zeros everywhere, and some give each its own. */
export function sharesZeros(): boolean {
  const BYTES = 64 << 20;
  const PAGE = 4096;
  const zeros = Buffer.alloc(BYTES);
  const before = residentBytes(process.pid);
  let sum = 0;
  for (let at = 0; at < BYTES; at += PAGE) sum += zeros[at]!;
  return sum === 0 && residentBytes(process.pid) - before < BYTES / 2;
}
