/** Writes docs/formats/json/: a JSON Schema (draft 7) of what each command prints with `--json`, made of cli/json.ts (`npm run schemas`). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createGenerator, type Schema } from 'ts-json-schema-generator';
import { schemaOf, type JsonName } from '../cli/json.js';
import { PROJECT } from '../cli/paths.js';

export const SCHEMAS = join(PROJECT, 'docs/formats/json');

/** @returns texts of the schemas by the names of their files */
export function jsonSchemas(): Map<string, string> {
  const { definitions = {} } = createGenerator({
    ...{ path: join(PROJECT, 'cli/json.ts'), tsconfig: join(PROJECT, 'tsconfig.json'), type: 'JsonResults' },
    ...{ additionalProperties: true, skipTypeCheck: true, sortProps: false },
  }).createSchema('JsonResults');
  const all = definitions as Record<string, Schema>;
  const files = new Map<string, string>();
  for (const [name, result] of Object.entries(all['JsonResults']!.properties!)) {
    const schema = {
      ...{ type: 'object', required: ['schema'] },
      properties: { schema: { const: schemaOf(name as JsonName) } },
      allOf: [result],
      definitions: neededBy(result, all),
    };
    files.set(`${name}.schema.json`, `${JSON.stringify(schema, null, 2)}\n`);
  }
  return files;
}

/** Definitions that a schema refers to, directly or not. */
function neededBy(schema: unknown, all: Record<string, Schema>): Record<string, Schema> {
  const needed: Record<string, Schema> = {};
  const visit = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      const definition = decodeURIComponent(name!);
      if (needed[definition] !== undefined) continue;
      needed[definition] = all[definition]!;
      visit(all[definition]);
    }
  };
  visit(schema);
  return needed;
}

if (process.argv[1] === import.meta.filename) {
  mkdirSync(SCHEMAS, { recursive: true });
  for (const [name, text] of jsonSchemas()) writeFileSync(join(SCHEMAS, name), text);
}
