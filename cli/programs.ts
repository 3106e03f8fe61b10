/** The ELF files whose functions a report can name: those of the relog's guest, and what the user adds. */
import { basename } from 'node:path';
import type { Program } from '../analyses/analysis.js';
import { ContainerReader } from '../formats/container/index.js';
import { readRelogHeader } from '../formats/relog.js';
import { CACHE } from './paths.js';
import { stages } from './stages.js';

/**
 * @param added ELF files given with --symbols
 * @throws DecoupleError whatever reading the relog's header throws
 */
export async function programsFor(relog: string, added: readonly string[]): Promise<Program[]> {
  const own = added.map((elf) => ({ guestPath: basename(elf), elf }));
  return [...own, ...(await programsOfGuest(guestOf(relog)))];
}

function guestOf(relog: string): { name: string; hash: string } {
  const reader = new ContainerReader(relog, 'relog');
  try {
    return readRelogHeader(reader).guest;
  } finally {
    reader.close();
  }
}

/** Programs of the guest that the relog comes from, if just that guest is here; nothing is built for it. */
async function programsOfGuest({ name, hash }: { name: string; hash: string }): Promise<Program[]> {
  const { isGuestBuilt, listGuests, loadGuest } = await stages.guests();
  const known = (await listGuests()).some((guest) => guest.name === name);
  if (!known || !(await isGuestBuilt(name, CACHE))) return [];
  const image = await loadGuest(name, { cacheDir: CACHE });
  return image.hash === hash ? image.programs : [];
}
