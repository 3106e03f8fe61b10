/** The options that show the guest a directory of the host. */
import { DecoupleError } from '../formats/errors.js';
import type { RecordResult, ShareOptions } from '../relog/api.js';
import { refuseExisting } from './paths.js';
import { formatBytes, formatCounted } from './units.js';

/**
 * @param share `dir`, `dir:ro` or `dir:rw`
 * @param output where what the guest leaves is to go
 * @param allLinks whether links are made there that lead out of it
 * @throws DecoupleError usage, output-exists
 */
export function parseShare(
  share: string | undefined,
  output: string | undefined,
  allLinks: boolean,
): ShareOptions | null {
  const [, directory = '', access = 'ro'] = /^(.*?)(?::(ro|rw))?$/s.exec(share ?? '') ?? [];
  const writable = access === 'rw';
  if (output !== undefined && !writable) {
    throw new DecoupleError(
      'usage',
      '--share-out is for a share that the guest may write to.',
      'Give --share directory:rw with it.',
    );
  }
  if (share === undefined) return null;
  if (directory === '') throw new DecoupleError('usage', '--share names no directory.', 'Write --share directory:ro.');
  if (output !== undefined) refuseExisting(output, null);
  return { directory, writable, output: output ?? null, allLinks };
}

/** What was shared, for a person; with what was not. */
export function describeShare({
  files,
  bytes,
  skipped,
  unreadable,
  linksLeftOut,
}: NonNullable<RecordResult['share']>): [string, string][] {
  const pairs: [string, string][] = [['share', `${formatCounted(files, 'file')}, ${formatBytes(bytes)}`]];
  if (skipped.length > 0) pairs.push(['not shared', few(skipped)]);
  if (unreadable.length > 0) pairs.push(['unreadable', `${few(unreadable)}: the guest gets an I/O error`]);
  if (linksLeftOut.length > 0) pairs.push(['links left out', few(linksLeftOut)]);
  return pairs;
}

function few(paths: string[]): string {
  return paths.length <= 3 ? paths.join(', ') : `${paths.slice(0, 3).join(', ')} and ${paths.length - 3} more`;
}
