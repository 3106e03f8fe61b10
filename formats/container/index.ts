export * from './layout.js';
export * from './parse.js';
export * from './reader.js';
export * from './writer.js';
