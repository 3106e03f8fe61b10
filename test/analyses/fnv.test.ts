import test from 'ava';
import fc from 'fast-check';
import { fnv1a64 } from '../../analyses/fnv.js';

/** The definition, in arithmetic that cannot overflow. */
function byDefinition(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash;
}

test('vectors of draft-eastlake-fnv', (t) => {
  t.is(fnv1a64(Buffer.from('')), 0xcbf29ce484222325n);
  t.is(fnv1a64(Buffer.from('a')), 0xaf63dc4c8601ec8cn);
  t.is(fnv1a64(Buffer.from('foobar')), 0x85944171f73967e8n);
});

test('agrees with the definition', (t) => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => fnv1a64(bytes) === byDefinition(bytes)));
  t.is(fnv1a64(Buffer.from('xfoobarx'), 1, 7), fnv1a64(Buffer.from('foobar')));
});
