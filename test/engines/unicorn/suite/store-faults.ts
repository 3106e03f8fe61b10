/** Flags at a fault in the middle of an instruction: those before it. */
import type { TestFn } from 'ava';
import iced from 'iced-x86';
import { PAGE, mapPage } from '../support/guest.js';
import { Scenario, type MakeSimulator } from '../support/scenario.js';

const PAGE_FAULT = 14;
/** Error code: a write to a page that is there. */
const STORE = 3;
const STATUS_FLAGS = 0x3f;
const ESI = Number(iced.Register.ESI);
const WRITES = new Set<number>([
  iced.OpAccess.Write,
  iced.OpAccess.ReadWrite,
  iced.OpAccess.CondWrite,
  iced.OpAccess.ReadCondWrite,
]);
const SLOT = 64;
const OPERAND = 0x300000;
const WRITE_PROTECT = 0x10000;

/** What sets the flags before, of every way the engine has to keep them. */
const BEFORE = {
  logic: 'test edi, edi',
  subtraction: 'cmp eax, edi',
  addition: 'add ebx, edi',
  increment: 'inc edi',
  clearing: 'xor ebx, ebx',
  shift: 'shl ebx, 3',
  'shift to the right': 'sar ebx, 1',
  multiplication: 'imul ebx, edi',
  'subtraction with borrow': 'sbb ebx, edi',
  'an image of flags': 'mov ah, 0xd5\n sahf\n mov ah, 0',
  'a bit scan': 'bsf ebx, edi',
};

/** Whether the instruction is in the block of what sets the flags; and whether the page was read before. */
const BETWEEN = { together: '', apart: 'jmp 1f\n 1:', 'read before': 'mov edx, [esi]' };

/** Every form that stores to [ESI] and reads or changes status flags, as code. */
function forms(): Uint8Array[] {
  const found = new Map<number | string, Uint8Array>();
  const factory = new iced.InstructionInfoFactory();
  for (const prefix of [[], [0x66], [0xf0]])
    for (const escape of [[], [0x0f]])
      for (let opcode = 0; opcode < 256; opcode++)
        for (let extension = 0; extension < 8; extension++) {
          const code = new Uint8Array([...prefix, ...escape, opcode, (extension << 3) | 6, 1, 0, 0, 0, 0, 0]);
          const decoder = new iced.Decoder(32, code, iced.DecoderOptions.None);
          const instruction = decoder.decode();
          const stores = factory
            .info(instruction)
            .usedMemory()
            .some(({ base, access }) => Number(base) === ESI && WRITES.has(Number(access)));
          const flags = instruction.rflagsRead | instruction.rflagsModified;
          const isString = !instruction.hasOpMask && instruction.isStringInstruction;
          if (stores && !isString && (flags & STATUS_FLAGS) !== 0) {
            const key = `${instruction.code} ${prefix.join()}`;
            if (!found.has(key)) found.set(key, code.slice(0, instruction.length));
          }
          instruction.free();
          decoder.free();
        }
  return [...found.values()];
}

const text = (code: Uint8Array): string => Buffer.from(code).toString('hex');

export function storeFaultsSuite(test: TestFn, make: MakeSimulator): void {
  const all = forms();
  for (const [kind, first] of Object.entries(BEFORE)) {
    test(`store faults: flags of ${kind}, before every form that stores and has to do with flags`, (t) => {
      t.true(all.length > 150, `${all.length} forms`);
      for (const [, between] of Object.entries(BETWEEN)) {
        const slots = all.map(
          (code, i) =>
            `.balign ${SLOT}\n slot${i}: mov edi, -2\n mov eax, 5\n mov ebx, 0x80000001\n mov cl, 2\n ${first}\n ${between}\n` +
            `form${i}: .byte ${[...code].join()}\n hlt`,
        );
        const s = new Scenario(make, `start: nop\n ${slots.join('\n')}\n handler: nop`, {
          paging: true,
          handlers: { [PAGE_FAULT]: 'handler' },
          state: (state) => (state.cr0 |= WRITE_PROTECT),
          memory: (memory) => mapPage(memory, OPERAND, 0x20000, PAGE.present),
        });
        const steps = 4 + first.split('\n').length + (between === '' ? 0 : 1);
        for (const [i, code] of all.entries()) {
          const state = { ...s.guest.state, eip: s.at(`slot${i}`), gpr: s.guest.state.gpr.with(6, OPERAND) };
          s.restart();
          s.simulator.loadState(state, 0n);
          s.events.end(100, null);
          t.is(s.run(steps).reason, 'limit');
          t.is(s.simulator.readState().eip, s.at(`form${i}`));
          const { eflags } = s.simulator.readState();
          s.restart();
          s.simulator.loadState(state, 0n);
          s.events.exception(steps, PAGE_FAULT, s.at(`form${i}`), eflags, STORE, OPERAND);
          s.events.end(steps, null);
          const stop = s.run();
          const why = stop.reason === 'diverged' ? JSON.stringify({ ...stop.divergence, position: 0, code: 0 }) : '';
          t.is(stop.reason, 'end', `${text(code)} ${between}: ${why}`);
        }
        t.deepEqual(s.simulator.forgiven, {});
        s.simulator.close();
      }
    });
  }
}
