/** What a guest spec says (guests/specs/*.yaml): parsed and checked, nothing looked up or built yet. */
import { NETWORK_CARDS, PLAIN_DEVICES, type MachineDevices } from '../formats/devices.js';
import { Pattern } from '../formats/pattern.js';
import { parseYaml } from '../formats/yaml.js';
import { isFlagAllowed } from './assemble/flags.js';
import { parseDisks, type DiskSpecs } from './disk-spec.js';
import { mergeInitramfs } from './extend.js';
import { Fields, specError } from './fields.js';
import { reached } from './reach.js';
import { packageName, parseFileSource, type FileSource } from './source.js';

/** A kernel; a null `from` stands for the kernel of a kernel package. */
export type KernelSource = FileSource | { package: string; from: null };

export type BootSpec =
  | { kind: 'multiboot' | 'bzimage'; kernel: KernelSource; initrd: FileSource | null; commandLine: string }
  | { kind: 'disk' };

export interface ProgramSpec {
  /** C file, absolute. */
  source: string;
  /** Where it goes in the guest. */
  path: string;
  flags: string[];
}

export type FileSpec = { path: string; mode: number } & (
  { text: string } | { source: string } | { package: string; from: string }
);

export interface InitramfsSpec {
  files: FileSpec[];
  programs: ProgramSpec[];
  directories: { path: string; mode: number }[];
  links: { path: string; target: string }[];
  nodes: { path: string; type: 'char' | 'block'; mode: number; major: number; minor: number }[];
  /** Kernel modules by name; what they depend on comes along. */
  modules: string[];
  /** Paths and modules of the extended spec that are left out. */
  without: string[];
}

export interface GuestSpec {
  name: string;
  description: string;
  /** Debian release the packages come from. */
  release: string;
  /** Bytes. */
  memory: number;
  devices: MachineDevices;
  /** Null: SeaBIOS from Debian's package. */
  firmware: { bios: string; vgaBios: string } | null;
  boot: BootSpec;
  disks: DiskSpecs;
  initramfs: InitramfsSpec | null;
  ready: string | null;
  /** Seconds. */
  readyTimeout: number;
  console: ConsoleSpec | null;
}

/** How the guest's serial console is told the size of the terminal that it is on. */
export interface ConsoleSpec {
  /** Source of a regular expression for the line at whose end a shell awaits a command. */
  prompt: string;
  /** The command, with {rows} and {columns}. */
  resize: string;
}

const MEMORY_MIN = 2 ** 20;
/** Addresses from 3 GB on belong to devices. */
const MEMORY_MAX = 3 * 2 ** 30;

/**
 * @param text YAML
 * @param path of the spec: paths in it are relative to its directory, and messages name it
 * @param baseOf the spec that this one `extends`, by what it calls it
 * @param allowed folders whose files it may name beside those of its own
 * Errors: `guest-invalid`; those of `baseOf`.
 */
export function parseSpec(
  text: string,
  path: string,
  baseOf?: (name: string) => GuestSpec,
  allowed: readonly string[] = [],
): GuestSpec {
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw specError(path, (error as Error).message);
  }
  const fields = new Fields(document, path);
  const local = (file: string): string => reached(path, file, allowed);
  const name = fields.string('name');
  if (!/^[\w.-]+$/.test(name)) throw specError(path, 'needs a "name" of letters, digits, dots and dashes');
  const extended = fields.string('extends', null);
  const base = extended === null ? null : (baseOf?.(extended) ?? null);
  const inner = (field: string): Fields => new Fields(fields.take(field), `${path}: ${field}`);
  const initramfs = fields.has('initramfs') ? parseInitramfs(inner('initramfs'), local) : null;
  const devices = base?.devices ?? PLAIN_DEVICES;
  const { boot, disks: bootDisks } =
    base !== null && !fields.has('boot') ? { boot: base.boot, disks: {} } : parseBoot(inner('boot'), local);
  const disks = fields.has('disks') ? diskFields(fields.mapping('disks'), local) : {};
  const spec: GuestSpec = {
    name,
    description: fields.string('description', ''),
    release: releaseName(fields, base?.release ?? 'bookworm'),
    memory: base !== null && !fields.has('memory') ? base.memory : fields.size('memory'),
    devices: fields.has('devices') ? parseDevices(inner('devices'), devices) : devices,
    firmware: fields.has('firmware') ? parseFirmware(fields, local) : (base?.firmware ?? null),
    boot,
    disks: { ...base?.disks, ...bootDisks, ...disks },
    initramfs: mergeInitramfs(base?.initramfs ?? null, initramfs, path),
    ready: fields.has('ready') ? fields.string('ready') : (base?.ready ?? null),
    readyTimeout: fields.seconds('readyTimeout', base?.readyTimeout ?? 60),
    console: fields.has('console') ? parseConsole(inner('console')) : (base?.console ?? null),
  };
  fields.end();
  checkWhole(spec, path);
  return spec;
}

