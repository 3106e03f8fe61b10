/** A file of another format than our own, written piece by piece: under its name it is whole or not there at all. */
import { closeSync, existsSync, fsyncSync, unlinkSync, writeSync } from 'node:fs';
import { asOutputError, outputError } from './errors.js';
import { checkOutput, createFile, publish, temporaryPath } from './publish.js';

const BUFFER_BYTES = 1 << 20;

export class OutputFile {
  /** Bytes written so far. */
  bytes = 0;
  private readonly temporary: string;
  private fd: number | null;
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;

  /**
   * @param force replace a file that is already there
   * @throws DecoupleError output-exists, write-failed
   */
  constructor(
    private readonly path: string,
    private readonly force: boolean,
  ) {
    checkOutput(path, force);
    this.temporary = temporaryPath(path);
    try {
      this.fd = createFile(this.temporary);
    } catch (error) {
      throw outputError(path, error);
    }
  }

  /** @throws DecoupleError write-failed */
  write(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    this.bytes += bytes.length;
    if (this.waitingBytes >= BUFFER_BYTES) this.flush();
  }

  /** Gives the file its name. Errors: output-exists, write-failed. */
  finish(): void {
    this.flush();
    try {
      fsyncSync(this.fd!);
      closeSync(this.fd!);
      this.fd = null;
      publish(this.temporary, this.path, this.force);
    } catch (error) {
      if (this.fd === null && existsSync(this.temporary)) unlinkSync(this.temporary);
      throw asOutputError(this.path, error);
    }
  }

  /** Removes what was written. Safe to call at any time, also twice. */
  abandon(): void {
    if (this.fd === null) return;
    closeSync(this.fd);
    this.fd = null;
    unlinkSync(this.temporary);
  }

  private flush(): void {
    const bytes = Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.fd!, bytes, done);
    } catch (error) {
      throw outputError(this.path, error);
    }
  }
}

/** @throws DecoupleError output-exists, write-failed */
export function writeWhole(path: string, data: Uint8Array | string, force: boolean): void {
  const file = new OutputFile(path, force);
  try {
    file.write(typeof data === 'string' ? Buffer.from(data) : data);
    file.finish();
  } finally {
    file.abandon();
  }
}
