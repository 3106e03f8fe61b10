#!/usr/bin/env node
/** The command `decouple`. The program itself is compiled: see cli/main.ts. */
import { existsSync } from 'node:fs';

/** As in the table of exit statuses (formats/errors.ts), which is not loaded yet. */
const INTERRUPTED = 130;

// While the program is loaded, and between stages, which listen themselves.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (process.listenerCount(signal) > 1) return;
    console.error('decouple: it was interrupted.\nRun it again to go to the end.');
    process.exit(INTERRUPTED);
  });
}

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('decouple: it is not built yet.\nRun `npm run setup` once.');
  process.exitCode = 1;
}
