/** How an instruction of SSE ends: its result is written, or the exception is noted that is to be delivered instead. */
import { finishExact } from './sse-exact';
import { LANES, TRAP } from './state';

/** @returns whether the result may be written */
export function finish(): bool {
  if (!finishExact()) return true;
  store<u8>(TRAP, 1);
  return false;
}

/** Writes 16 bytes of `LANES` to a register, unless an exception is to be delivered. */
export function writeLanes(register: usize): void {
  if (!finish()) return;
  store<u64>(register, load<u64>(LANES));
  store<u64>(register + 8, load<u64>(LANES + 8));
}
