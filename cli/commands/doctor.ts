import type { Argv, CommandModule } from 'yargs';
import { EXIT_STATUS, exitStatus } from '../../formats/errors.js';
import type { Diagnosis } from '../../relog/doctor.js';
import { parseDisks, withDisks, type DiskOption } from '../disks.js';
import type { GlobalOptions } from '../options.js';
import { formatPairs, printResult } from '../output.js';
import { stages } from '../stages.js';
import { withStore, type StoreOption } from '../store.js';

interface DoctorArguments extends GlobalOptions, DiskOption, StoreOption {
  file: string;
}

function builder(yargs: Argv<GlobalOptions>): Argv<DoctorArguments> {
  return withStore(withDisks(yargs, 'Where a base image is now (hda=PATH)'))
    .positional('file', { type: 'string', demandOption: true, describe: 'A recording or a relog' })
    .example('$0 doctor run.dcr', 'What does this computer lack to replay it?');
}

async function handler({ file, disk, json }: DoctorArguments): Promise<void> {
  const disks = parseDisks(disk);
  const diagnose = await stages.diagnose();
  const result = await diagnose(file, disks);
  printResult(json, 'doctor', result, formatDiagnosis(result));
  const lack = result.findings.find((finding) => finding.lack !== null)?.lack;
  process.exitCode = lack ? exitStatus(lack.code) : EXIT_STATUS.ok;
}

const CAN = { recording: 'replay it', relog: 'simulate it', snapshot: 'read it', pack: 'read it' };

function formatDiagnosis({ kind, able, findings }: Diagnosis): string {
  return formatPairs([
    ['verdict', `this computer ${able ? 'can' : 'CANNOT'} ${CAN[kind]}`],
    ...findings.flatMap(({ what, found, lack }): [string, string][] => [
      [what, found],
      ...(lack === null ? [] : [['  to do', lack.advice] as [string, string]]),
    ]),
  ]);
}

export const doctorCommand: CommandModule<GlobalOptions, DoctorArguments> = {
  command: 'doctor <file>',
  describe: 'Say whether this computer can replay a recording or simulate a relog, and what it lacks',
  builder,
  handler,
};
