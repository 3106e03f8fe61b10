/** The conformance suite, run on this project's own simulator. */
import test from 'ava';
import { Simulator } from '../../../engines/unicorn/index.js';
import { codeSuite } from './suite/code.js';
import { countingSuite } from './suite/counting.js';
import { exceptionsSuite } from './suite/exceptions.js';
import { flagsSuite } from './suite/flags.js';
import { interruptsSuite } from './suite/interrupts.js';
import { malformedSuite } from './suite/malformed.js';
import { realModeSuite } from './suite/realmode.js';
import { stopsSuite } from './suite/stops.js';
import { valuesSuite } from './suite/values.js';
import { x87Suite } from './suite/x87.js';
import type { MakeSimulator } from './support/scenario.js';

const make: MakeSimulator = (ram) => new Simulator({ ram });

const suites = [
  countingSuite,
  exceptionsSuite,
  interruptsSuite,
  valuesSuite,
  codeSuite,
  flagsSuite,
  x87Suite,
  realModeSuite,
  stopsSuite,
  malformedSuite,
];
for (const suite of suites) suite(test, make);
