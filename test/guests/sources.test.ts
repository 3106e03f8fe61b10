import test from 'ava';
import { debianSources, parseDeb822Sources, parseOneLineSources } from '../../guests/debian/sources.js';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

test('one-line format', (t) => {
  const text = `
# comment
deb http://mirror.invalid/debian bookworm main contrib # why
deb-src http://mirror.invalid/debian bookworm main
deb [arch=amd64 signed-by=${KEYRING}] https://mirror.invalid/debian bookworm-updates main
#deb http://off.invalid/debian bookworm main
  deb\thttp://tabs.invalid/debian\tbookworm\tmain
`;
  t.deepEqual(parseOneLineSources(text), [
    { uri: 'http://mirror.invalid/debian', suite: 'bookworm', components: ['main', 'contrib'], signedBy: null },
    { uri: 'https://mirror.invalid/debian', suite: 'bookworm-updates', components: ['main'], signedBy: KEYRING },
    { uri: 'http://tabs.invalid/debian', suite: 'bookworm', components: ['main'], signedBy: null },
  ]);
});

test('deb822 format', (t) => {
  const text = `# first
Types: deb deb-src
# inside
URIs: http://one.invalid/debian http://two.invalid/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: ${KEYRING}

Types: deb
Enabled: no
URIs: http://off.invalid/debian
Suites: bookworm
Components: main
  
types: deb
uris: http://three.invalid/debian
suites: bookworm
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`;
  const found = parseDeb822Sources(text);
  t.deepEqual(
    found.map((each) => `${each.uri} ${each.suite}`),
    [
      ...['http://one.invalid/debian bookworm', 'http://one.invalid/debian bookworm-updates'],
      ...['http://two.invalid/debian bookworm', 'http://two.invalid/debian bookworm-updates'],
      'http://three.invalid/debian bookworm',
    ],
  );
  t.is(found[0]?.signedBy, KEYRING);
  t.is(found[4]?.signedBy, null);
});

test("another release at the machine's own archives, and at nobody else's", (t) => {
  const source = (uri: string, suite: string, signedBy: string | null = null, components = ['main']) => ({
    ...{ uri, suite, components, signedBy },
  });
  const found = debianSources(
    [
      source('http://debian.invalid', 'bookworm', KEYRING),
      source('http://debian.invalid', 'bookworm-updates', KEYRING),
      source('http://security.invalid', 'bookworm-security', KEYRING),
      source('http://vendor.invalid', 'bookworm', '/usr/share/keyrings/vendor.gpg'),
      source('http://vendor.invalid', 'bookworm', null, ['stable']),
      source('http://vendor.invalid', 'nodistro'),
    ],
    'bookworm',
    'trixie',
  );
  t.deepEqual(found, [source('http://debian.invalid', 'trixie', KEYRING)]);
});
