/** Runs one command with all its stages in this process, and tells its parent how much memory that took. */
import { runCommandLine } from '../../cli/command-line.js';
import { runHere } from '../../relog/process/here.js';
import { stayInThisProcess } from '../../relog/process/parent.js';
import { peakBytes } from '../support/memory.js';

stayInThisProcess(runHere);
const status = await runCommandLine(process.argv.slice(2));
process.send!({ status, peak: peakBytes() }, () => process.exit());
