/** What differs between two files, and how it is looked for. */
export interface Difference {
  what: string;
  /** Position in instructions (relogs), step (recordings); null for what has none. */
  position: number | null;
  /** What each file has there, as JSON objects; null when it ends before. */
  sides: readonly [unknown, unknown];
  /** What both have right before, the last one last. */
  before: readonly unknown[];
}

/** The first field, named with dots, in which two maps differ; null when they are equal. */
export function differingField(a: unknown, b: unknown, name: string): Difference | null {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, v: unknown) =>
      typeof v === 'bigint' ? v.toString() : v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v,
    ) ?? 'nothing';
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  if (isMap(a) && isMap(b)) {
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const found = differingField(a[key], b[key], `${name}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }
  return text(a) === text(b) ? null : { what: name, position: null, sides: [a ?? null, b ?? null], before: [] };
}
