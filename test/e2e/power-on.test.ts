/** Debian from the first instruction of the firmware: how it boots, and that it can be booted again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { RecordResult, RelogResult, VerifyResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { goesAllTheWay, GUEST, run, sessionFile } from '../support/stages.js';

const READY = 'expect: "guest ready"\n  timeout: 3m';

test.serial('a multiboot kernel; the guest reboots and starts again', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const steps = sessionFile(folder, READY, String.raw`send: "reboot -f\n"`, READY);
  await run<RecordResult>(t, 'record', GUEST, '--start', 'power-on', '--session', steps, '-o', output);
  await goesAllTheWay(t, output);
});

test.serial('a bzImage with address randomization, ACPI, a local APIC and an IOAPIC', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const relog = join(folder, 'run.relog');
  const spec = join(folder, 'guest.yaml');
  const cmdline =
    'console=ttyS0 quiet tsc=reliable random.trust_cpu=on mitigations=off cryptomgr.notests apparmor=0 audit=0';
  const boot = { kind: 'bzimage', kernel: { package: 'linux-image-686' }, cmdline };
  writeFileSync(spec, JSON.stringify({ name: 'acpi', extends: GUEST, devices: { acpi: true }, boot }));
  const steps = sessionFile(
    folder,
    READY,
    String.raw`send: "cat /proc/interrupts; test-signals; echo do''ne\n"`,
    'expect: done',
  );
  await run<RecordResult>(t, 'record', spec, '--start', 'power-on', '--session', steps, '-o', output);
  const { instructions } = await run<RelogResult>(t, 'relog', output, '-o', relog);
  t.like(await run<VerifyResult>(t, 'verify', relog), { exact: true, instructions });
  const { stdout } = await decouple(['replay', output, '--console'], { timeout: 600_000 });
  t.regex(stdout, /IO-APIC.*timer/);
  t.regex(stdout, /LOC: +\d\d+ +Local timer interrupts/);
});
