import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `action` while no other set-up of this checkout runs: a second one waits. The lock is a file with a process
 * number; one left behind by a process that is gone does not count.
 *
 * @param {string} cacheDir
 * @param {() => Promise<void>} action
 */
export async function withLock(cacheDir, action) {
  const path = join(cacheDir, 'setup.lock');
  mkdirSync(cacheDir, { recursive: true });
  for (let told = false; !tryLock(path); await sleep(200)) {
    if (!told) console.log('waiting for another set-up of this checkout to end');
    told = true;
  }
  try {
    await action();
  } finally {
    rmSync(path, { force: true });
  }
}

/** @param {string} path */
function tryLock(path) {
  try {
    writeFileSync(path, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const owner = ownerOf(path);
  // An empty file is one whose owner is about to write its number.
  if (owner !== null && owner !== 0 && !isAlive(owner)) rmSync(path, { force: true });
  return false;
}

/** @param {string} path */
function ownerOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
