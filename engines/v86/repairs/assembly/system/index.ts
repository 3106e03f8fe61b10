/** The system: see ../../system.ts for what each function replaces. */
export { enter16, enter32 } from './enter';
