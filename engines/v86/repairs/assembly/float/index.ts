/** Floating point: see the table of repairs for what each function replaces. */
export * from './sse-arithmetic';
export * from './sse-root';
export * from './sse-compare';
export * from './sse-convert';
export * from './sse3';
export * from './sse-interpreter';
export * from './sse-jit';
export { analyzeSelected, generateSelected, jit0FSelected, run0FSelected, runSelected } from './sse-prefixes';
export { preciseD96, preciseD97, x87D94, x87D95, x87D96, x87D97 } from './x87-functions';
export { emms, fstenv16, fstenv32, fxrstor, fxsave } from './x87-environment';
export { setControlWord, tagWord } from './x87-state';
export { x87Run, x87FromJit, x87Wait, wait } from './x87-run';
export { x87Jit } from './x87-jit';
export * from './x87-quick-operands';
export * from './x87-quick-moves';
export * from './x87-quick-registers';
