import { readFileSync } from 'node:fs';
import test from 'ava';
import { codesOf, ERROR_CODES, EXIT_MEANING, EXIT_STATUS, exitStatus, type ExitClass } from '../../formats/errors.js';
import { decouple, PROJECT } from '../support/cli.js';

const CLASSES = Object.keys(EXIT_STATUS) as ExitClass[];

/** The rows of the table "Exit status" in the README. */
function readmeRows(): string[] {
  const readme = readFileSync(`${PROJECT}README.md`, 'utf8');
  const section = readme.slice(readme.indexOf('## Exit status'));
  return section.split('\n').filter((line) => /^\| *\d+ *\|/.test(line));
}

test('every code has a status of its class, and every class but ok has codes', (t) => {
  for (const code of ERROR_CODES) t.true(exitStatus(code) > 0, code);
  for (const name of CLASSES) t.is(codesOf(name).length > 0, name !== 'ok', name);
  t.is(new Set(Object.values(EXIT_STATUS)).size, CLASSES.length, 'no status stands for two classes');
});

test('the README has the table of exit statuses', (t) => {
  const expected = CLASSES.map(
    (name) =>
      `| ${EXIT_STATUS[name]} | ${EXIT_MEANING[name]} | ${codesOf(name)
        .map((c) => `\`${c}\``)
        .join(', ')} |`,
  );
  t.deepEqual(readmeRows(), expected);
});

test('the help has it too', async (t) => {
  const { stdout, status } = await decouple(['--help']);
  t.is(status, 0);
  for (const name of CLASSES) t.true(stdout.includes(`${EXIT_STATUS[name]}  ${EXIT_MEANING[name]}`), name);
});
