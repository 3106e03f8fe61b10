/** The manual page is what the help says. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { execa } from 'execa';
import { MAN_PAGE, manPage } from '../../scripts/man.js';

test('docs/decouple.1 is made of the help as it is (npm run man)', async (t) => {
  const page = await manPage();
  t.is(readFileSync(MAN_PAGE, 'utf8'), page);
  for (const command of ['record', 'relog', 'verify', 'analyze', 'disk export', 'store gc', 'completion']) {
    t.true(page.includes(`.SS ${command}\n`), command);
  }
});

test('it is a page that man can show', async (t) => {
  const { exitCode } = await execa('groff', ['--version'], { reject: false });
  if (exitCode !== 0) return t.pass('without groff there is nobody to ask');
  const { stderr, stdout } = await execa('groff', ['-man', '-Tutf8', '-ww', MAN_PAGE]);
  t.is(stderr, '');
  t.regex(stdout, /decouple record <guest>/);
});
