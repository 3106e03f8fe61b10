/** Checks what commands print with `--json` against the schemas in docs/formats/json/. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { PROJECT } from './cli.js';

const ajv = new Ajv({ strict: false, allErrors: true });
const known = new Map<string, ValidateFunction>();

/** @returns what is wrong with it, a line each */
export function againstSchema(result: unknown): string[] {
  const { schema = '' } = result as { schema?: string };
  const name = /^decouple\/([\w-]+)\/\d+$/.exec(schema)?.[1];
  if (name === undefined) return [`it has no schema: ${JSON.stringify(result).slice(0, 200)}`];
  let validate = known.get(name);
  if (validate === undefined) {
    validate = ajv.compile(
      JSON.parse(readFileSync(`${PROJECT}docs/formats/json/${name}.schema.json`, 'utf8')) as object,
    );
    known.set(name, validate);
  }
  if (validate(result)) return [];
  return validate.errors!.map(({ instancePath, message }) => `${name}: ${instancePath} ${message}`);
}
