/** Paging for firmware of a tiny guest, which is switched on in protected mode, with flat segments. */

const DIRECTORY = 0x10000;
const TABLE = 0x11000;

export interface Paging {
  /** Of what CR3 is. */
  directory: number;
  /** In the assembler's language; changes EAX and ECX. */
  code: string;
}

/**
 * The first MiB, each address where it is.
 * @param others entries of the table that are otherwise, by linear address; 0 for none
 */
export function paging(others: Readonly<Record<number, number>>): Paging {
  const code = `
      xor ecx, ecx
    next_page:
      mov eax, ecx
      shl eax, 12
      or eax, 3
      mov [${TABLE} + 4 * ecx], eax
      inc ecx
      cmp ecx, 256
      jne next_page
      ${Object.entries(others)
        .map(([linear, entry]) => `mov dword ptr [${TABLE + (Number(linear) >> 10)}], ${entry}\n`)
        .join('')}
      mov dword ptr [${DIRECTORY}], ${TABLE + 3}
      mov eax, ${DIRECTORY}
      mov cr3, eax
      mov eax, cr0
      or eax, 0x80000000
      mov cr0, eax
      jmp paged
    paged:`;
  return { directory: DIRECTORY, code };
}
