export { BUBBLEWRAP_FOLDER, findBubblewrap, type Bubblewrap } from './bubblewrap.js';
export { callFilter, CALLS } from './system-calls.js';
export { kernelPlaces, shown, systemPlaces } from './system.js';
