/** A divergence is narrowed to the very instruction, or to the very event of the relog, that is wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EXIT_STATUS } from '../../formats/errors.js';
import type { Explanation, RelogResult, VerifyResult } from '../../relog/api.js';
import { decouple } from '../support/cli.js';
import { temporaryFolder } from '../support/folder.js';
import { findInstruction, type RunInstruction } from '../support/instructions.js';
import { GUEST, run, sessionFile } from '../support/stages.js';
import { thorough } from '../support/thorough.js';
import { tamper, type Lie } from '../support/tamper.js';

type Explained = VerifyResult & { explanation?: Explanation };

/** Copies a file to memory, in blocks of an odd size, does other things, and looks at the copy. */
const SESSION = [
  String.raw`send: "dd if=/bin/busybox of=/tmp/copy bs=2052 count=40; i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; md5sum /tmp/copy; echo all''over\n"`,
  'expect: allover',
];
const BLOCK_WORDS = 513;

interface Made {
  recording: string;
  relog: string;
}

const TIMEOUT_MS = 600_000;
const folder = mkdtempSync(join(tmpdir(), 'decouple-explain-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
let made: Made;

test.before(async (t) => {
  const recording = join(folder, 'run.dcr');
  const relog = join(folder, 'run.relog');
  const session = sessionFile(folder, ...SESSION);
  await run(t as ExecutionContext, 'record', GUEST, '--session', session, '-o', recording);
  await run<RelogResult>(t, 'relog', recording, '-o', relog);
  made = { recording, relog };
});

const find = (matches: (each: RunInstruction) => boolean, from = 100_000): RunInstruction =>
  findInstruction(made.relog, from, matches);

async function explain(t: ExecutionContext, args: string[], fault?: string): Promise<Explanation> {
  const env: Record<string, string> = fault === undefined ? {} : { DECOUPLE_TEST_FAULT: fault };
  const { status, stdout, stderr } = await decouple(['verify', ...args, '--explain', '--json'], {
    timeout: TIMEOUT_MS,
    env,
  });
  t.is(status, EXIT_STATUS.diverged, `${stderr}\n${stdout}`);
  const result = JSON.parse(stdout) as Explained;
  t.log(`verify: ${result.first!.what} at ${result.first!.position}`);
  t.log(`${result.explanation!.summary} ${result.explanation!.seconds.toFixed(1)} s`);
  return { ...result.explanation!, ...{ noticed: Number(result.first!.position) } };
}

const isRep = ({ code: [prefix, opcode], gpr }: RunInstruction, opcodes: number[], ecx: number): boolean =>
  prefix === 0xf3 && opcodes.includes(opcode!) && gpr[1]! >= ecx;
const [MOVSD, STOSD] = [0xa5, 0xab];

/**
 * The first instruction that matches and after which a wrong ESP is noticed: a function that takes ESP from EBP when it
 * returns may never notice.
 */
async function firstThatIsNoticed(matches: (each: RunInstruction) => boolean): Promise<RunInstruction> {
  for (let last = 0; ;) {
    const found = find((each) => each.position > last && matches(each));
    const env = { DECOUPLE_TEST_FAULT: `${found.position}:esp` };
    const { status } = await decouple(['verify', made.relog], { timeout: TIMEOUT_MS, env });
    if (status === EXIT_STATUS.diverged) return found;
    last = found.position;
  }
}

const isPush = ({ code, position }: RunInstruction): boolean => (code[0]! & 0xf8) === 0x50 && position % 10 === 0;

test.serial('a fault in a register', async (t) => {
  const { position, linear } = await firstThatIsNoticed(isPush);
  const fault = `${position}:esp`;
  const found = await explain(t, [made.relog, '--recording', made.recording], fault);
  t.like(found, { verdict: 'simulator', event: null });
  t.like(found.instruction, { position: String(position), count: 1 });
  t.is(Number(found.instruction!.address), linear);
  t.regex(found.instruction!.text!, /push e..$/);
  const [esp, ...others] = found.registers.filter(({ differs }) => differs);
  t.deepEqual(others, []);
  t.is(esp!.name, 'esp');
  t.is((Number(esp!.machine) ^ Number(esp!.simulator)) >>> 0, 8);
  t.is(Number(esp!.before) - 4, Number(esp!.machine));
  t.true(found.executed.at(-1)!.startsWith(`${position}  `));
  t.true(found.executed.length > 1 && found.following.length > 0 && found.events.length > 0);
  t.true(Number(found.between!.from) <= position && position < Number(found.between!.to));
});

thorough('a fault in memory that is noticed much later, inside a string instruction', async (t) => {
  // The kernel copies a block of the file.
  const copy = find((each) => isRep(each, [MOVSD], BLOCK_WORDS) && each.gpr[1] === BLOCK_WORDS, 0);
  const found = await explain(t, [made.relog, '--recording', made.recording], `${copy.position}:memory`);
  t.true((found as Explanation & { noticed: number }).noticed > copy.position + 1_000_000);
  t.like(found, { verdict: 'simulator', event: null });
  t.like(found.instruction, { position: String(copy.position), count: 1 });
  t.is(Number(found.instruction!.address), copy.linear);
  t.deepEqual(
    found.registers.filter(({ differs }) => differs),
    [],
  );
  t.is(found.memory.length, 1);
  const [{ machine, simulator }] = found.memory as [Explanation['memory'][number]];
  const wrong = (Number(machine) ^ Number(simulator)) >>> 0;
  t.true([0x8, 0x800, 0x80000, 0x8000000].includes(wrong), wrong.toString(16));
});

thorough('a fault in a register, with a string instruction', async (t) => {
  const { position } = await firstThatIsNoticed((each) => isRep(each, [MOVSD, STOSD], 9));
  const found = await explain(t, [made.relog, '--recording', made.recording], `${position}:esp`);
  t.is(found.verdict, 'simulator');
  t.like(found.instruction, { position: String(position), count: 1 });
  t.regex(found.instruction!.text!, /rep/);
});

const LIES: Record<string, { lie: Lie; text: RegExp; event: RegExp }> = {
  'a time-stamp counter value': {
    lie: { kind: 'tsc', from: 500_000, change: (event) => void (event[1] = BigInt(event[1] as number) + 1000n) },
    text: /rdtsc/,
    event: /^tsc value=/,
  },
  'a flag': {
    lie: { kind: 'flagsImage', from: 500_000, change: (event) => void (event[1] = Number(event[1]) ^ 0x200) },
    text: /pushf/,
    event: /^flags-image eflags=/,
  },
};

for (const [what, { lie, text, event }] of Object.entries(LIES)) {
  test.serial(`${what} that the relog has wrong`, async (t) => {
    const liar = join(temporaryFolder(t), 'liar.relog');
    const changed = tamper(made.relog, liar, lie);
    const found = await explain(t, [liar, '--recording', made.recording]);
    t.is(found.verdict, 'relog');
    t.regex(found.event!.relog!, event);
    t.regex(found.event!.machine!, event);
    t.not(found.event!.relog, found.event!.machine);
    t.regex(found.instruction!.text!, text);
    // `changed` is the position of the event before it that has one.
    t.true(Number(found.instruction!.position) >= changed);
  });
}

test.serial('without the recording, and a fault that does not come again', async (t) => {
  const { position } = await firstThatIsNoticed(isPush);
  const alone = await explain(t, [made.relog], `${position}:esp`);
  t.is(alone.verdict, 'interval');
  t.regex(alone.summary, /repeats.*recording is needed/);
  t.true(Number(alone.between!.from) <= position && position <= Number(alone.between!.to));
  t.true(alone.executed.some((line) => line.startsWith(`${position}  `)) || alone.executed.length >= 20);
  const once = await explain(t, [made.relog], `${position}:esp:once`);
  t.is(once.verdict, 'not-repeated');
  t.is(once.instruction, null);
});

test.serial('an exact relog has nothing to explain', async (t) => {
  const result = await run<Explained>(t, 'verify', made.relog, '--explain', '--recording', made.recording);
  t.true(result.exact);
  t.is(result.explanation, undefined);
});

test.serial('the recording of another run', async (t) => {
  const other = join(folder, 'other.dcr');
  const session = sessionFile(folder, String.raw`send: "echo an''other\n"`, 'expect: another');
  await run(t, 'record', GUEST, '--session', session, '-o', other);
  const { position } = await firstThatIsNoticed(isPush);
  const found = await explain(t, [made.relog, '--recording', other], `${position}:esp`);
  t.is(found.verdict, 'relog');
  t.regex(found.summary, /the recording is of another run/);
});
