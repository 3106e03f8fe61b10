/** An interactive console, on a terminal of a size of its own, which changes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { GUEST, until } from '../support/stages.js';

const END = '\x1d';
/** Text with escape sequences in it, as tests can have it in their expressions. */
const visible = (text: string): string => text.replaceAll('\x1b', '␛');

/** A recording at a terminal of 33 rows and 101 columns. */
function startAtTerminal(folder: string) {
  const [recording, name] = [join(folder, 'run.dcr'), join(folder, 'terminal')];
  const record = `exec node ${PROJECT}bin/decouple.mjs record ${GUEST} -o ${recording}`;
  const command = `tty >${name}; stty rows 33 cols 101; ${record}`;
  const running = execa('script', ['--quiet', '--return', '--command', command, '/dev/null'], { timeout: 120_000 });
  let shown = '';
  running.stdout.on('data', (bytes: Buffer) => (shown += visible(bytes.toString('latin1'))));
  let read = 0;
  return {
    recording,
    running,
    type: (text: string) => running.stdin.write(text),
    /** What is shown next, up to that. */
    shows: async (wanted: RegExp): Promise<string> => {
      await until(() => wanted.test(shown.slice(read)));
      const { index, 0: found } = wanted.exec(shown.slice(read))!;
      const from = read;
      read += index + found.length;
      return shown.slice(from, read);
    },
    resize: (rows: number, columns: number) =>
      execa('stty', ['-F', readFileSync(name, 'latin1').trim(), 'rows', `${rows}`, 'cols', `${columns}`]),
  };
}

test.serial('the guest’s shell has the size of the terminal', async (t) => {
  const terminal = startAtTerminal(temporaryFolder(t));
  // The command of the size was run, and its prompt is there.
  await terminal.shows(/stty rows 33 cols 101\r*\n# /);
  terminal.type('stty size\r');
  await terminal.shows(/\n33 101\r*\n# /);
  terminal.type(END);
  await terminal.running;
  t.pass();
});

test.serial('nothing is typed into an editor; the shell is told after it, or while it is stopped', async (t) => {
  const terminal = startAtTerminal(temporaryFolder(t));
  await terminal.shows(/cols 101\r*\n# /);
  // A size that is pending when the editor starts, on a text that begins as the prompt does.
  terminal.type('vi /etc/profile');
  await terminal.shows(/profile$/);
  await terminal.resize(20, 60);
  terminal.type('\r');
  await terminal.shows(/1\/6 16%/);
  terminal.type('\x1a');
  await terminal.shows(/Stopped[^#]*# \S*stty rows 20 cols 60\r*\n# /);
  terminal.type('fg\r');
  await terminal.shows(/␛\[20;1H\S*- \/etc\/profile 1\/6 16%/);
  await terminal.resize(15, 50);
  terminal.type(':q\r');
  await terminal.shows(/␛\[\?1049l# \S*stty rows 15 cols 50\r*\n# /);
  terminal.type(END);
  await terminal.running;
  t.pass();
});

test.serial('a terminal is as before after an editor that is left running, and after a replay', async (t) => {
  const terminal = startAtTerminal(temporaryFolder(t));
  await terminal.shows(/cols 101\r*\n# /);
  terminal.type('vi /etc/profile\r');
  await terminal.shows(/1\/6 16%/);
  terminal.type(END);
  const end = await terminal.shows(/recording {2}/);
  t.regex(end, /␛\[\?1049l.*␛\[Jrecording/s);
  await terminal.running;

  const replay = `exec node ${PROJECT}bin/decouple.mjs replay ${terminal.recording} --console`;
  const { stdout } = await execa('script', ['--quiet', '--return', '--command', replay, '/dev/null']);
  const shown = visible(stdout);
  t.regex(shown, /␛\[\?1049h.*␛\[\?1049l.*␛\[Jreplayed/s);
  t.notRegex(shown, /␛\[6n/);
});
