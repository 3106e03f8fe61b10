/** Digests of a machine's state, cheap enough to take four times a second: registers, and a part of RAM by turns. */
import type { Machine } from '../engines/v86/index.js';
import { crc32 } from '../formats/checksum.js';
import type { DeviceOutput } from '../formats/devices.js';
import type { Digest } from '../formats/recording.js';

const WINDOW_BYTES = 512 << 10;

/** CRC-32 of what a machine has put out so far, the console apart from the rest. */
export class OutputCrc {
  console = 0;
  others = 0;

  add({ channel, bytes }: DeviceOutput): void {
    if (channel === 'serial0') this.console = crc32(bytes, this.console);
    else this.others = crc32(bytes, this.others);
  }
}

export class Digester {
  private turn = 0;

  digest(machine: Machine, outputs: OutputCrc): Digest {
    const ram = machine.ram();
    const offset = (this.turn++ * WINDOW_BYTES) % ram.length;
    const length = Math.min(WINDOW_BYTES, ram.length - offset);
    return {
      registers: crc32(machine.registerFile()),
      ram: { offset, length, crc: crc32(ram.subarray(offset, offset + length)) },
      console: outputs.console,
      outputs: outputs.others,
      instructions: machine.engineInstructions,
    };
  }
}

/** What differs between a digest of the record and the machine now, or null. */
export function compareDigest(machine: Machine, outputs: OutputCrc, digest: Digest): string | null {
  const ram = machine.ram();
  const { offset, length, crc } = digest.ram;
  if (outputs.console !== digest.console) return 'console output';
  if (outputs.others !== digest.outputs) return 'the output of another device than the console';
  if (machine.engineInstructions !== digest.instructions) return 'instruction count';
  if (crc32(machine.registerFile()) !== digest.registers) return 'registers';
  if (crc32(ram.subarray(offset, offset + length)) !== crc) {
    return `RAM between 0x${offset.toString(16)} and 0x${(offset + length).toString(16)}`;
  }
  return null;
}
