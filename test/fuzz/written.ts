/** Specs of guests and sessions, as people write them: what mutations begin with, and what becomes of it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { multibootKernel } from '../support/multiboot.js';
import { TINY_GUEST_SAYS, tinyGuest } from '../support/tiny-guest.js';
import { mixed } from './mutant.js';

export interface WrittenBases {
  /** Folder whose files the specs name. */
  folder: string;
  specs: string[];
  sessions: string[];
  /** The guest that sessions are for. */
  guest: string;
}

/** Of a case. */
export interface WrittenBase {
  path: string;
  kind: 'spec' | 'session';
}

type Value = string | number | boolean | null | Value[] | { [name: string]: Value };

const SESSION = [
  { send: 'some text\n' },
  { send: 'more', on: 'serial1' },
  { expect: 'a(b|c)+ line', timeout: '1ms' },
  { screen: 'some.*thing', timeout: '1ms' },
  { keys: 'abc' },
  { keys: ['enter', 'ctrl-c'] },
  { mouse: { move: [3, -2] } },
  { mouse: { wheel: 1 } },
  { mouse: { press: 'left' } },
  { wait: '1ms' },
];

/** @param folder an empty one */
export function makeWrittenBases(folder: string): WrittenBases {
  const at = (name: string): string => join(folder, name);
  mkdirSync(folder, { recursive: true });
  const guest = tinyGuest(folder, { rounds: 1, work: 20, fill: 0x100 });
  writeFileSync(at('kernel'), multibootKernel('cli; hlt'));
  writeFileSync(at('disk.img'), Buffer.alloc(64 << 10));
  writeFileSync(at('program.c'), 'int main(void) { return 0; }\n');
  const firmware = { bios: at('bios.bin'), vgaBios: at('vgabios.bin') };
  const plain = { name: 'written', description: 'of somebody', memory: '4M', firmware };
  const specs: Record<string, Value> = {
    disk: {
      ...plain,
      devices: { serialPorts: 2, network: 'ne2k', virtioConsole: true, share: true },
      boot: { kind: 'disk', fda: at('floppy.img') },
      disks: { hda: at('disk.img'), hdb: { size: '64K' } },
      ready: TINY_GUEST_SAYS,
      readyTimeout: '5s',
      console: { prompt: '# $', resize: 'stty rows {rows} cols {columns}\n' },
    },
    kernel: {
      ...plain,
      boot: { kind: 'multiboot', kernel: { file: at('kernel') }, cmdline: 'these words' },
      initramfs: {
        files: [
          { path: '/init', mode: '0755', source: at('program.c') },
          { path: '/etc/passwd', text: 'root::0:0:root:/root:/bin/sh\n' },
        ],
        links: [{ path: '/bin/sh', target: 'busybox' }],
        directories: [{ path: '/proc' }, { path: '/tmp', mode: '1777' }],
        nodes: [{ path: '/dev/console', type: 'char', major: 5, minor: 1, mode: '0600' }],
      },
    },
    bzimage: {
      ...plain,
      release: 'bookworm',
      boot: { kind: 'bzimage', kernel: { package: 'linux-image-686' }, cmdline: 'quiet' },
      initramfs: {
        programs: [{ path: '/bin/p', source: at('program.c'), flags: ['-O2'] }],
        modules: ['ext4'],
      },
    },
    extending: {
      name: 'more',
      extends: at('kernel.yaml'),
      memory: '8M',
      initramfs: { without: ['/etc/passwd'], files: [{ path: '/x', text: 'y' }] },
    },
  };
  for (const [name, spec] of Object.entries(specs)) writeFileSync(at(`${name}.yaml`), stringify(spec));
  writeFileSync(at('session.yaml'), stringify(SESSION));
  return {
    folder,
    specs: Object.keys(specs).map((name) => at(`${name}.yaml`)),
    sessions: [at('session.yaml')],
    guest,
  };
}

/** Texts that lead elsewhere, run something, steer a terminal, or take long to match. */
const TEXTS = [
  ...['', ' ', '\0', '\u001b]0;title\u0007\u001b[2J', 'a\u009b31m\nverdict  exact\r\u202e', '\ufeff', '__proto__'],
  ...['/dev/zero', '/dev/stdin', '/proc/self/mem', '/etc/shadow', '../../../etc/passwd', '/', '.', '..', '/x/../../y'],
  ...['x"; Pre-Invoke { "id"; }', '$(id)', '`id`', '-wrapper', '-fplugin=./x.so', '@file', '-Wl,-T,/etc/passwd'],
  ...['(a|aa)+$', '(a+)+b', '[', '(?<=x)', 'a{1000}{1000}', '\\1', '4G', '1e99', '-1', '0x10', '99999999999999999999T'],
  ...['power-on', 'multiboot', 'bzimage', 'disk', 'char', 'serial3', 'virtio-console', 'left', '1ms', '100000h'],
];
const text = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 2, arbitrary: fc.string({ maxLength: 12, unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom(1000, 100_000).map((length) => 'x'.repeat(length)) },
);
/** Stand for lists within each other, which are put in where a document is text: what copies them would not get to the end. */
const DEEP = ['@deep10@', '@deep3000@'];
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(0, -1, 0.5, 255, 65536, 2 ** 31, 2 ** 53, 1e300, NaN, Infinity) },
  { weight: 2, arbitrary: fc.constantFrom<Value>(null, true, false, [], {}) },
  { weight: 1, arbitrary: fc.constantFrom(...DEEP) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Value> },
);
const NAMES = ['name', 'extends', 'path', 'source', 'file', 'package', 'from', 'mode', 'flags', 'release', 'timeout'];

