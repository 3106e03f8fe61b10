/** Makes a new directory of what a guest has left in its share. Nothing that exists is touched. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShareNode, ShareTree } from '../../engines/v86/index.js';
import { outputError, outputExists } from '../../formats/errors.js';
import { temporaryPath } from '../../formats/publish.js';

const PERMISSIONS = 0o777;

/** @throws DecoupleError output-exists */
export function refuseExistingDirectory(path: string): void {
  if (existsSync(path)) throw outputExists(path, undefined, false);
}

/**
 * Whole or not at all. Files that could not be read at the start are left out; so are links that lead out of the directory, unless
 * they are asked for: who reads what is there would read what the guest chose.
 * @returns the links that were left out, with where they lead
 * @throws DecoupleError output-exists, write-failed
 */
export function writeShare(tree: ShareTree, path: string, allLinks: boolean): string[] {
  refuseExistingDirectory(path);
  const temporary = temporaryPath(path);
  const leftOut: string[] = [];
  try {
    mkdirSync(temporary);
    fill(tree.root, temporary, [], { allLinks, leftOut });
    renameSync(temporary, path);
    return leftOut;
  } catch (error) {
    throw outputError(path, error);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface Links {
  allLinks: boolean;
  leftOut: string[];
}

/** @param above names of the folders that it is in */
function fill(directory: ShareNode, path: string, above: readonly string[], links: Links): void {
  for (const node of directory.children.values()) {
    const place = join(path, node.name);
    if (node.kind === 'link') {
      if (links.allLinks || staysWithin(node.target, above.length)) symlinkSync(node.target, place);
      else links.leftOut.push(`${[...above, node.name].join('/')} -> ${node.target}`);
      continue;
    }
    // The user's mask applies, and the guest sets no user: it is not whom it takes itself for.
    if (node.kind === 'directory') {
      mkdirSync(place, { mode: (node.mode & PERMISSIONS) | 0o700 });
      fill(node, place, [...above, node.name], links);
    } else if (node.data === null) continue;
    else writeFileSync(place, node.data.subarray(0, node.size), { flag: 'wx', mode: node.mode & PERMISSIONS });
    utimesSync(place, node.mtime / 1000, node.mtime / 1000);
  }
}

/** It goes up first, no further than it may, and then down: what is on its way down may be a link that leads elsewhere. */
function staysWithin(target: string, depth: number): boolean {
  const parts = target.split('/').filter((part) => part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const first = up < 0 ? parts.length : up;
  return !target.startsWith('/') && first <= depth && !parts.slice(first).includes('..');
}
