/** The test switch DECOUPLE_TEST_FAULT, which makes the simulator compute one instruction wrongly (docs/divergences.md). */
import { parseFault, parseWrongForms, type PlantedFault, type WrongForm } from '../engines/unicorn/index.js';

/** With this at its end, only the first simulation of the process has the fault. */
const ONCE = ':once';
let planted = false;

/** @returns the fault for the next simulation of this process, or null. @throws DecoupleError usage */
export function testFault(): PlantedFault | null {
  const text = process.env.DECOUPLE_TEST_FAULT;
  if (text === undefined || text === '') return null;
  if (!text.endsWith(ONCE)) return parseFault(text);
  if (planted) return null;
  planted = true;
  return parseFault(text.slice(0, -ONCE.length));
}

/** The forms of the test switch DECOUPLE_TEST_FORMS, which the simulator computes wrongly. @throws DecoupleError usage */
export function testForms(): WrongForm[] {
  const text = process.env.DECOUPLE_TEST_FORMS;
  return text === undefined || text === '' ? [] : parseWrongForms(text);
}
