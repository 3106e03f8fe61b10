import { hasSystemCode } from './errors.js';

/** Whether there is a process of this number on this computer, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasSystemCode(error, 'EPERM');
  }
}
