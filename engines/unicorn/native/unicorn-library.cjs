/**
 * Prints where libunicorn's headers (`include`) or the library (`lib`) are, for binding.gyp: from
 * DECOUPLE_UNICORN_INCLUDE and DECOUPLE_UNICORN_LIB, else from the prefix that `npm run setup` makes, else from
 * pkg-config.
 */
'use strict';
const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const PREFIX = join(__dirname, '../../../.cache/prefix/usr');
const WAYS = {
  include: {
    variable: 'DECOUPLE_UNICORN_INCLUDE',
    folder: 'include',
    holds: 'unicorn/unicorn.h',
    option: 'includedir',
  },
  lib: { variable: 'DECOUPLE_UNICORN_LIB', folder: 'lib/x86_64-linux-gnu', holds: 'libunicorn.so.2', option: 'libdir' },
};

function find({ variable, folder, holds, option }) {
  const given = process.env[variable];
  if (given) return given;
  const inPrefix = join(PREFIX, folder);
  if (existsSync(join(inPrefix, holds))) return inPrefix;
  return execFileSync('pkg-config', [`--variable=${option}`, 'unicorn'], { encoding: 'utf8' }).trim();
}

process.stdout.write(find(WAYS[process.argv[2]]));
