/** Exceptions that come from the relog, and what they find. */
import test from 'ava';
import { Simulator } from '../../../engines/unicorn/index.js';
import { reloggedExceptionsSuite } from './suite/relogged-exceptions.js';
import { storeFaultsSuite } from './suite/store-faults.js';
import type { MakeSimulator } from './support/scenario.js';

const make: MakeSimulator = (ram) => new Simulator({ ram });

for (const suite of [reloggedExceptionsSuite, storeFaultsSuite]) suite(test, make);
