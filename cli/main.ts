/** The process `decouple`. */
import { EXIT_STATUS } from '../formats/errors.js';
import { runCommandLine } from './command-line.js';

/** A reader that has seen enough (`decouple … | head`) is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_STATUS.ok);
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2));
