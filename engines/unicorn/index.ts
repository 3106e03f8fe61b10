/** The simulator: Unicorn, fed the events of a relog. Knows the formats, and no other engine. */
export { compareState, EFLAGS_DEFINED, STATUS_FLAGS, type StateComparison, type StateDifference } from './compare.js';
export { FORGIVEN, type ForgivenRow } from './forgiven.js';
export { parseFault, parseWrongForms, type PlantedFault, type WrongForm } from './fault.js';
export { ExpectedRam } from './ram.js';
export {
  type BlockBatch,
  type Counts,
  type Disagreement,
  type RamComparison,
  type RunStop,
  type Situation,
  Simulator,
  type SimulatorDivergence,
  type Step,
} from './simulator.js';
