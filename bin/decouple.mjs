#!/usr/bin/env node
/** The command `decouple`. The program itself is compiled: see cli/main.ts. */
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('decouple: it is not built yet.\nRun `npm run setup` once.');
  process.exitCode = 1;
}
