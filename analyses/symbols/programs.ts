/** Reads the ELF files that may have run in the guest. */
import { DecoupleError } from '../../formats/errors.js';
import { readInput } from '../../formats/input-file.js';
import type { Program } from '../analysis.js';
import { ElfFile } from './elf.js';
import type { LoadedProgram } from './placement.js';

/** A kernel with all it says of itself has less. */
const PROGRAM_BYTES = 1 << 30;

/** @throws DecoupleError file-missing, file-unreadable, wrong-kind */
export async function loadPrograms(programs: readonly Program[]): Promise<LoadedProgram[]> {
  return Promise.all(
    programs.map(async ({ guestPath, elf }) => {
      const file = ElfFile.parse(readInput(elf, PROGRAM_BYTES));
      if (file === null) {
        throw new DecoupleError(
          'wrong-kind',
          `${elf} is not an executable or a library for 32-bit x86.`,
          'Give the ELF file that ran in the guest, or one with the same code and more symbols.',
        );
      }
      return { guestPath, file };
    }),
  );
}
