/**
 * Session scripts: what is typed into a guest and what is awaited from it, step by step.
 *
 *     - expect: "# "
 *       timeout: 30s
 *     - send: "md5sum /bin/busybox\n"
 *       on: serial1
 *     - keys: [ctrl-alt-f1]
 *     - screen: "login:"
 *     - mouse: { click: left }
 *     - wait: 500ms
 */
import { STREAM_CHANNELS, type StreamChannel } from '../formats/devices.js';
import { Pattern } from '../formats/pattern.js';
import { parseYaml } from '../formats/yaml.js';
import type { SessionStep } from './api.js';
import { invalid, text } from './session-fields.js';
import { keyInputs, mouseInputs } from './session-inputs.js';

const DEFAULT_TIMEOUT_SECONDS = 60;
const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60 };

type Kind = 'send' | 'expect' | 'screen' | 'keys' | 'mouse' | 'wait';
/** What a step may say beside what it is. */
const COMPANIONS: Record<Kind, string[]> = {
  send: ['on'],
  expect: ['on', 'timeout'],
  screen: ['timeout'],
  keys: [],
  mouse: [],
  wait: [],
};
const KINDS = Object.keys(COMPANIONS) as Kind[];

/**
 * @param yamlText a list of steps, or a mapping whose field `session` is one
 * @param where how messages call the text, for instance its path
 * Errors: `session-invalid`.
 */
export function parseSession(yamlText: string, where = 'The session'): SessionStep[] {
  let document: unknown;
  try {
    document = parseYaml(yamlText);
  } catch (error) {
    throw invalid(where, (error as Error).message);
  }
  const isMapping = typeof document === 'object' && document !== null && 'session' in document;
  return readSession(isMapping ? (document as { session: unknown }).session : document, where);
}

/** As parseSession, of a value that was parsed already. */
export function readSession(value: unknown, where: string): SessionStep[] {
  if (!Array.isArray(value)) throw invalid(where, 'is not a list of steps');
  return value.map((item: unknown, index) => readStep(item, `${where}, step ${index + 1},`));
}

function readStep(item: unknown, where: string): SessionStep {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw invalid(where, `must be a mapping with ${KINDS.join(', ')}, not ${JSON.stringify(item)}`);
  }
  const step = item as Record<string, unknown>;
  const [kind, ...others] = KINDS.filter((each) => Object.hasOwn(step, each));
  if (kind === undefined || others.length > 0) throw invalid(where, `needs exactly one of ${KINDS.join(', ')}`);
  const stranger = Object.keys(step).find((key) => key !== kind && !COMPANIONS[kind].includes(key));
  if (stranger !== undefined) throw invalid(where, `has a field "${stranger}", which ${kind} does not take`);
  const value = step[kind];
  const place = `${where} ${kind}`;
  switch (kind) {
    case 'send':
      return { kind, channel: channel(step, where), bytes: new TextEncoder().encode(text(value, place)) };
    case 'expect':
      return {
        kind,
        channel: channel(step, where),
        pattern: pattern(text(value, place), where),
        ...timeout(step, where),
      };
    case 'screen':
      return { kind, pattern: pattern(text(value, place), where), ...timeout(step, where) };
    case 'keys':
      return { kind: 'act', inputs: keyInputs(value, place) };
    case 'mouse':
      return { kind: 'act', inputs: mouseInputs(value, place) };
    case 'wait':
      return { kind, seconds: duration(value, place) };
  }
}

function channel(step: Record<string, unknown>, where: string): StreamChannel {
  const name = step['on'] ?? 'serial0';
  const found = STREAM_CHANNELS.find((each) => each === name);
  if (found === undefined) {
    throw invalid(where, `must be on one of ${STREAM_CHANNELS.join(', ')}, not ${JSON.stringify(name)}`);
  }
  return found;
}

function timeout(step: Record<string, unknown>, where: string): { timeoutSeconds: number } {
  const value = step['timeout'];
  return { timeoutSeconds: value === undefined ? DEFAULT_TIMEOUT_SECONDS : duration(value, `${where} timeout`) };
}

function pattern(source: string, where: string): string {
  try {
    return new Pattern(source).source;
  } catch {
    throw invalid(where, `expects ${JSON.stringify(source)}, which is no regular expression`);
  }
}

/** Seconds, from `500ms`, `30s`, `1.5s` or `2m`. */
function duration(value: unknown, where: string): number {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?) ?(ms|s|m)$/.exec(value) : null;
  if (match === null) throw invalid(where, `must be a time such as 500ms, 30s or 2m, not ${JSON.stringify(value)}`);
  return Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1);
}
