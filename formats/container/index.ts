export * from './layout.js';
export * from './reader.js';
export * from './writer.js';
