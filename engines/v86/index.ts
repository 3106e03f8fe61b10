export * from './clock.js';
export { deviceOptions, deliver, listen } from './devices.js';
export * from './layout.js';
export * from './machine.js';
export * from './observer.js';
export * from './package.js';
export type { Node as ShareNode, ShareTree } from './share/index.js';
export type { V86Constructor } from './realm.js';
export * from './registers.js';
