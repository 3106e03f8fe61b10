/** The independent reader of relogs, docs/formats/read_relog.py. */
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { PROJECT } from './cli.js';

export interface PythonOutcome {
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
}

/** @param input what it gets on stdin */
export async function python(args: string[], input: Uint8Array = new Uint8Array(0)): Promise<PythonOutcome> {
  const script = `${PROJECT}docs/formats/read_relog.py`;
  const { exitCode, stdout, stderr } = await execa('python3', [script, ...args], { reject: false, input });
  return { exitCode, stdout, stderr };
}

/** Asserts that it says of the file that it is damaged, and how. */
export async function findsDamage(t: ExecutionContext, args: string[], sentence: RegExp, what: string): Promise<void> {
  const { exitCode, stderr } = await python(args);
  t.is(exitCode, 1, `${what}\n${stderr}`);
  t.regex(stderr, /^read_relog: .+ is damaged: .+\.$/, what);
  t.regex(stderr, sentence, what);
}

/** Events by kind, as it prints them. */
export function countsOf({ stdout }: PythonOutcome): [string, number][] {
  return stdout.split('\n').map((line): [string, number] => {
    const [kind, count] = line.split(' ');
    return [kind!, Number(count)];
  });
}
