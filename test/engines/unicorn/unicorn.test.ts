import test from 'ava';
import { Simulator } from '../../../engines/unicorn/index.js';
import { countingSuite } from './suite/counting.js';
import { exceptionsSuite } from './suite/exceptions.js';

const make = (ram: ConstructorParameters<typeof Simulator>[0]['ram']): Simulator => new Simulator({ ram });

countingSuite(test, make);
exceptionsSuite(test, make);
