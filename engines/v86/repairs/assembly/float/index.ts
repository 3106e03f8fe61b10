/** Floating point: see the table of repairs for what each function replaces. */
export * from './sse-arithmetic';
export * from './sse-root';
export * from './sse-compare';
export * from './sse-convert';
export * from './sse3';
export * from './sse-interpreter';
export * from './sse-jit';
