/** Instructions of the system, and faults: the machine does as a processor does, and the simulator as the machine. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { VerifyResult } from '../../../relog/api.js';
import { decouple } from '../../support/cli.js';
import { ABSENT, endings, faultFirmware, STACK, START } from '../../support/fault-guest.js';
import type { Ended, FaultCase } from '../../support/fault-guest.js';
import { temporaryFolder } from '../../support/folder.js';
import { run } from '../../support/stages.js';
import { tinyGuest, TINY_GUEST_SAYS } from '../../support/tiny-guest.js';

const TURNS = 200;
type Expected = FaultCase & { ends: Partial<Ended> };

async function check(t: ExecutionContext, cases: readonly Expected[]): Promise<void> {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const spec = tinyGuest(folder, { code: faultFirmware(cases, TURNS) });
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

const DONE = 'int 0x30';
const END = { vector: 0x30 } as const;

test('plain faults', (t) =>
  check(t, [
    { code: `mov eax, [${ABSENT} + 4]; ${DONE}`, ends: { vector: 14, error: 4, cr2: ABSENT + 4, eip: 0 } },
    { code: `mov [${ABSENT} + 4], eax; ${DONE}`, ends: { vector: 14, error: 6, cr2: ABSENT + 4, eip: 0 } },
  ]));

test('ENTER with nested frames, and faults in it', (t) =>
  check(t, [
    { code: `enter 8, 0; ${DONE}`, ends: { ...END, ebp: STACK - 4, esp: STACK - 12 } },
    { code: `enter 8, 1; mov eax, [ebp - 4]; ${DONE}`, ends: { ...END, ebp: STACK - 4, esp: STACK - 16, eax: STACK - 4 } },
    {
      code: `mov dword ptr [ebp - 4], 0x1234; enter 8, 2; mov eax, [ebp]; mov ebx, [ebp - 4]; mov ecx, [ebp - 8]; ${DONE}`,
      ends: { ...END, ebp: STACK - 4, esp: STACK - 20, eax: START.ebp, ebx: 0x1234, ecx: STACK - 4 },
    },
    {
      code: `mov dword ptr [ebp - 4], 0x1234; mov dword ptr [ebp - 8], 0x5678; enter 0, 35
             mov ebx, [ebp - 4]; mov ecx, [ebp - 8]; mov edx, [ebp - 12]; ${DONE}`,
      ends: { ...END, ebp: STACK - 4, esp: STACK - 16, ebx: 0x1234, ecx: 0x5678, edx: STACK - 4 },
    },
    {
      code: `mov word ptr [ebp - 2], 0x1234; enterw 8, 2; mov bx, [ebp - 2]; mov cx, [ebp - 4]; ${DONE}`,
      ends: { ...END, ebp: STACK - 2, esp: STACK - 14, ebx: 0x22221234, ecx: (STACK - 2) & 0xffff },
    },
    // The page of what is read, of what is pushed first, in the middle, and where the stack is left
    { code: `mov ebp, ${ABSENT + 16}; enter 8, 2; ${DONE}`, ends: { vector: 14, error: 4, cr2: ABSENT + 12, eip: 5, esp: STACK, ebp: ABSENT + 16 } },
    { code: `mov esp, ${ABSENT + 0x1000}; enter 8, 0; ${DONE}`, ends: { vector: 14, error: 6, cr2: ABSENT + 0xffc, eip: 5, esp: ABSENT + 0x1000, ebp: START.ebp } },
    { code: `mov esp, ${ABSENT + 0x1008}; enter 8, 3; ${DONE}`, ends: { vector: 14, error: 6, cr2: ABSENT + 0xffc, eip: 5, esp: ABSENT + 0x1008, ebp: START.ebp } },
    { code: `mov esp, ${STACK - 0x7f8}; enter 8, 0; ${DONE}`, ends: { ...END, ebp: STACK - 0x7fc, esp: STACK - 0x804 } },
    { code: `mov esp, ${ABSENT + 0x1010}; enter 32, 1; ${DONE}`, ends: { vector: 14, error: 6, cr2: ABSENT + 0x1010 - 40, eip: 5, esp: ABSENT + 0x1010, ebp: START.ebp } },
  ]));
