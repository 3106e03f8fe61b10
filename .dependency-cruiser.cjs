/**
 * The rooms of the project and who may know whom; `npm run lint` checks every import against it.
 *
 *   confine            nothing of the project
 *   formats            nothing of the project
 *   engines/<each>     formats; never another engine
 *   network            formats
 *   guests             formats, confine, and the types of session files (relog)
 *   relog              formats, confine, engines, network, and types of guests and analyses
 *   analyses           formats, and the types of the simulator's events
 *   corpus             formats, guests, relog
 *   cli                all of the above; nobody knows cli
 */
const ROOMS = ['confine', 'formats', 'engines/v86', 'engines/unicorn', 'network', 'relog', 'analyses', 'guests', 'cli'];

/** Imports of room `from` that go to a project folder which is neither itself nor in `may`. */
function room(from, may) {
  return {
    name: `room-${from.replace('/', '-')}`,
    severity: 'error',
    comment: `${from}/ may import ${may.length === 0 ? 'nothing of the project' : may.join(', ')}`,
    from: { path: `^${from}/` },
    to: {
      path: '^(confine|formats|engines|network|relog|analyses|guests|corpus|cli|test|bench|scripts)/',
      pathNot: [from, ...may].map((name) => `^${name}/`),
    },
  };
}

/** Imports from `from` into `to` must be of types alone. */
function typesOnly(from, to) {
  return {
    name: `types-only-${from}-${to.replace('/', '-')}`,
    severity: 'error',
    comment: `${from}/ may import types alone from ${to}/`,
    from: { path: `^${from}/` },
    to: { path: `^${to}/`, dependencyTypesNot: ['type-only'] },
  };
}

module.exports = {
  forbidden: [
    room('confine', []),
    room('formats', []),
    room('engines/v86', ['formats']),
    room('engines/unicorn', ['formats']),
    room('network', ['formats']),
    room('relog', ['formats', 'confine', 'engines', 'network', 'guests', 'analyses']),
    room('analyses', ['formats', 'engines/unicorn']),
    room('guests', ['formats', 'confine', 'relog']),
    room('corpus', ['formats', 'guests', 'relog']),
    room('cli', ROOMS),
    typesOnly('relog', 'analyses'),
    typesOnly('relog', 'guests'),
    typesOnly('analyses', 'engines/unicorn'),
    typesOnly('guests', 'relog'),
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { pathNot: '^(cli|test|bench|scripts)/' },
      to: { path: '^cli/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'listed-packages-only',
      severity: 'error',
      comment: 'a package must be in package.json, and a development one is for tests and tools alone',
      from: { pathNot: '^(test|scripts)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'], pathNot: '@types/' },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|\\.cache|out)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.node', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
