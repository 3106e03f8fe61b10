/** Stages run as commands, for end-to-end tests: what they say, and what becomes of them when something goes wrong. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { RelogResult, ReplayResult, VerifyResult } from '../../relog/api.js';
import { decouple, PROJECT } from './cli.js';
import { residentBytes } from './memory.js';
import { againstSchema } from './json-schema.js';

export const GUEST = 'debian-busybox';
const STAGE_TIMEOUT_MS = 600_000;
const PATIENCE_MS = 120_000;

/** A session file. */
export function sessionFile(folder: string, ...steps: string[]): string {
  const path = join(folder, 'session.yaml');
  writeFileSync(path, steps.map((step) => `- ${step}\n`).join(''));
  return path;
}

/** Types a command and waits for what never comes; says `tick` all the time. */
export const ENDLESS = [
  String.raw`send: "i=0; while true; do i=$((i + 1)); [ $((i % 2000)) = 0 ] && echo ti''ck $i; done\n"`,
  'expect: never\n  timeout: 10m',
];

/** Types lines one after the other, and waits after each for the word `done`, which no line itself may contain. */
export function commands(...lines: string[]): string[] {
  return lines.flatMap((line) => [
    `send: ${JSON.stringify(`${line}; echo do''ne\n`)}`,
    'expect: "^done"\n  timeout: 5m',
  ]);
}

/** A guest that comes with the project, as a PC with ACPI and APICs, its kernel somewhere else at every boot. */
export function acpiSpec(guest: string): object {
  // The firmware's tables describe slots for hot plugging, whose registers v86 does not have: they read as "removed".
  const cmdline =
    'console=ttyS0 quiet acpiphp.disable=1 tsc=reliable random.trust_cpu=on mitigations=off cryptomgr.notests apparmor=0 audit=0';
  const boot = { kind: 'bzimage', kernel: { package: 'linux-image-686' }, cmdline };
  return { name: `${guest}-acpi`, extends: guest, devices: { acpi: true }, boot };
}

/** What a command that must succeed prints with --json. */
export async function run<T>(t: ExecutionContext, ...args: string[]): Promise<T> {
  const { status, stdout, stderr } = await decouple([...args, '--json'], { timeout: STAGE_TIMEOUT_MS });
  t.is(status, EXIT_STATUS.ok, `${args.join(' ')}\n${stderr}\n${stdout}`);
  const result = JSON.parse(stdout) as T;
  t.deepEqual(againstSchema(result), [], args.join(' '));
  return result;
}

/** The recording replays exactly. */
export async function replays(t: ExecutionContext, recording: string, cutOff = false): Promise<void> {
  t.like(await run<ReplayResult>(t, 'replay', recording, '--verify'), { mismatch: null, cutOff });
}

/** The recording replays exactly, is relogged, and the relog is exact in the simulator. */
export async function goesAllTheWay(t: ExecutionContext, recording: string, cutOff = false): Promise<void> {
  await replays(t, recording, cutOff);
  await relogsExactly(t, recording, cutOff);
}

/** The recording is relogged, and the relog is exact in the simulator. */
export async function relogsExactly(t: ExecutionContext, recording: string, cutOff = false): Promise<void> {
  const relog = `${recording}.relog`;
  const { instructions, cutOff: relogCutOff } = await run<RelogResult>(t, 'relog', recording, '-o', relog);
  t.is(relogCutOff, cutOff);
  t.true(instructions > 0);
  t.like(await run<VerifyResult>(t, 'verify', relog), { exact: true, instructions });
}

/** A command that goes on until something happens to it; with its children in a process group of its own. */
export function start(args: string[], timeout = STAGE_TIMEOUT_MS) {
  return execa('node', [`${PROJECT}bin/decouple.mjs`, ...args], {
    ...{ reject: false, stdin: 'ignore', detached: true, timeout },
  });
}

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The process that holds the machine of a command: started by it, or by what confines it. */
export function machineOf(pid: number): number {
  const [child] = childrenOf(pid);
  return child === undefined ? pid : machineOf(child);
}

/** Process numbers of a process's children (proc(5)). */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

/** Resident bytes of the largest of a process and those that it started (proc(5)). */
export function largestBelow(pid: number): number {
  try {
    return Math.max(residentBytes(pid), ...childrenOf(pid).map(largestBelow));
  } catch {
    return 0;
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
