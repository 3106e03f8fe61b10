import { spawnSync } from 'node:child_process';
import { SetupError } from './failure.mjs';

/** Programs the later steps start, with the Debian package that has each. */
const PROGRAMS = [
  { program: 'npm', package: 'npm' },
  { program: 'g++', package: 'g++' },
  { program: 'make', package: 'make' },
  { program: 'python3', package: 'python3' },
];

const NODE_VERSION = [20, 19];

/** Throws SetupError naming all that is missing. */
export function checkPrerequisites() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < NODE_VERSION[0] || (major === NODE_VERSION[0] && minor < NODE_VERSION[1])) {
    throw new SetupError(
      `Node ${process.versions.node} is too old: ${NODE_VERSION.join('.')} or newer is needed.`,
      'Install a newer Node.',
    );
  }
  const missing = PROGRAMS.filter(({ program }) => !inPath(program));
  if (missing.length === 0) return;
  throw new SetupError(
    `This machine lacks ${missing.map(({ program }) => program).join(', ')}.`,
    `Install the packages ${missing.map((each) => each.package).join(' ')} (Debian: apt-get install), and run this again.`,
  );
}

/** @param {string} program */
function inPath(program) {
  return spawnSync('sh', ['-c', `command -v '${program}'`], { stdio: 'ignore' }).status === 0;
}
