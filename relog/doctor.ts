/** Whether this machine can replay a recording or simulate a relog, and what it lacks. */
import { statSync } from 'node:fs';
import { engineHash, enginePackage, unknownRepairs } from '../engines/v86/index.js';
import { Simulator } from '../engines/unicorn/index.js';
import { CODEC_STORE, ContainerReader, refuseStandardInput, type ContainerKind } from '../formats/container/index.js';
import { DRIVES } from '../formats/disks.js';
import { DecoupleError, type ErrorCode } from '../formats/errors.js';
import { readRecordingHeader, type RecordingHeader } from '../formats/recording.js';
import { readRelogHeader, RELOG_FRAME } from '../formats/relog.js';
import { openBase, type DiskPaths } from './disks/recorded-disks.js';

export interface Finding {
  /** What was looked at. */
  what: string;
  /** What was found, or what is wrong. */
  found: string;
  /** Null when all is well. */
  lack: { code: ErrorCode; advice: string } | null;
}

export interface Diagnosis {
  kind: ContainerKind;
  /** All is there. */
  able: boolean;
  findings: Finding[];
}

/**
 * @param disks where base images are, when not where they were recorded
 * @throws DecoupleError when the file itself cannot be read: file-missing, not-decouple, damaged, version-too-new, ...
 */
export async function diagnose(input: string, disks: DiskPaths): Promise<Diagnosis> {
  refuseStandardInput(input);
  const { kind, header, findings } = await readAll(input);
  if (kind === 'recording' && header !== null) {
    findings.push(engineOf(header));
    for (const drive of DRIVES) {
      const reference = header.disks[drive];
      if (reference === undefined) continue;
      const path = disks[drive] ?? reference.path;
      findings.push(
        await attempt(`disk ${drive}`, async () => {
          (await openBase(input, drive, reference, path)).close();
          return `${path}, ${statSync(path).size} bytes, with the right SHA-256`;
        }),
      );
    }
  }
  if (kind === 'relog') {
    findings.push(
      await attempt('simulator', () => {
        const { unicorn, layout } = Simulator.versionInfo();
        return `libunicorn ${unicorn}, layout ${layout}`;
      }),
    );
  }
  return { kind, able: findings.every(({ lack }) => lack === null), findings };
}

/** Reads the file from front to back; what is in a store is looked for there afterwards. */
async function readAll(
  input: string,
): Promise<{ kind: ContainerKind; header: RecordingHeader | null; findings: Finding[] }> {
  const reader = new ContainerReader(input, undefined, false);
  const { kind, version } = reader;
  let stored = 0;
  let keyframes = 0;
  let header: RecordingHeader | null = null;
  try {
    if (kind === 'recording') header = readRecordingHeader(reader);
    if (kind === 'relog') readRelogHeader(reader);
    for (const frame of reader) {
      if (frame.codec === CODEC_STORE) stored++;
      if (frame.kind === RELOG_FRAME.keyframe) keyframes++;
    }
  } finally {
    reader.close();
  }
  const state = reader.cutOff ? 'cut off, but what is complete in it can be used' : 'complete and intact';
  const findings: Finding[] = [
    { what: 'file', found: `a ${kind} of format ${version.major}.${version.minor}, ${state}`, lack: null },
  ];
  if (kind === 'relog' && reader.cutOff && keyframes === 0) {
    const advice = 'Make it again from its recording with decouple relog.';
    findings.push({
      what: 'keyframes',
      found: 'it was cut off before its first keyframe',
      lack: { code: 'relog-malformed', advice },
    });
  }
  if (stored > 0) findings.push(await attempt('store', () => readContents(input)));
  return { kind, header, findings };
}

function readContents(input: string): string {
  const reader = new ContainerReader(input);
  let bytes = 0;
  try {
    for (const { codec, payload } of reader) if (codec === CODEC_STORE) bytes += payload.length;
    return `all ${bytes} bytes of contents are there`;
  } finally {
    reader.close();
  }
}

function engineOf({ engine }: RecordingHeader): Finding {
  const here = enginePackage();
  // Of the engine as the recording would have it here, which is what its header names.
  const hash = engineHash(engine.repairs);
  const found = `${here.name} ${here.version} (${hash.slice(0, 12)})`;
  if (engine.hash === hash && unknownRepairs(engine.repairs).length === 0) return { what: 'engine', found, lack: null };
  const needed = `${engine.name} ${engine.version} (${engine.hash.slice(0, 12)})`;
  const advice = `Use the decouple that recorded it, or install ${engine.name}@${engine.version.replace(/\+.*/, '')}.`;
  return { what: 'engine', found: `${found}, but it needs ${needed}`, lack: { code: 'engine-differs', advice } };
}

/** What is the matter is a finding, not an error. */
async function attempt(what: string, look: () => string | Promise<string>): Promise<Finding> {
  try {
    return { what, found: await look(), lack: null };
  } catch (error) {
    if (!(error instanceof DecoupleError)) throw error;
    return { what, found: error.message, lack: { code: error.code, advice: error.advice } };
  }
}
