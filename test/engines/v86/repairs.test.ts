import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { REPAIRS } from '../../../engines/v86/index.js';
import { PROJECT } from '../../support/cli.js';

test('every repair has its row in the document, and a test', (t) => {
  const rows = readFileSync(join(PROJECT, 'docs/repairs.md'), 'utf8').split('\n');
  const documented = rows.flatMap((row) => /^\| `([^`]+)` \| (.*) \| (.*) \|$/.exec(row)?.slice(1, 4) ?? []);
  t.deepEqual(
    documented.map((cell) => cell.trim()),
    REPAIRS.flatMap(({ id, why, upstream }) => [id, why, upstream ?? '']),
  );
  for (const { test: path } of REPAIRS) t.true(existsSync(join(PROJECT, path)), path);
});
