/**
 * Runs the compiler where it sees nothing but what it needs: a program's source is a stranger's, and a compiler reads whatever a source
 * includes. With bubblewrap, where this computer has it and lets it work.
 */
import { existsSync } from 'node:fs';
import { runCommand, type CommandResult } from '../debian/command.js';

export interface Sandbox {
  /** Files and folders that are seen, at their own paths. */
  readable: readonly string[];
  /** A folder to write to. */
  writable: string;
  cwd: string;
}

const PROGRAM = 'bwrap';
/** Where a system has its programs, what they load, and what they are told of it. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib32', '/lib64', '/libx32', '/etc/alternatives', '/etc/ld.so.cache'];
const ALONE = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv'];
const ENVIRONMENT = ['--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'LC_ALL', 'C.UTF-8'];

const seen = (path: string): string[] => ['--ro-bind', path, path];

let works: Promise<boolean> | null = null;

/** Whether there is bubblewrap, and the system lets it make namespaces. */
export function hasSandbox(): Promise<boolean> {
  works ??= runCommand(PROGRAM, [...ALONE, ...ENVIRONMENT, ...system(), 'true']).then(({ status }) => status === 0);
  return works;
}

function system(): string[] {
  return [
    ...SYSTEM.filter((path) => existsSync(path)).flatMap(seen),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--tmpfs',
    '/tmp',
  ];
}

/** As `runCommand`; without a sandbox where there is none. */
export async function runWithin(
  { readable, writable, cwd }: Sandbox,
  command: string,
  args: readonly string[],
): Promise<CommandResult> {
  if (!(await hasSandbox())) return runCommand(command, [...args], { cwd });
  const places = [...readable.flatMap(seen), '--bind', writable, writable, '--chdir', cwd];
  return runCommand(PROGRAM, [...ALONE, ...ENVIRONMENT, ...system(), ...places, command, ...args]);
}
