/** Writes docs/decouple.1, the manual page, out of the help of all commands (`npm run man`). */
import { writeFileSync } from 'node:fs';
import yargs from 'yargs';
import { withCommands } from '../cli/command-line.js';
import { PROJECT } from '../cli/paths.js';
import { EXIT_MEANING, EXIT_STATUS, type ExitClass } from '../formats/errors.js';

const WIDTH = 76;
export const MAN_PAGE = `${PROJECT}docs/decouple.1`;

/** What `decouple … --help` prints, without the table of exit statuses. */
async function helpOf(words: readonly string[]): Promise<string> {
  const args = [...words, '--help'];
  const text = await new Promise<string>((resolve, reject) => {
    const done = (error: Error | undefined, _argv: unknown, output: string): void =>
      error === undefined || error === null ? resolve(output) : reject(error);
    void withCommands(yargs(), WIDTH).parse(args, {}, done);
  });
  return text.slice(0, text.indexOf('\nExit status:')).trimEnd();
}

/** Commands that a help text lists, as words after `decouple`. */
function listed(help: string): string[][] {
  return [...help.matchAll(/^ {2}decouple ((?:[a-z]+ ?)+)/gm)].map(([, words = '']) => words.trim().split(' '));
}

const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
const verbatim = (text: string): string => `.nf\n${roff(text)}\n.fi`;

async function sections(words: readonly string[]): Promise<string[]> {
  const help = await helpOf(words);
  const inner = listed(help).filter((each) => each.length > words.length && words.every((word, i) => each[i] === word));
  const own = words.length === 0 ? [] : [`.SS ${roff(words.join(' '))}`, verbatim(help)];
  const rest: string[] = [];
  for (const each of inner) rest.push(...(await sections(each)));
  return [...own, ...rest];
}

/** The page, in the language of man(7). */
export async function manPage(): Promise<string> {
  const statuses = (Object.keys(EXIT_STATUS) as ExitClass[]).map(
    (name) => `.TP\n.B ${EXIT_STATUS[name]}\n${roff(EXIT_MEANING[name])}`,
  );
  return [
    '.TH DECOUPLE 1 "" decouple "User Commands"',
    '.SH NAME',
    roff('decouple').concat(' \\- record a whole PC at full speed, analyse the very same instructions later'),
    '.SH SYNOPSIS',
    '.B decouple\n.I command\n[options]',
    '.SH DESCRIPTION',
    verbatim(await helpOf([])),
    '.SH COMMANDS',
    ...(await sections([])),
    '.SH EXIT STATUS',
    ...statuses,
    '',
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) writeFileSync(MAN_PAGE, await manPage());
