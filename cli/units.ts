/** Numbers as people write and read them: counts (`500M`), durations (`30s`), bytes. The one place for both ways. */
import { DecoupleError } from '../formats/errors.js';
import { Pattern } from '../formats/pattern.js';
import type { HostAccess, Protocol } from '../network/host/access.js';

/** Decimal multiples of a count. Case matters: `30M` is thirty million, `30m` thirty minutes. */
const COUNT_UNITS: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const DURATION_UNITS: Record<string, number> = { ms: 1e-3, s: 1, m: 60, h: 3600 };

/** How far a recording may go: seconds of real time, or instructions. */
export type Limit = { seconds: number } | { instructions: number };

/**
 * A positive whole number with an optional unit k, M or G, as in `50M`, `1.5G` or `1000`.
 * @throws DecoupleError usage
 */
export function parseCount(text: string, option: string): number {
  const value = scale(text, COUNT_UNITS);
  if (value === null || !Number.isSafeInteger(value) || value <= 0) {
    throw new DecoupleError('usage', `--${option} ${text} is not a count.`, 'Write it like 1000, 500k, 50M or 1.5G.');
  }
  return value;
}

/**
 * A position or a step: a whole number from 0 on, written like a count.
 * @throws DecoupleError usage
 */
export function parsePosition(text: string, option: string): number {
  return text.trim() === '0' ? 0 : parseCount(text, option);
}

/**
 * Ports and ranges of ports, in hexadecimal with 0x or in decimal: `0x60,0x3f8-0x3ff`.
 * @throws DecoupleError usage
 */
export function parsePorts(text: string): [number, number][] {
  return text.split(',').map((part) => {
    const match = /^(0x[0-9a-f]+|\d+)(?:-(0x[0-9a-f]+|\d+))?$/i.exec(part.trim());
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (match !== null && first <= last && last <= 0xffff) return [first, last];
    throw new DecoupleError('usage', `--port ${text} names no ports.`, 'Write them like 0x60 or 0x3f8-0x3ff.');
  });
}

/**
 * A whole number from 0 to 2^32 - 1.
 * @throws DecoupleError usage
 */
export function parseSeed(text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(value <= 0xffffffff)) {
    throw new DecoupleError('usage', `--seed ${text} is not a seed.`, 'Write a whole number from 0 to 4294967295.');
  }
  return value;
}

/**
 * Seconds (`30s`, `500ms`, `2m`, `1h`) or instructions (`500M`).
 * @throws DecoupleError usage
 */
export function parseLimit(text: string, option: string): Limit {
  const seconds = scale(text, DURATION_UNITS);
  if (seconds !== null && seconds > 0) return { seconds };
  const instructions = scale(text, COUNT_UNITS);
  if (instructions !== null && Number.isSafeInteger(instructions) && instructions > 0) return { instructions };
  throw new DecoupleError(
    'usage',
    `--${option} ${text} is neither a duration nor a count of instructions.`,
    'Write a duration like 30s, 500ms or 2m, or a count like 500M.',
  );
}

/**
 * Seconds: `90s`, `500ms`, `2h`; also `0s`.
 * @throws DecoupleError usage
 */
export function parseDuration(text: string, option: string): number {
  const seconds = scale(text, DURATION_UNITS);
  if (seconds !== null) return seconds;
  throw new DecoupleError('usage', `--${option} ${text} is not a duration.`, 'Write it like 30s, 500ms, 2m or 1h.');
}

/**
 * The source of a regular expression, without slashes around it.
 * @throws DecoupleError usage
 */
export function parsePattern(source: string, option: string): string {
  try {
    return new Pattern(source).source;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DecoupleError(
      'usage',
      `--${option}: ${why}.`,
      'Write a regular expression without slashes, without references to groups, and without looking ahead.',
      {
        cause: error,
      },
    );
  }
}

/**
 * A port of this computer that leads to one of the guest: `tcp:8080:80`.
 * @throws DecoupleError usage
 */
export function parseForward(text: string): { hostPort: number; guestPort: number } {
  const match = /^tcp:(\d{1,5}):(\d{1,5})$/.exec(text);
  const [hostPort, guestPort] = [Number(match?.[1]), Number(match?.[2])];
  const isPort = (port: number): boolean => port >= 1 && port <= 65_535;
  if (isPort(hostPort) && isPort(guestPort)) return { hostPort, guestPort };
  throw new DecoupleError(
    'usage',
    `--forward ${text} is not a forward.`,
    'Write tcp:, a port of this computer and a port of the guest, like tcp:8080:80.',
  );
}

/**
 * Ports of this computer that the guest may reach.
 * @param texts `tcp:8000`, `udp:all`
 * @throws DecoupleError usage
 */
export function parseAllowed(texts: readonly string[]): HostAccess['ports'] {
  const ports: Record<Protocol, Set<number> | 'all'> = { tcp: new Set(), udp: new Set() };
  for (const text of texts) {
    const [, protocol = '', port = ''] = /^(tcp|udp):(\d{1,5}|all)$/.exec(text) ?? [];
    const number = Number(port);
    if (port !== 'all' && !(number >= 1 && number <= 65_535)) {
      const advice = 'Write tcp: or udp:, and a port of this computer or all, like tcp:8000.';
      throw new DecoupleError('usage', `--allow ${text} is not a port to allow.`, advice);
    }
    const allowed = ports[protocol as Protocol];
    if (port === 'all') ports[protocol as Protocol] = 'all';
    else if (allowed !== 'all') allowed.add(number);
  }
  return ports;
}

/** `1234567` → `1.23 M`. Three digits that count; whole numbers below a thousand. */
export function formatCount(count: number): string {
  return withPrefix(count, ['', ' k', ' M', ' G', ' T']);
}

/** `1234567` → `1.23 MB`, decimal as disks are sold and `ls --si` shows them. */
export function formatBytes(bytes: number): string {
  return withPrefix(bytes, [' B', ' kB', ' MB', ' GB', ' TB']);
}

/** `0.53` → `0.5 s`, `75` → `1:15`, `3675` → `1:01:15`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** How much was run and how fast. */
export function formatRun(instructions: number, seconds: number): string {
  const rate = seconds > 0 ? ` (${formatCount(instructions / seconds)}/s)` : '';
  return `${formatCounted(instructions, 'instruction')} in ${formatSeconds(seconds)}${rate}`;
}

/** `1234567` → `1,234,567`. */
export function formatExact(count: number): string {
  return count.toLocaleString('en-US');
}

/** How many of something: `1 file`, `1,234 files`. @param plural where it is not the noun with an s */
export function formatCounted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatExact(count)} ${count === 1 ? noun : plural}`;
}

/** The number in `text` times its unit, or null if that is not what `text` is. */
function scale(text: string, units: Record<string, number>): number | null {
  const match = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text.trim());
  if (match === null || !Object.hasOwn(units, match[2]!)) return null;
  // Six digits after the point are enough for any unit here, and rounding hides that 1.1 * 1e6 is not whole.
  const value = Number(match[1]) * units[match[2]!]!;
  return Math.round(value * 1e6) / 1e6;
}

function withPrefix(value: number, prefixes: string[]): string {
  let index = 0;
  // 999.5 would print as 1000: it goes to the next prefix.
  while (Math.abs(value) >= 999.5 && index < prefixes.length - 1) {
    value /= 1000;
    index++;
  }
  const digits = index === 0 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)}${prefixes[index]!}`;
}
