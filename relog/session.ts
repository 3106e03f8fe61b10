/**
 * Session scripts: what is typed into a guest and what is awaited from it, step by step.
 *
 *     - expect: "# "
 *       timeout: 30s
 *     - send: "md5sum /bin/busybox\n"
 *     - wait: 500ms
 */
import { parse } from 'yaml';
import { DecoupleError } from '../formats/errors.js';
import type { SessionStep } from './api.js';

const DEFAULT_TIMEOUT_SECONDS = 60;
const ADVICE = 'A session is a list of steps: send: "text\\n", expect: "regex" (with timeout: 30s), or wait: 500ms.';
const UNITS: Record<string, number> = { ms: 0.001, s: 1, m: 60 };

function invalid(where: string, what: string): DecoupleError {
  return new DecoupleError('session-invalid', `${where} ${what}.`, ADVICE);
}

/**
 * @param yamlText a list of steps, or a mapping whose field `session` is one
 * @param where how messages call the text, for instance its path
 * Errors: `session-invalid`.
 */
export function parseSession(yamlText: string, where = 'The session'): SessionStep[] {
  let document: unknown;
  try {
    // Warnings would go to the console.
    document = parse(yamlText, { logLevel: 'error' });
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    throw invalid(where, `is not YAML: ${line.replace(/[.:]$/, '')}`);
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
    throw invalid(where, `must be a mapping with send, expect or wait, not ${JSON.stringify(item)}`);
  }
  const step = item as Record<string, unknown>;
  const kinds = ['send', 'expect', 'wait'].filter((kind) => kind in step);
  if (kinds.length !== 1) throw invalid(where, 'needs exactly one of send, expect and wait');
  const [kind] = kinds;
  const stranger = Object.keys(step).find((key) => key !== kind && !(kind === 'expect' && key === 'timeout'));
  if (stranger !== undefined) throw invalid(where, `has a field "${stranger}", which ${kind} does not take`);
  if (kind === 'send') return { kind, bytes: new TextEncoder().encode(text(step['send'], `${where} send`)) };
  if (kind === 'wait') return { kind, seconds: duration(step['wait'], `${where} wait`) };
  const timeoutSeconds =
    step['timeout'] === undefined ? DEFAULT_TIMEOUT_SECONDS : duration(step['timeout'], `${where} timeout`);
  return { kind: 'expect', pattern: pattern(text(step['expect'], `${where} expect`), where), timeoutSeconds };
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(where, `must be a text, not ${JSON.stringify(value)}`);
  return value;
}

function pattern(source: string, where: string): RegExp {
  try {
    return new RegExp(source);
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
