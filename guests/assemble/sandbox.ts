/**
 * Runs the compiler where it sees nothing but what it needs: a program's source is a stranger's, and a compiler reads whatever a source
 * includes. With bubblewrap, where this computer has it and lets it work.
 */
import { findBubblewrap, shown, systemPlaces } from '../../confine/index.js';
import { runCommand, type CommandResult } from '../debian/command.js';

export interface Sandbox {
  /** Files and folders that are seen, at their own paths. */
  readable: readonly string[];
  /** A folder to write to. */
  writable: string;
  cwd: string;
}

const ALONE = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv'];
const ENVIRONMENT = ['--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'LC_ALL', 'C.UTF-8'];

/** Whether there is bubblewrap, and the system lets it make namespaces. */
export async function hasSandbox(): Promise<boolean> {
  return (await findBubblewrap()) !== null;
}

/** As `runCommand`; without a sandbox where there is none. */
export async function runWithin(
  { readable, writable, cwd }: Sandbox,
  command: string,
  args: readonly string[],
): Promise<CommandResult> {
  const bubblewrap = await findBubblewrap();
  if (bubblewrap === null) return runCommand(command, [...args], { cwd });
  const places = [...systemPlaces(), ...readable.flatMap(shown), '--bind', writable, writable, '--chdir', cwd];
  const all = [...ALONE, ...bubblewrap.args, ...ENVIRONMENT, ...places, command, ...args];
  return runCommand(bubblewrap.program, all, { env: bubblewrap.environment });
}
