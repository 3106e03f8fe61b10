/** What the guest writes to ports, for whoever looks on: the machine does the same with and without. */
import type { Imports, SeamFunction } from './seam.js';

export interface PortWatch {
  ports: ReadonlySet<number>;
  /** @param bytes the size of the access: 1, 2 or 4 */
  wrote: (port: number, value: number, bytes: number) => void;
}

/** The ports of the interrupt controllers lie inside the engine: writes to them do not come by here. */
export function watchPorts(env: Imports, { ports, wrote }: PortWatch): void {
  for (const bytes of [1, 2, 4]) {
    const name = `io_port_write${8 * bytes}`;
    const write = env[name] as SeamFunction;
    env[name] = (port = 0, value = 0) => {
      if (ports.has(port)) wrote(port, value >>> 0, bytes);
      return write(port, value);
    };
  }
}
