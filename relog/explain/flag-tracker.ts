/**
 * Which differences of EFLAGS mean nothing: bits that an instruction left undefined, until one sets them. As verify has it,
 * but from one instruction to the next, where the simulator cannot look back far enough.
 */
import { EFLAGS_DEFINED, type Simulator } from '../../engines/unicorn/index.js';
import type { Decoded } from './operands.js';

const STATUS = 0x8d5;

export class FlagTracker {
  /** Bits that differ, and that nobody has set since they were left undefined. */
  private open = 0;

  /**
   * @param differing EFLAGS of the two, exclusive or
   * @param done the instruction just done, null when it is not known
   * @param next the one that comes next, when asked for
   */
  allowed(differing: number, simulator: Simulator, done: Decoded | null, next: () => Decoded | null): boolean {
    const bits = differing & EFLAGS_DEFINED;
    if (bits === 0) {
      this.open = 0;
      return true;
    }
    const stillOpen = this.open & ~(done?.flags ?? STATUS);
    let allowed = stillOpen | simulator.undefinedFlags().mask;
    const here = (bits & ~allowed) === 0 ? null : next();
    // In the middle of a comparison the flags are no input to it (row flags-in-repeat).
    if (here !== null && here.repeated && here.compares) allowed |= STATUS;
    this.open = bits & allowed;
    return (bits & ~allowed) === 0;
  }
}
