import test from 'ava';
import { Simulator } from '../../../engines/unicorn/index.js';
import { codeSuite } from './suite/code.js';
import { countingSuite } from './suite/counting.js';
import { exceptionsSuite } from './suite/exceptions.js';
import { flagsSuite } from './suite/flags.js';
import { interruptsSuite } from './suite/interrupts.js';
import { valuesSuite } from './suite/values.js';

const make = (ram: ConstructorParameters<typeof Simulator>[0]['ram']): Simulator => new Simulator({ ram });

countingSuite(test, make);
exceptionsSuite(test, make);
interruptsSuite(test, make);
valuesSuite(test, make);
codeSuite(test, make);
flagsSuite(test, make);
