/** Debian from the first instruction of the firmware: how it boots, and that it can be booted again. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordResult } from '../../relog/api.js';
import type { DiskSummary } from '../../relog/disks/index.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { thorough } from '../support/thorough.js';
import { acpiSpec, commands, relogsExactly, GUEST, run, sessionFile } from '../support/stages.js';

const READY = 'expect: "guest ready"\n  timeout: 3m';

thorough('a multiboot kernel; the guest reboots and starts again', async (t) => {
  const folder = temporaryFolder(t);
  const output = join(folder, 'run.dcr');
  const steps = sessionFile(folder, READY, String.raw`send: "reboot -f\n"`, READY);
  await run<RecordResult>(t, 'record', GUEST, '--start', 'power-on', '--session', steps, '-o', output);
  await relogsExactly(t, output);
});

// By far the longest test.
thorough(
  'KASLR, ACPI, local APIC, IOAPIC and a disk: a file system is made, and is there after a reboot',
  async (t) => {
    const folder = temporaryFolder(t);
    const path = (name: string): string => join(folder, name);
    writeFileSync(path('guest.yaml'), JSON.stringify(acpiSpec('debian-disk')));
    const steps = sessionFile(
      folder,
      READY,
      ...commands(
        'mkfs.ext4 -q /dev/sda && mount -t ext4 /dev/sda /mnt/disk && mkdir /tmp/w && cd /tmp/w',
        'for i in 1 2 3 4 5 6 7 8 9 10; do (echo $i; cat /bin/busybox) > file$i; done; tar cf ../all.tar .; ls -l /tmp',
        'cd /mnt/disk && tar xf /tmp/all.tar && sync && md5sum file* && cd / && umount /mnt/disk',
      ),
      String.raw`send: "reboot -f\n"`,
      READY,
      ...commands(
        'mount -t ext4 -o ro /dev/sda /mnt/disk && cd /mnt/disk && md5sum file* && cd / && umount /mnt/disk',
        'e2fsck -fn /dev/sda; cat /proc/interrupts; grep -w _text /proc/kallsyms',
      ),
    );
    const args = ['record', path('guest.yaml'), '--start', 'power-on', '--session', steps, '--console', '--json'];
    const { status, stderr } = await decouple([...args, '-o', path('run.dcr')], { timeout: 600_000 });
    t.is(status, 0, stderr);
    t.true(Number(/(\d+) \w+ +\d+ [\d:]+ all\.tar/.exec(stderr)?.[1]) >= 18e6, stderr);
    const sums = stderr.match(/[0-9a-f]{32} {2}\S+/g) ?? [];
    t.is(sums.length, 20, stderr);
    t.deepEqual(sums.slice(0, 10), sums.slice(10));
    t.regex(stderr, /\/dev\/sda: \d+\/\d+ files/);
    t.regex(stderr, /IO-APIC.*timer/);
    t.regex(stderr, /IO-APIC.*ata_piix/);
    t.regex(stderr, /LOC: +\d\d+ +Local timer interrupts/);
    const { disks } = await run<{ disks: DiskSummary[] }>(t, 'disk', 'list', path('run.dcr'));
    const [disk] = disks;
    t.true(readFileSync(disk!.base!.path).every((byte) => byte === 0));
    t.true(disk!.written! >= 18e6);
    // A replay alone would show less: relogging replays it, too.
    await relogsExactly(t, path('run.dcr'));
  },
);
