/** The process `decouple`. */
import { EXIT_STATUS, hasSystemCode, outputError } from '../formats/errors.js';
import { runCommandLine } from './command-line.js';
import { reportError } from './output.js';

/** A reader that has seen enough (`decouple … | head`) is no error. */
process.stdout.on('error', (error) => {
  if (hasSystemCode(error, 'EPIPE')) process.exit(EXIT_STATUS.ok);
  process.exit(reportError(outputError('standard output', error), { json: false, debug: false }));
});
/** What cannot be said cannot be helped; the status tells. */
process.stderr.on('error', () => undefined);

process.exitCode = await runCommandLine(process.argv.slice(2));