interface Change {
  what: 'replace' | 'rename' | 'remove' | 'add' | 'repeat' | 'move';
  place: number;
  other: number;
  name: string;
  value: Value;
}

const change: fc.Arbitrary<Change> = fc.record({
  what: fc.constantFrom('replace', 'replace', 'replace', 'rename', 'remove', 'add', 'repeat', 'move'),
  ...{ place: fc.nat(0xffffff), other: fc.nat(0xffffff) },
  name: fc.oneof(fc.constantFrom(...NAMES), text),
  value,
});
/** What YAML can say and JSON cannot, or what is no YAML. */
const SNIPPETS = [
  ...[
    '&a [*a, *a]',
    '*nobody',
    '!!js/function "x"',
    '!!binary "AAAA"',
    '<<: {x: 1}',
    '? [1]',
    '---\n',
    '...\n',
    '%YAML 9\n',
  ],
  ...['\t', '\0', '\u0085', '\u001b[31m', '|\n', '>-\n', '#', '"', "'", '{', ']', ': ', '\r', '\u2028', '=', '~'],
];
const edit = fc.record({
  at: fc.nat(0xffffff),
  drop: fc.nat(30),
  insert: fc.oneof(fc.constantFrom(...SNIPPETS), text),
});
const recipe = fc.record({
  changes: fc.array(change, { minLength: 1, maxLength: 2 }),
  edits: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
  ),
  /** Whether a name that is twice in a mapping, and a byte that is no text, come in. */
  broken: fc.nat(19).map((number) => number === 0),
});

const parsed = new Map<string, Value>();

/** @param number of the case, from which all of it follows */
export function writtenMutant(path: string, seed: number, number: number): Buffer {
  const [{ changes, edits, broken }] = fc.sample(recipe, { seed: mixed(seed, number), numRuns: 1 }) as [
    { changes: Change[]; edits: { at: number; drop: number; insert: string }[]; broken: boolean },
  ];
  if (!parsed.has(path)) parsed.set(path, parse(readFileSync(path, 'utf8')) as Value);
  const document = { whole: structuredClone(parsed.get(path)!) };
  for (const each of changes) apply(document, each);
  // JSON is YAML.
  let written = number % 2 === 0 ? JSON.stringify(document.whole) : stringify(document.whole);
  written = written.replaceAll(
    /['"]?@deep(\d+)@['"]?/g,
    (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)),
  );
  for (const { at, drop, insert } of edits) {
    const place = at % (written.length + 1);
    written = written.slice(0, place) + insert + written.slice(place + drop);
  }
  const bytes = Buffer.from(written);
  return broken ? Buffer.concat([bytes, Buffer.of(0xff, 0xc0, 0x80), bytes]) : bytes;
}

/** All that is in a document: what holds it, and by which name. */
function places(root: Value): { holder: Record<string, Value>; name: string }[] {
  const found: { holder: Record<string, Value>; name: string }[] = [];
  const rest = [root];
  for (let at = rest.pop(); at !== undefined; at = rest.pop()) {
    if (typeof at !== 'object' || at === null) continue;
    for (const name of Object.keys(at)) {
      found.push({ holder: at as Record<string, Value>, name });
      rest.push((at as Record<string, Value>)[name]!);
    }
  }
  return found;
}

function apply(document: { whole: Value }, { what, place, other, name, value }: Change): void {
  const all = places(document);
  const { holder, name: old } = all[place % all.length]!;
  const from = all[other % all.length]!;
  if (what === 'replace') holder[old] = structuredClone(value);
  else if (what === 'add') insert(holder, name, structuredClone(value));
  else if (what === 'repeat') insert(holder, name, structuredClone(from.holder[from.name]!));
  else if (what === 'move') holder[old] = structuredClone(from.holder[from.name]!);
  else {
    const inner = holder[old]!;
    if (Array.isArray(holder)) holder.splice(Number(old), 1);
    else if (holder !== (document as unknown)) delete holder[old];
    if (what === 'rename') insert(holder, name, inner);
  }
}

function insert(holder: Record<string, Value>, name: string, what: Value): void {
  if (Array.isArray(holder)) holder.push(what);
  else Object.defineProperty(holder, name, { value: what, enumerable: true, configurable: true, writable: true });
}
