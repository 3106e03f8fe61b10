/** What commands print with `--json` is what docs/formats/json/ says. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { jsonSchemas, SCHEMAS } from '../../scripts/schemas.js';
import { decouple, PROJECT } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { againstSchema } from '../support/json-schema.js';

const RECORDING = join(PROJECT, 'test/fixtures/v2/tiny.dcr');
const RELOG = join(PROJECT, 'test/fixtures/v2/tiny.relog');

test('the schemas are those of the types (npm run schemas)', (t) => {
  const made = jsonSchemas();
  t.deepEqual(readdirSync(SCHEMAS).sort(), [...made.keys()].sort());
  for (const [name, text] of made) t.is(readFileSync(join(SCHEMAS, name), 'utf8'), text, name);
});

test('every command keeps to its schema', async (t) => {
  const folder = temporaryFolder(t);
  const out = (name: string): string[] => ['-o', join(folder, name)];
  const commands = [
    ['info', RELOG],
    ['stats', RECORDING],
    ['verify', RELOG],
    ['analyze', RELOG, '-a', 'profile', ...out('reports')],
    ['cut', RELOG, ...out('cut')],
    ['diff', RELOG, RELOG],
    ['unpack', RELOG, '--store', join(folder, 'store'), ...out('packed')],
    ['store', 'stats', join(folder, 'store')],
    ['store', 'verify', join(folder, 'store')],
    ['store', 'gc', join(folder, 'store')],
    ['doctor', RELOG],
    ['disk', 'list', RECORDING],
    ['guests', 'list'],
    ['guests', 'show', 'debian-busybox'],
    ['info', join(folder, 'none')],
  ];
  const seen = new Set<string>();
  for (const args of commands) {
    const { stdout, stderr } = await decouple([...args, '--json']);
    const result = JSON.parse(stdout) as { schema: string };
    t.deepEqual(againstSchema(result), [], `${args.join(' ')}\n${stderr}`);
    seen.add(result.schema);
  }
  t.is(seen.size, commands.length, [...seen].join());
});

test('a check against a schema can fail', (t) => {
  t.deepEqual(againstSchema({ schema: 'decouple/error/1', error: { code: 'usage', message: 'x', advice: 'y' } }), []);
  t.true(againstSchema({ schema: 'decouple/error/1', error: { code: 'nothing', message: 'x' } }).length > 0);
  t.true(againstSchema({}).length > 0);
});
