import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { listWorkloads, loadWorkload } from '../../corpus/index.js';
import { DecoupleError } from '../../formats/errors.js';
import { Pattern } from '../../formats/pattern.js';
import { describeGuest } from '../../guests/index.js';
import { parseSession } from '../../relog/session.js';

function refusal(t: ExecutionContext, text: string): string {
  const error = t.throws(() => parseSession(text, 'x.yaml'), { instanceOf: DecoupleError });
  t.is(error?.code, 'session-invalid');
  t.false(error?.message.includes('\n'));
  return error?.message ?? '';
}

test('all kinds of steps', (t) => {
  const text = '- expect: "# "\n- send: "ls\\n"\n- wait: 250ms\n- expect: "a.c"\n  timeout: 2m\n';
  const steps = parseSession(text);
  t.deepEqual(steps, [
    { kind: 'expect', channel: 'serial0', pattern: '# ', timeoutSeconds: 60 },
    { kind: 'send', channel: 'serial0', bytes: new TextEncoder().encode('ls\n') },
    { kind: 'wait', seconds: 0.25 },
    { kind: 'expect', channel: 'serial0', pattern: 'a.c', timeoutSeconds: 120 },
  ]);
  t.deepEqual(parseSession(`session:\n${text.replace(/^/gm, '  ')}`), steps);
  t.deepEqual(parseSession('[]'), []);
});

const WRONG: [string, RegExp][] = [
  ['', /not a list/],
  ['a: [', /not YAML/],
  ['send: x', /not a list/],
  ['- hello', /step 1, must be a mapping/],
  ['- {}', /exactly one/],
  ['- { send: a, wait: 1s }', /exactly one/],
  ['- { send: a }\n- { send: 5 }', /step 2, send must be a text, not 5/],
  ['- { send: a, timeout: 5s }', /"timeout", which send does not take/],
  ['- { wait: 5 }', /a time such as 500ms/],
  ['- { wait: 5h }', /a time such as 500ms/],
  ['- { expect: "(" }', /no regular expression/],
  ['- { screen: "(" }', /no regular expression/],
  ['- { screen: a, on: serial1 }', /"on", which screen does not take/],
  ['- { send: a, on: serial4 }', /on one of serial0, .*virtio-console, not "serial4"/],
  ['- { keys: "Grüße" }', /holds "ü", which a US keyboard/],
  ['- { keys: [enter, ctrl-alt-f99] }', /names "ctrl-alt-f99", which is no key/],
  ['- { keys: [] }', /a text or a list of keys/],
  ['- { keys: [constructor] }', /is no key/],
  ['- { mouse: { move: [1] } }', /\[right, down\]/],
  ['- { mouse: { move: [1, 1.5] } }', /whole numbers/],
  ['- { mouse: { click: any } }', /one of left, middle, right/],
  ['- { mouse: { jump: 1 } }', /cannot "jump"/],
  ['- { mouse: { click: left, wheel: 1 } }', /one of move, click/],
];

for (const [text, message] of WRONG) {
  test(`refused: ${JSON.stringify(text)}`, (t) => {
    t.regex(refusal(t, text), message);
  });
}

const FIELDS = ['send', 'expect', 'wait', 'keys', 'mouse', 'screen', 'on', 'timeout', 'x'];

test('whatever is given, it is accepted or refused in one sentence', (t) => {
  const step = fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.array(step)), (value) => {
      try {
        parseSession(JSON.stringify(value));
      } catch (error) {
        t.true(error instanceof DecoupleError && error.code === 'session-invalid', String(error));
      }
    }),
  );
});

test('the workloads: seven of them, for guests that exist, each waiting for its own end', async (t) => {
  const names = listWorkloads();
  t.deepEqual(names, ['awk', 'disk', 'fork-storm', 'md5sum', 'numbers', 'selftest', 'sort-gzip']);
  for (const name of names) {
    const workload = await loadWorkload(name);
    t.is(workload.name, name);
    t.is(describeGuest(workload.guest).name, workload.guest);
    t.true(workload.description.length > 10);
    const last = workload.session.at(-1);
    t.is(last?.kind, 'expect');
    // The terminal's echo of what was typed must not look like the end of the work.
    const typed = workload.session
      .map((step) => (step.kind === 'send' ? Buffer.from(step.bytes).toString() : ''))
      .join('');
    if (last?.kind === 'expect') t.false(new Pattern(last.pattern).test(typed), name);
  }
  await t.throwsAsync(loadWorkload('no-such'), { code: 'session-invalid' });
});
