/** The option `--store`: where contents are, or are to go, that are not in the file itself. */
import type { Argv } from 'yargs';

export interface StoreOption {
  store: string | undefined;
}

/** For commands that read files; those that also write one put its contents there. */
export function withStore<T>(
  yargs: Argv<T>,
  describe = 'Store that the contents of the file are in',
): Argv<T & StoreOption> {
  return yargs
    .option('store', { type: 'string', requiresArg: true, describe })
    .middleware(({ store }) => useStore(store));
}

/** All readers of this process and of those it starts look there first. */
function useStore(store: unknown): void {
  if (typeof store === 'string' && store !== '') process.env['DECOUPLE_STORE'] = store;
}
