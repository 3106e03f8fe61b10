/** The stage `diff`: the first place where two relogs, or two recordings, are not the same. */
import { ContainerReader } from '../../formats/container/index.js';
import { DecoupleError } from '../../formats/errors.js';
import type { StageOptions } from '../api.js';
import { wrongKindToInspect } from './container-kind.js';
import { diffRecordings } from './diff-recordings.js';
import { diffRelogs } from './diff-relogs.js';
import type { Difference } from './difference.js';

export interface DiffOptions extends StageOptions {
  inputs: readonly [string, string];
  /** Kinds of events or of log items, `header`, `blobs` or `outcome`: what may differ. */
  ignore: readonly string[];
}

export interface DiffResult {
  same: boolean;
  kind: 'relog' | 'recording';
  /** Events, or log items, that both have. */
  compared: number;
  first: Difference | null;
  cutOff: readonly [boolean, boolean];
}

/** @throws DecoupleError what reading a container throws; usage, wrong-kind */
export async function diff(options: DiffOptions): Promise<DiffResult> {
  const opened: ContainerReader[] = [];
  try {
    for (const path of options.inputs) opened.push(new ContainerReader(path));
    const [a, b] = opened as [ContainerReader, ContainerReader];
    for (const each of [a, b]) if (each.kind === 'snapshot') throw wrongKindToInspect(each);
    if (a.kind !== b.kind) {
      throw new DecoupleError(
        'wrong-kind',
        `${a.path} is a ${a.kind} and ${b.path} a ${b.kind}.`,
        'Give two relogs, or two recordings.',
      );
    }
    const found = await (a.kind === 'relog' ? diffRelogs(a, b, options) : diffRecordings(a, b, options));
    return {
      ...{ same: found.first === null, kind: a.kind as DiffResult['kind'] },
      ...found,
      cutOff: [a.cutOff, b.cutOff],
    };
  } finally {
    for (const each of opened) each.close();
  }
}
