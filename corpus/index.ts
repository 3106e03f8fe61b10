/** The workloads that come with the project: what to type into which guest, one YAML file each. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DecoupleError } from '../formats/errors.js';
import { parseYaml } from '../formats/yaml.js';
import { projectRoot } from '../guests/paths.js';
import type { SessionStep } from '../relog/api.js';
import { parseSession } from '../relog/session.js';

export interface Workload {
  name: string;
  /** Name of the guest it is for. */
  guest: string;
  description: string;
  session: SessionStep[];
}

const folder = (): string => join(projectRoot(), 'corpus');

/** Names of all workloads, sorted. */
export function listWorkloads(): string[] {
  return readdirSync(folder())
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .sort();
}

/** Errors: `session-invalid`. */
export async function loadWorkload(name: string): Promise<Workload> {
  if (!listWorkloads().includes(name)) {
    const advice = `Choose one of ${listWorkloads().join(', ')}.`;
    throw new DecoupleError('session-invalid', `There is no workload "${name}".`, advice);
  }
  const path = join(folder(), `${name}.yaml`);
  const text = readFileSync(path, 'utf8');
  const session = parseSession(text, path);
  const { guest, description = '' } = parseYaml(text) as { guest: string; description?: string };
  return { name, guest, description, session };
}
