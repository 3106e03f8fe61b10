/** YAML as people write it: specs and sessions. */
import { parse } from 'yaml';

/** @throws Error whose message is a part of a sentence about the text: what is wrong with it */
export function parseYaml(text: string): unknown {
  try {
    // Warnings would go to the console.
    const document: unknown = parse(text, { logLevel: 'error' });
    // What shows a part of it later must get to its end.
    JSON.stringify(document);
    return document;
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    if (line.includes('call stack')) throw new Error('is nested too deeply', { cause: error });
    if (line.includes('circular')) throw new Error('has an alias within what it stands for', { cause: error });
    throw new Error(`is not YAML: ${line.replace(/[.:]$/, '')}`, { cause: error });
  }
}