/** A word, as it goes into the settings of apt. */
function releaseName(fields: Fields, fallback: string): string {
  const name = fields.string('release', fallback);
  if (/^[a-z][a-z0-9-]{0,31}$/.test(name)) return name;
  throw specError(fields.where, `needs "release", the name of one such as bookworm, not ${JSON.stringify(name)}`);
}

function compilerFlags(item: Fields): string[] {
  const flags = item.strings('flags');
  const refused = flags.find((flag) => !isFlagAllowed(flag));
  if (refused === undefined) return flags;
  const which = 'only those that say what code is made (-O, -D, -m, -f, -std, -W, -l) are';
  throw specError(item.where, `has the flag ${JSON.stringify(refused)}, which is not allowed: ${which}`);
}

function parseConsole(fields: Fields): ConsoleSpec {
  const spec = { prompt: fields.string('prompt'), resize: fields.string('resize') };
  fields.end();
  return spec;
}

function checkWhole(spec: GuestSpec, path: string): void {
  if (spec.boot.kind === 'disk' && Object.keys(spec.disks).length === 0) {
    throw specError(`${path}: boot`, 'needs at least one of hda, hdb, cdrom and fda');
  }
  if (spec.memory < MEMORY_MIN || spec.memory > MEMORY_MAX) throw specError(path, 'needs "memory" from 1M to 3G');
  if (spec.initramfs !== null && spec.boot.kind === 'disk') {
    throw specError(path, 'has an "initramfs", which a guest that boots from disk cannot use');
  }
  if (spec.initramfs !== null && spec.boot.kind !== 'disk' && spec.boot.initrd !== null) {
    throw specError(path, 'has both an "initramfs" and a "boot.initrd": one of them is enough');
  }
  if (spec.initramfs?.modules.length && spec.boot.kind !== 'disk' && !('package' in spec.boot.kernel)) {
    throw specError(path, 'lists modules, which need a kernel from a package');
  }
  checkPattern('ready', spec.ready, path);
  checkPattern('console.prompt', spec.console?.prompt ?? null, path);
}

function checkPattern(field: string, source: string | null, path: string): void {
  if (source === null) return;
  try {
    new Pattern(source);
  } catch {
    throw specError(path, `needs "${field}" to be a regular expression, and ${JSON.stringify(source)} is none`);
  }
}

/** What the engine has too, and why a spec cannot ask for it. */
const REFUSED_DEVICES: Record<string, string> = {
  sound: 'the Sound Blaster is in every machine, but nobody listens: its output is not kept',
  speaker: 'it is in every machine, but its output is not kept',
  balloon: 'its inputs are not logged',
  vmwareMouse: 'its port is closed; the PS/2 mouse is in every machine',
  modem: 'it would reach the network past the log',
};

function parseDevices(fields: Fields, base: MachineDevices): MachineDevices {
  for (const [name, why] of Object.entries(REFUSED_DEVICES)) {
    if (fields.has(name)) throw specError(fields.where, `asks for "${name}", which is refused: ${why}`);
  }
  const devices: MachineDevices = {
    acpi: fields.has('acpi') ? fields.flag('acpi') : base.acpi,
    network: fields.has('network') ? fields.oneOf('network', NETWORK_CARDS) : base.network,
    serialPorts: fields.integer('serialPorts', 1, 4, base.serialPorts),
    virtioConsole: fields.has('virtioConsole') ? fields.flag('virtioConsole') : base.virtioConsole,
    share: fields.has('share') ? fields.flag('share') : base.share,
  };
  fields.end();
  return devices;
}

