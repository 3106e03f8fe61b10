/**
 * AssemblyScript: what takes the place of functions of v86, exported by the names that ../table.ts gives. It shares the
 * engine's memory, has no data of its own there, and calls the engine's functions by declaring them:
 * `@external('v86', 'cpu::trigger_ud') declare function triggerUd(): void`, and `'...$original'` for what it replaces.
 */
export { readMemory } from './memory';
export { decimalAdd, decimalSubtract, emitSizeAndChanged, emitShiftRight } from './flags';
export * from './float';
export * from './system';
