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

let own = process.pid;

/** By which number others know this process. One that is confined has numbers of its own, and is told. */
export const processId = (): number => own;

export function setProcessId(pid: number): void {
  own = pid;
}