type Local = (file: string) => string;

function parseFirmware(fields: Fields, local: Local): { bios: string; vgaBios: string } | null {
  const value = fields.take('firmware');
  if (value === 'seabios') return null;
  const inner = new Fields(value, `${fields.where}: firmware (either the word seabios or a mapping)`);
  const firmware = { bios: local(inner.string('bios')), vgaBios: local(inner.string('vgaBios')) };
  inner.end();
  return firmware;
}

function diskFields(fields: Fields, local: Local): DiskSpecs {
  const disks = parseDisks(fields, local);
  fields.end();
  return disks;
}

/** A guest that boots from a disk may name it here. */
function parseBoot(fields: Fields, local: Local): { boot: BootSpec; disks: DiskSpecs } {
  const kind = fields.oneOf('kind', ['multiboot', 'bzimage', 'disk'] as const);
  let boot: BootSpec;
  let disks: DiskSpecs = {};
  if (kind === 'disk') {
    boot = { kind };
    disks = parseDisks(fields, local);
  } else {
    const kernel = new Fields(fields.take('kernel'), `${fields.where}, kernel`);
    const source = parseKernel(kernel, local);
    kernel.end();
    // A long command line may be folded over several lines.
    const commandLine = fields.string('cmdline', '').trim().replace(/\s+/g, ' ');
    const initrd = fields.has('initrd') ? parseFileSource(fields, 'initrd', local) : null;
    boot = { kind, kernel: source, initrd, commandLine };
  }
  fields.end();
  return { boot, disks };
}

function parseKernel(fields: Fields, local: Local): KernelSource {
  if (fields.has('package') === fields.has('file')) {
    throw specError(fields.where, 'needs either "package" or "file"');
  }
  if (!fields.has('package')) return { file: local(fields.string('file')) };
  return { package: packageName(fields), from: fields.has('from') ? fields.guestPath('from') : null };
}

function parseInitramfs(fields: Fields, local: Local): InitramfsSpec {
  const each = <T>(name: string, read: (item: Fields) => T): T[] =>
    fields.list(name).map(([value, where]) => {
      const item = new Fields(value, where);
      const result = read(item);
      item.end();
      return result;
    });
  const initramfs: InitramfsSpec = {
    files: each('files', (item) => parseFile(item, local)),
    programs: each('programs', (item) => ({
      source: local(item.string('source')),
      path: item.guestPath('path'),
      flags: compilerFlags(item),
    })),
    directories: each('directories', (item) => ({ path: item.guestPath('path'), mode: mode(item, 0o755) })),
    links: each('links', (item) => ({ path: item.guestPath('path'), target: item.string('target') })),
    nodes: each('nodes', (item) => ({
      path: item.guestPath('path'),
      type: item.oneOf('type', ['char', 'block'] as const),
      mode: mode(item, 0o600),
      major: item.integer('major', 0, 4095),
      minor: item.integer('minor', 0, 2 ** 20 - 1),
    })),
    modules: fields.strings('modules'),
    without: fields.strings('without'),
  };
  fields.end();
  return initramfs;
}

function parseFile(item: Fields, local: Local): FileSpec {
  const where = { path: item.guestPath('path'), mode: mode(item, 0o644) };
  const given = ['text', 'source', 'package'].filter((name) => item.has(name));
  if (given.length !== 1) throw specError(item.where, 'needs one of "text", "source" and "package"');
  if (item.has('text')) return { ...where, text: item.string('text') };
  if (item.has('source')) return { ...where, source: local(item.string('source')) };
  return { ...where, package: packageName(item), from: item.guestPath('from', where.path) };
}

/** Permissions in octal, as text or as YAML's 0o755. */
function mode(item: Fields, fallback: number): number {
  const value = item.take('mode');
  if (value === undefined) return fallback;
  const number = typeof value === 'string' && /^[0-7]{3,5}$/.test(value) ? parseInt(value, 8) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= 0o7777) return number;
  throw specError(item.where, `needs "mode" to be octal permissions such as "0755", not ${JSON.stringify(value)}`);
}
