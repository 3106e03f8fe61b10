/** A store of contents that several files share: docs/store.md. */
export { collect, type CollectOptions, type CollectResult } from './collect.js';
export { storeStats, verifyStore, type StoreCheck, type StoreStats } from './inspect.js';
export { listsOf, needsOf } from './needs.js';
export { storePlaces } from './contents.js';
export { StoreFolder } from './folder.js';
export { Store } from './store.js';
export { StoreWriter } from './store-writer.js';
