/** Repairs of v86.wasm: what they are (table.ts), and the engine with them (repair.ts, which needs binaryen). */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REPAIRS } from './table.js';

export { REPAIRS, type Repair } from './table.js';

/** v86.wasm with the functions of all repairs in it, none of them in place: made by link.ts. */
export const LINKED = fileURLToPath(new URL('linked.wasm', import.meta.url));

/** The repairs that new recordings are made with. */
export const REPAIR_IDS: readonly string[] = REPAIRS.map(({ id }) => id);

/** Those of `ids` that this project does not know. */
export function unknownRepairs(ids: readonly string[]): string[] {
  return ids.filter((id) => !REPAIR_IDS.includes(id));
}

/** SHA-256 (hex) over what the repaired engine is made of. */
export function repairedHash(ids: readonly string[]): string {
  const hash = createHash('sha256').update(ids.join()).update(readFileSync(LINKED));
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
  for (const file of files.sort()) hash.update(readFileSync(new URL(file, folder)));
  return hash.digest('hex');
}
