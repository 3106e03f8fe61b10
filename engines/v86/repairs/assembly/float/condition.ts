/** CF, ZF and PF, which the engine works out when they are read: see ../../undefined-flags.ts. */
import { FLAGS, FLAGS_CHANGED, LAST_OPERAND, LAST_RESULT, LAST_WIDTH } from './state';

const CARRY: i32 = 1;
const PARITY: i32 = 4;
const ZERO: i32 = 0x40;

function carry(): bool {
  const changed = load<i32>(FLAGS_CHANGED);
  if ((changed & CARRY) === 0) return (load<i32>(FLAGS) & CARRY) !== 0;
  // The highest bit says that it was a subtraction.
  const subtracted = changed >> 31;
  return <u32>(load<i32>(LAST_RESULT) ^ subtracted) < <u32>(load<i32>(LAST_OPERAND) ^ subtracted);
}

function zero(): bool {
  if ((load<i32>(FLAGS_CHANGED) & ZERO) === 0) return (load<i32>(FLAGS) & ZERO) !== 0;
  return (<u32>load<i32>(LAST_RESULT) & ((<u32>2 << load<i32>(LAST_WIDTH)) - 1)) === 0;
}

function parity(): bool {
  if ((load<i32>(FLAGS_CHANGED) & PARITY) === 0) return (load<i32>(FLAGS) & PARITY) !== 0;
  return (popcnt<i32>(load<i32>(LAST_RESULT) & 0xff) & 1) === 0;
}

/** B, E, BE and U, of FCMOVcc. */
export function condition(which: i32): bool {
  switch (which) {
    case 0:
      return carry();
    case 1:
      return zero();
    case 2:
      return carry() || zero();
    default:
      return parity();
  }
}
