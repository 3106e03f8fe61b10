/** The firmware of fault-guest.ts through all stages. */
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { VerifyResult } from '../../relog/api.js';
import { decouple } from './cli.js';
import { endings, faultFirmware, type Ended, type FaultCase } from './fault-guest.js';
import { temporaryFolder } from './folder.js';
import { run } from './stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from './tiny-guest.js';

const TURNS = 120;
export type Expected = FaultCase & { ends: Partial<Ended> };

/** Each ends as expected, and the simulator does what the machine does. @param turns how often each runs */
export async function check(t: ExecutionContext, cases: readonly Expected[], turns = TURNS): Promise<void> {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const spec = tinyGuest(folder, { code: faultFirmware(cases, turns) });
  const limits = ['--start', 'power-on', '--until', TINY_GUEST_SAYS];
  await run(t, 'record', spec, ...limits, '-o', at('run.dcr'));
  const { stdout: text } = await decouple(['replay', at('run.dcr'), '--console']);
  const found = endings(text);
  for (const [i, { ends, code }] of cases.entries()) t.like(found[i], ends, `${code}\n${JSON.stringify(found[i])}`);
  t.is(found.length, cases.length, found.filter((one) => typeof one === 'string').join('\n'));
  await run(t, 'relog', at('run.dcr'), '-o', at('run.relog'));
  const { stdout } = await decouple(['verify', at('run.relog'), '--json']);
  t.true((JSON.parse(stdout) as VerifyResult).exact, stdout);
}
