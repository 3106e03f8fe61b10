import test from 'ava';
import { encode } from '../../formats/cbor.js';
import { Cddl } from '../support/cddl.js';
import { decodeItems, type Item } from '../support/cbor-items.js';

const item = (value: unknown): Item => decodeItems(encode(value))[0]!;

const RULES = new Cddl(`
  number = uint .size 2          ; a comment
  point = [1, x: int, y: -3..3]
  shape = { name: tstr / null, ? closed: bool, points: [2*3 point], colour: colour }
  colour = "red" / "blue"
  counts = { * colour => uint }
  row = [* [uint, bstr]]
  wrapped = [bstr .cbor point, bstr .size 2]
`);

const RIGHT: [string, unknown[]][] = [
  ['number', [0, 65535]],
  ['point', [[1, -(2 ** 40), 3]]],
  [
    'shape',
    [
      {
        colour: 'red',
        name: null,
        points: [
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  [
    'shape',
    [
      {
        colour: 'blue',
        name: 'x',
        closed: false,
        points: [
          [1, 0, 0],
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  ['counts', [{}, { red: 1 }, { red: 1, blue: 2 ** 40 }]],
  ['row', [[], [[1, Buffer.of(1)]]]],
  ['wrapped', [[Buffer.from(encode([1, 2, 3])), Buffer.of(1, 2)]]],
];

const WRONG: [string, unknown[]][] = [
  ['number', [65536, -1, 1.5, '1', null, Buffer.of(1)]],
  ['point', [[1, 0], [1, 0, 0, 0], [2, 0, 0], [1, 0, 4], [1, 0, -4], { 0: 1 }, [1, 0.5, 0]]],
  [
    'shape',
    [
      {
        colour: 'red',
        points: [
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  [
    'shape',
    [
      {
        colour: 'green',
        name: null,
        points: [
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  ['shape', [{ colour: 'red', name: null, points: [[1, 0, 0]] }]],
  ['shape', [{ colour: 'red', name: null, points: Array(4).fill([1, 0, 0]) }]],
  [
    'shape',
    [
      {
        colour: 'red',
        name: null,
        points: [
          [1, 0, 0],
          [1, 0, 9],
        ],
      },
    ],
  ],
  [
    'shape',
    [
      {
        colour: 'red',
        name: null,
        closed: null,
        points: [
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  [
    'shape',
    [
      {
        colour: 'red',
        name: null,
        more: 1,
        points: [
          [1, 0, 0],
          [1, 0, 0],
        ],
      },
    ],
  ],
  ['counts', [{ green: 1 }, { red: -1 }, []]],
  ['row', [[[1]], [[1, 'x']], [[1, Buffer.of(1)], 2]]],
  [
    'wrapped',
    [
      [Buffer.from(encode([1, 2, 4])), Buffer.of(1, 2)],
      [Buffer.from(encode([1, 2, 3])), Buffer.of(1)],
    ],
  ],
];

test('an item that is as its rule says passes', (t) => {
  for (const [rule, values] of RIGHT) for (const value of values) t.is(RULES.check(rule, item(value)), null, rule);
});

test('any other item does not, and it is said where', (t) => {
  for (const [rule, values] of WRONG) {
    for (const value of values) t.regex(RULES.check(rule, item(value)) ?? '', new RegExp(rule), JSON.stringify(value));
  }
  const bad = {
    colour: 'red',
    name: null,
    points: [
      [1, 0, 0],
      [1, 0, 9],
    ],
  };
  t.is(RULES.check('shape', item(bad)), 'shape.points[1][2] is not from -3 to 3');
});

test('what is no CDDL is refused', (t) => {
  for (const text of ['a = [1', 'a = b', 'a = 1 a = 2', 'a', 'a = %', 'a = "x".."y"']) {
    t.throws(() => new Cddl(text), undefined, text);
  }
});
