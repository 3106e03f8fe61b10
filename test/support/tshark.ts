/** Wireshark's command line, as the set-up found or fetched it. */
import { execa } from 'execa';
import { findTshark } from '../../scripts/setup/tshark.js';
import { PROJECT } from './cli.js';

/** What it prints. Fails when it cannot read the capture. */
export async function tshark(capture: string, ...args: string[]): Promise<string> {
  const location = await findTshark(`${PROJECT}.cache`);
  if (location === null) throw new Error('tshark is not here: node scripts/setup/main.mjs --tests');
  const { stdout } = await execa(location.program, ['-r', capture, ...args], { env: location.environment });
  return stdout;
}
