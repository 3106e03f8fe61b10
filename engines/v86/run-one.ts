/** Exported by an engine made for stepping: runs one instruction, given its first byte and, above it, the size of code. */
export const RUN_ONE = 'd_run';
