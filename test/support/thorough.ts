import test from 'ava';

/**
 * Whether to run, too, what takes long and shows the same as shorter tests do, in other guests: `npm test -- --all`.
 */
export const THOROUGH = process.env['DECOUPLE_TESTS'] === 'all';

/** A test of that kind. */
export const thorough = THOROUGH ? test.serial : test.serial.skip;
