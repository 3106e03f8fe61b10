/** Makes a new directory of what a guest has left in its share. Nothing that exists is touched. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import type { ShareNode, ShareTree } from '../../engines/v86/index.js';
import { outputError, outputExists } from '../../formats/errors.js';

/** @throws DecoupleError output-exists */
export function refuseExistingDirectory(path: string): void {
  if (existsSync(path)) throw outputExists(path);
}

/**
 * Whole or not at all. Files that could not be read at the start are left out.
 * @throws DecoupleError output-exists, write-failed
 */
export function writeShare(tree: ShareTree, path: string): void {
  refuseExistingDirectory(path);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(temporary);
    fill(tree.root, temporary);
    renameSync(temporary, path);
  } catch (error) {
    throw outputError(path, error);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function fill(directory: ShareNode, path: string): void {
  for (const node of directory.children.values()) {
    const place = join(path, node.name);
    if (node.kind === 'link') {
      symlinkSync(node.target, place);
      continue;
    }
    if (node.kind === 'directory') {
      mkdirSync(place);
      fill(node, place);
    } else if (node.data === null) continue;
    else writeFileSync(place, node.data.subarray(0, node.size), { flag: 'wx' });
    chmodSync(place, node.kind === 'directory' ? node.mode | 0o700 : node.mode);
    utimesSync(place, node.mtime / 1000, node.mtime / 1000);
  }
}
