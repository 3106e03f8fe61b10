/**
 * Evaluates the v86 bundle in a realm of its own: every name of the host's global scope that is not a pure part of the
 * language is shadowed, so that time, randomness, timers, files and network reach the engine only through what is
 * passed here. An input that nobody logs has no door to come in by.
 */
import { compileFunction } from 'node:vm';
import type { VirtualClock } from './clock.js';
import type { SeededRandom } from './random.js';
import type { Scheduler } from './scheduler.js';

export interface RealmServices {
  clock: VirtualClock;
  random: SeededRandom;
  scheduler: Scheduler;
  /** Where the engine's own complaints go. */
  log: (line: string) => void;
}

/** Names of the global scope that depend on their arguments alone. */
const PURE = new Set(
  (
    'AbortController Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Error EvalError Float32Array Float64Array ' +
    'Function Infinity Int16Array Int32Array Int8Array JSON Map NaN Number Object Promise Proxy RangeError ' +
    'ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array ' +
    'Uint8ClampedArray WeakMap WeakSet WebAssembly decodeURI decodeURIComponent encodeURI encodeURIComponent escape ' +
    'isFinite isNaN parseFloat parseInt undefined unescape TextDecoder TextEncoder structuredClone'
  ).split(' '),
);

/** The little of v86's public interface that is used; everything else crosses the `wasm_fn` seam. */
export interface V86Emulator {
  add_listener(event: string, listener: (value: never) => void): void;
  bus: { send(name: string, value?: unknown): void };
  run(): Promise<void>;
  save_state(): Promise<ArrayBuffer>;
  /** Without a browser: keeps the characters of the text mode. */
  screen_adapter: { get_text_screen(): string[] };
}

export type V86Constructor = new (options: Record<string, unknown>) => V86Emulator;

type Bundle = (this: object, ...given: unknown[]) => void;
let last: { source: string; names: string; bundle: Bundle } | null = null;

/** The bundle is large, and a process may have several machines: each call of it makes a realm of its own. */
function compiled(source: string, names: string[]): Bundle {
  const key = names.join();
  if (last?.source !== source || last.names !== key) {
    last = { source, names: key, bundle: compileFunction(source, names, { filename: 'libv86.js' }) as Bundle };
  }
  return last.bundle;
}

export function loadBundle(source: string, services: RealmServices): V86Constructor {
  const exported: { exports: { V86?: V86Constructor } } = { exports: {} };
  const given: Record<string, unknown> = { ...doors(services), module: exported, exports: exported.exports };
  const shadowed = Object.getOwnPropertyNames(globalThis).filter(
    (name) => !PURE.has(name) && /^[A-Za-z_$][\w$]*$/.test(name),
  );
  const names = [
    ...new Set([...shadowed, 'require', 'window', 'self', 'document', 'importScripts', ...Object.keys(given)]),
  ];
  // The bundle's `this` is an empty object: a sloppy-mode function would otherwise see the host's global object.
  compiled(source, names).apply(
    Object.create(null) as object,
    names.map((name) => given[name]),
  );
  const constructor = exported.exports.V86;
  if (constructor === undefined) throw new Error('the v86 bundle exports no V86');
  return constructor;
}

function doors(services: RealmServices): Record<string, unknown> {
  const { clock, random, scheduler, log } = services;
  const setTimeout = (callback: () => void, delay = 0, ...args: unknown[]): number =>
    scheduler.add(callback, delay, false, args);
  const setImmediate = (callback: () => void, ...args: unknown[]): number => scheduler.add(callback, 0, false, args);
  const say = (...parts: unknown[]): void => log(parts.map(String).join(' '));
  return {
    performance: { now: () => clock.read() },
    Date: dateOf(clock),
    Math: mathWith(() => random.unit()),
    crypto: { getRandomValues: (array: Int32Array) => array.map((_, i) => (array[i] = random.uint32() | 0)) },
    setTimeout,
    setImmediate,
    setInterval: (callback: () => void, delay = 0, ...args: unknown[]) => scheduler.add(callback, delay, true, args),
    clearTimeout: (id: unknown) => scheduler.remove(id),
    clearInterval: (id: unknown) => scheduler.remove(id),
    // The disk controller makes one a read, to call it off; nothing of the host depends on it.
    AbortController,
    // v86 asks for `process` only to know that it runs under Node, where it yields through `global.setImmediate`.
    process: Object.freeze({}),
    global: Object.freeze({ setImmediate }),
    globalThis: Object.freeze({}),
    console: { log: say, warn: say, error: say, info: say, debug: say, trace: say, assert: () => undefined },
  };
}

/** A Date whose every way to ask for the current time is the machine's clock. Times are UTC. */
function dateOf(clock: VirtualClock): unknown {
  return class MachineDate extends Date {
    constructor(...args: [] | [number]) {
      super(args.length === 0 ? clock.date() : args[0]);
    }
    static override now(): number {
      return clock.date();
    }
    override getTimezoneOffset(): number {
      return 0;
    }
  };
}

function mathWith(random: () => number): unknown {
  const math: Record<string, unknown> = {};
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(Math))) math[name] = value as unknown;
  math.random = random;
  return math;
}
