/** Digests of a machine's state, cheap enough to take four times a second: registers, and a part of RAM by turns. */
import type { Machine } from '../engines/v86/index.js';
import { crc32 } from '../formats/checksum.js';
import type { Digest } from '../formats/recording.js';

const WINDOW_BYTES = 512 << 10;

export class Digester {
  private turn = 0;

  digest(machine: Machine, consoleCrc: number): Digest {
    const ram = machine.ram();
    const offset = (this.turn++ * WINDOW_BYTES) % ram.length;
    const length = Math.min(WINDOW_BYTES, ram.length - offset);
    return {
      registers: crc32(machine.registerFile()),
      ram: { offset, length, crc: crc32(ram.subarray(offset, offset + length)) },
      console: consoleCrc,
      instructions: machine.engineInstructions,
    };
  }
}

/** What differs between a digest of the record and the machine now, or null. */
export function compareDigest(machine: Machine, consoleCrc: number, digest: Digest): string | null {
  const ram = machine.ram();
  const { offset, length, crc } = digest.ram;
  if (consoleCrc !== digest.console) return 'console output';
  if (machine.engineInstructions !== digest.instructions) return 'instruction count';
  if (crc32(machine.registerFile()) !== digest.registers) return 'registers';
  if (crc32(ram.subarray(offset, offset + length)) !== crc) {
    return `RAM between 0x${offset.toString(16)} and 0x${(offset + length).toString(16)}`;
  }
  return null;
}
