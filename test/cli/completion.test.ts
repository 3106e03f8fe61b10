/** The script for a shell, as the shell uses it. */
import { symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';

/** @returns what bash offers at the end of a line, where Tab is pressed */
async function offered(t: ExecutionContext, line: string): Promise<string[]> {
  const folder = temporaryFolder(t);
  symlinkSync(join(PROJECT, 'bin/decouple.mjs'), join(folder, 'decouple'));
  const { stdout: script } = await decouple(['completion', 'bash']);
  const words = line.split(' ');
  const press = [
    script,
    'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))',
    // The function that the script has named to bash.
    'function=$(complete -p decouple | sed "s/.*-F \\([^ ]*\\) .*/\\1/"); "$function"',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ].join('\n');
  const { stdout } = await execa('bash', ['-c', press, 'bash', ...words], {
    env: { PATH: `${folder}${delimiter}${process.env['PATH']}` },
  });
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash completes commands, those within a command, and options', async (t) => {
  t.deepEqual(await offered(t, 'decouple rel'), ['relog']);
  t.deepEqual((await offered(t, 'decouple store ')).filter((word) => !word.startsWith('-')).sort(), [
    'gc',
    'stats',
    'verify',
  ]);
  const options = await offered(t, 'decouple record --se');
  t.deepEqual(options.sort(), ['--seed', '--session']);
});

test('zsh and fish get scripts of their own', async (t) => {
  t.regex((await decouple(['completion', 'zsh'])).stdout, /^#compdef decouple/m);
  t.regex((await decouple(['completion', 'fish'])).stdout, /complete .*decouple/);
});
