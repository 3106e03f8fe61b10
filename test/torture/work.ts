/** What a soak records: guests, and commands that are drawn for a session of each. */
import type { Random } from './sequences.js';

/** Commands of busybox that end by themselves, within seconds. */
const COMMON = [
  'md5sum /bin/busybox',
  'sha512sum /bin/busybox',
  "awk 'BEGIN{for(i=1;i<20000;i++)s+=sin(i)*exp(1/i);print s}'",
  'ls -lR /proc/self /sys/class | wc',
  'seq 1 20000 | sort -rn | md5sum',
  'gzip -c /bin/busybox | gunzip | cksum',
  'bzip2 -c /bin/busybox | head -c 200000 | md5sum',
  'for i in $(seq 60); do echo $i | cat | wc -c; done | sort | uniq -c',
  'find / -xdev -type f | xargs -n 20 wc -c | tail -n 1',
  'dd if=/dev/urandom bs=4k count=200 | sha256sum',
  'tar c /etc /bin | tar t | wc -l',
  'head -c 300000 /proc/kallsyms | sed s/a/b/g | cksum',
  'dc -e "2 200 ^ p"',
  'top -b -n 2 -d 1 | head -n 5',
  'sleep 1; date +%s',
  'printf "%s\\n" $(seq 500) | shuf | sort -n | tail -n 1',
  'diff /proc/cpuinfo /proc/meminfo | wc',
  'cp /bin/busybox /tmp/b; cmp /bin/busybox /tmp/b; rm /tmp/b',
  'while [ ${n:=0} -lt 2000 ]; do n=$((n + 1)); done; echo $n',
  '(sleep 2 & sleep 1 & wait); jobs',
];

const OF_BUSYBOX = [
  'selftest',
  'steps',
  'numbers',
  'test-forks',
  'test-signals',
  'test-threads',
  'test-faults',
  'mawk "BEGIN{print sqrt(2)}"',
];

export interface Guest {
  name: string;
  commands: readonly string[];
  /** Arguments of `record`. */
  options: readonly string[];
}

export const GUESTS: readonly Guest[] = [
  { name: 'debian-busybox', commands: [...COMMON, ...OF_BUSYBOX], options: [] },
  { name: 'debian-io', commands: COMMON, options: [] },
  {
    name: 'debian-disk',
    commands: [...COMMON, 'mke2fs -q -F /dev/sda && mount /dev/sda /mnt && cp -r /bin /mnt && sync && umount /mnt'],
    options: [],
  },
  { name: 'debian-net', commands: [...COMMON, ...OF_BUSYBOX, 'ping -c 3 127.0.0.1', 'ip addr'], options: [] },
  { name: 'debian-net-ne2k', commands: [...COMMON, 'ping -c 3 127.0.0.1'], options: [] },
  { name: 'grub-floppy', commands: [], options: ['--start', 'power-on'] },
  { name: 'ipxe', commands: [], options: ['--start', 'power-on'] },
];

/** How many lines of commands a session has, and each of them. (The shell takes no line of more than 1,023 bytes.) */
const LINES = 4;
const COMMANDS = 7;

/** A session file: some commands, one after the other, or a part of the work that a guest does by itself. */
export function sessionOf(guest: Guest, random: Random): object[] {
  const below = (n: number): number => Math.floor(random() * n);
  if (guest.commands.length === 0) return [{ wait: `${2 + below(8)}s` }];
  const lines = Array.from({ length: 1 + below(LINES) }, () =>
    Array.from({ length: 1 + below(COMMANDS) }, () => guest.commands[below(guest.commands.length)]!),
  );
  return lines.flatMap((commands, i) => [
    { send: `${[...commands, `echo work''-done-${i}`].join('; ')}\n` },
    { expect: `work-done-${i}`, timeout: '5m' },
  ]);
}
