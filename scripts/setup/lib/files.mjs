import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * SHA-256 over names and contents of files.
 *
 * @param {string} root what the names are relative to
 * @param {string[]} names
 */
export function hashFiles(root, names) {
  const hash = createHash('sha256');
  for (const name of [...names].sort()) {
    const content = readFileSync(join(root, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

/**
 * Names of the files below a directory that `accepts` takes, relative to `root`.
 *
 * @param {string} root
 * @param {string} directory relative to root
 * @param {(name: string) => boolean} accepts
 * @returns {string[]}
 */
export function filesBelow(root, directory, accepts) {
  if (!existsSync(join(root, directory))) return [];
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const name = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(root, name, accepts);
    return accepts(name) ? [name] : [];
  });
}

/**
 * What a finished step leaves behind: the hash of what it was made of. Written last, so that a step that was
 * interrupted is done again.
 */
export class Stamp {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /** @param {string} key */
  matches(key) {
    return existsSync(this.path) && readFileSync(this.path, 'utf8') === key;
  }

  /** @param {string} key */
  write(key) {
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(`${this.path}.new`, key);
    renameSync(`${this.path}.new`, this.path);
  }
}
