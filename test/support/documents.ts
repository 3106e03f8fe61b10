/** What the documents of the formats hold for machines: CDDL, and examples in hexadecimal. */
import { readFileSync } from 'node:fs';
import { PROJECT } from './cli.js';
import { Cddl } from './cddl.js';

const NAMES = ['container', 'relog', 'recording'] as const;
export type DocumentName = (typeof NAMES)[number];

function blocks(name: DocumentName, fence: string): string {
  const text = readFileSync(`${PROJECT}docs/formats/${name}.md`, 'utf8');
  const found = [...text.matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].filter(([, info]) => info === fence);
  if (found.length === 0) throw new Error(`${name}.md has no block ${fence}`);
  return found.map(([, , content]) => content).join('\n');
}

/** All rules of the three documents together. */
export function documentedCddl(): Cddl {
  return new Cddl(NAMES.map((name) => blocks(name, 'cddl')).join('\n'));
}

/** An example: in each line bytes, and from two spaces on what they mean. */
export function documentedExample(name: DocumentName, example: string): Buffer {
  const lines = blocks(name, `hex ${example}`).split('\n');
  return Buffer.from(lines.map((line) => line.split(/ {2,}/)[0]!.replaceAll(' ', '')).join(''), 'hex');
}
