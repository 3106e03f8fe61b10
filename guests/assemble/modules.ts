/** Kernel modules of a Debian kernel package, with what they depend on, ready for modprobe in the guest. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { DecoupleError } from '../../formats/errors.js';
import type { CpioEntry } from './cpio.js';
import { readElfSection } from './elf.js';

/**
 * @param packageFiles directory of the unpacked kernel package
 * @param wanted module names, with - or _
 * @returns the modules at their places under /lib/modules, and modules.dep
 */
export function moduleEntries(packageFiles: string, wanted: string[]): CpioEntry[] {
  const base = join(packageFiles, 'lib', 'modules');
  const [version] = readdirSync(base);
  if (version === undefined || wanted.length === 0) return [];
  const files = new Map<string, string>();
  for (const path of readdirSync(join(base, version), { recursive: true, encoding: 'utf8' })) {
    if (path.endsWith('.ko')) files.set(moduleName(basename(path, '.ko')), join(base, version, path));
  }
  const chosen = new Map<string, string[]>();
  const queue = wanted.map(moduleName);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (chosen.has(name)) continue;
    const file = files.get(name);
    if (file === undefined) {
      const advice = 'Correct its name in the guest spec, or leave it out if that kernel has it built in.';
      throw new DecoupleError('guest-build-failed', `Kernel ${version} has no module ${name}.`, advice);
    }
    const needed = dependencies(readFileSync(file));
    chosen.set(name, needed);
    queue.push(...needed);
  }
  const place = (name: string): string => relative(join(base, version), files.get(name) ?? '');
  const lines = [...chosen.keys()].sort().map((name) => {
    const needed = allDependencies(name, chosen).map(place);
    return `${place(name)}: ${needed.join(' ')}`.trimEnd() + '\n';
  });
  return [
    ...[...chosen.keys()].map((name): CpioEntry => {
      const data = readFileSync(files.get(name) ?? '');
      return { kind: 'file', path: `/lib/modules/${version}/${place(name)}`, mode: 0o644, data };
    }),
    { kind: 'file', path: `/lib/modules/${version}/modules.dep`, mode: 0o644, data: Buffer.from(lines.join('')) },
  ];
}

/** The kernel takes - and _ for the same character in module names. */
function moduleName(name: string): string {
  return name.replaceAll('-', '_');
}

/** `depends=` in the module's .modinfo section, which is a list of zero-terminated `key=value`. */
function dependencies(module: Buffer): string[] {
  const info = readElfSection(module, '.modinfo')?.toString('latin1') ?? '';
  const field = info.split('\0').find((each) => each.startsWith('depends='));
  return (field?.slice('depends='.length) ?? '').split(',').filter(Boolean).map(moduleName);
}

/** All that must be loaded before `name`, the last needed first, as modprobe expects it. */
function allDependencies(name: string, direct: Map<string, string[]>): string[] {
  const order: string[] = [];
  const visit = (each: string): void => {
    for (const needed of direct.get(each) ?? []) visit(needed);
    if (!order.includes(each)) order.push(each);
  };
  visit(name);
  return order.filter((each) => each !== name).reverse();
}
