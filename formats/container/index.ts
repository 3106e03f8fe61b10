export * from './frame-table.js';
export { FrameReader, type Frame } from './frame-reader.js';
export { FrameWriter, type EndRecord, type WriterOptions } from './frame-writer.js';
export * from './layout.js';
export * from './parse.js';
export * from './reader.js';
export { inputName, isStandardInput, refuseStandardInput, STANDARD_INPUT, STANDARD_INPUT_FILE } from './source.js';
export * from './writer.js';
