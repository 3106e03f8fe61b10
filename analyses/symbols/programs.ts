/** Reads the ELF files that may have run in the guest. */
import { readFile } from 'node:fs/promises';
import { DecoupleError, inputError } from '../../formats/errors.js';
import type { Program } from '../analysis.js';
import { ElfFile } from './elf.js';
import type { LoadedProgram } from './placement.js';

/** @throws DecoupleError file-missing, file-unreadable, wrong-kind */
export async function loadPrograms(programs: readonly Program[]): Promise<LoadedProgram[]> {
  return Promise.all(
    programs.map(async ({ guestPath, elf }) => {
      const bytes = await readFile(elf).catch((error: unknown) => {
        throw inputError(elf, error);
      });
      const file = ElfFile.parse(bytes);
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
