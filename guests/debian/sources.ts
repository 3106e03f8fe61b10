/**
 * Where this machine gets its packages from, read from its own apt configuration. No archive's address is written down
 * anywhere in the project: whoever runs it has chosen a mirror already.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface AptSource {
  uri: string;
  /** For instance `bookworm`, `bookworm-security`. */
  suite: string;
  components: string[];
  /** Paths of keyrings, or null when the source does not say. */
  signedBy: string | null;
}

/** Parses the one-line format of sources.list(5): `deb [option=value ...] uri suite component...`. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const [, options = '', uri, suite, rest = ''] = match;
    if (uri === undefined || suite === undefined) continue;
    const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? null;
    sources.push({ uri, suite, components: rest.split(/\s+/).filter(Boolean), signedBy });
  }
  return sources;
}

/** Parses the deb822 format of sources.list(5): stanzas of `Field: value`, folded lines starting with a blank. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const stanza of text.split(/\n(?:[ \t]*\n)+/)) {
    const fields = parseStanza(stanza);
    const words = (name: string): string[] => (fields.get(name) ?? '').split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || /^(no|false|0|off)$/i.test(fields.get('enabled') ?? '')) continue;
    const signed = fields.get('signed-by') ?? null;
    // A key may also stand in the stanza itself; only paths can tell whose archive it is.
    const signedBy = signed !== null && signed.startsWith('/') ? signed : null;
    for (const uri of words('uris')) {
      for (const suite of words('suites')) sources.push({ uri, suite, components: words('components'), signedBy });
    }
  }
  return sources;
}

/** Fields of one control stanza, names in lower case, folded lines joined by newlines, comments dropped. */
export function parseStanza(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last: string | null = null;
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z][\w-]*):[ \t]*(.*)$/.exec(line);
    if (field !== null) {
      last = (field[1] ?? '').toLowerCase();
      fields.set(last, (field[2] ?? '').trim());
    } else if (last !== null && /^[ \t]/.test(line)) {
      fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`.trim());
    }
  }
  return fields;
}

/** All binary package sources of the apt configuration under `etc`. */
export function readAptSources(etc = '/etc/apt'): AptSource[] {
  const sources: AptSource[] = [];
  const list = join(etc, 'sources.list');
  if (existsSync(list)) sources.push(...parseOneLineSources(readFileSync(list, 'utf8')));
  const parts = join(etc, 'sources.list.d');
  for (const name of existsSync(parts) ? readdirSync(parts).sort() : []) {
    const path = join(parts, name);
    if (name.endsWith('.list')) sources.push(...parseOneLineSources(readFileSync(path, 'utf8')));
    if (name.endsWith('.sources')) sources.push(...parseDeb822Sources(readFileSync(path, 'utf8')));
  }
  return sources;
}

/**
 * The machine's sources of Debian itself, made to offer another release. Only the release proper: it changes a few
 * times a year, where its -security and -updates suites change daily and would leave pins behind.
 *
 * @param codename the machine's own release, from os-release(5)
 * @param release the wanted release, for instance `trixie`
 */
export function debianSources(sources: AptSource[], codename: string, release: string): AptSource[] {
  const own = [codename, 'stable', 'oldstable'];
  const found = new Map<string, AptSource>();
  for (const source of sources) {
    if (!own.includes(source.suite) || !source.components.includes('main')) continue;
    // Other vendors name their suites after Debian's too; theirs are signed by keys of their own.
    if (source.signedBy !== null && !source.signedBy.includes('debian-archive')) continue;
    found.set(source.uri, { uri: source.uri, suite: release, components: ['main'], signedBy: source.signedBy });
  }
  return [...found.values()];
}

/** `ID` and `VERSION_CODENAME` of os-release(5); empty strings where the file or the field is missing. */
export function readOsRelease(path = '/etc/os-release'): { id: string; codename: string } {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: field('ID'), codename: field('VERSION_CODENAME') };
}
