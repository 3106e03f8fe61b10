/** The system: see ../../system.ts for what each function replaces. */
export { readControl, writeControl } from './control';
export * from './debug';
export { loadTable, loadTableChecked, loadTask } from './descriptor';
export * from './enter';
export { deliver, deliverInPlace } from './gates';
export * from './msr';
export * from './prefixes';
export * from './reset';
export * from './stack';
export { generateCode, generatePopf, leaveToStep, runInstruction, stateForCode } from './step';
export * from './strings';
export * from './transfers';
export * from './traps';
