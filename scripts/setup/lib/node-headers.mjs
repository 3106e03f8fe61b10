import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Environment for node-gyp: use the headers installed with this Node rather than download them, where there are some.
 *
 * @returns {Record<string, string>}
 */
export function nodeGypEnvironment() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? { npm_config_nodedir: prefix } : {};
}
