/** YAML as people write it: specs and sessions. */
import { parse } from 'yaml';

/** @throws Error whose message is a part of a sentence about the text: what is wrong with it */
export function parseYaml(text: string): unknown {
  try {
    // Warnings would go to the console.
    return parse(text, { logLevel: 'error' });
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    if (line.includes('call stack')) throw new Error('is nested too deeply', { cause: error });
    throw new Error(`is not YAML: ${line.replace(/[.:]$/, '')}`, { cause: error });
  }
}
