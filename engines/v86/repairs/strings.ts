/** Repairs of string instructions. */
import type { Repair } from './table.js';

export const STRING_ORDER: Repair = {
  id: 'movs-order',
  why: 'REP MOVS in v86 asks whether it may write before it asks whether it may read. A processor reads first.',
  upstream: null,
  test: 'test/engines/v86/system-repairs.test.ts',
  replaced: [
    { function: 'movsb_rep', by: 'repeatMoveBytes' },
    { function: 'movsw_rep', by: 'repeatMoveWords' },
    { function: 'movsd_rep', by: 'repeatMoveDoubles' },
  ],
};

export const OWN_BYTES: Repair = {
  id: 'string-own-bytes',
  why:
    'A string instruction with REP that stores over its own bytes goes on in v86 as it was until its page ends. A processor ' +
    'runs what is there then.',
  upstream: null,
  test: 'test/engines/v86/own-bytes.test.ts',
  replaced: [
    { function: 'movsb_rep', by: 'rereadMoveBytes' },
    { function: 'movsw_rep', by: 'rereadMoveWords' },
    { function: 'movsd_rep', by: 'rereadMoveDoubles' },
    { function: 'stosb_rep', by: 'rereadStoreBytes' },
    { function: 'stosw_rep', by: 'rereadStoreWords' },
    { function: 'stosd_rep', by: 'rereadStoreDoubles' },
    { function: 'insb_rep', by: 'rereadInBytes' },
    { function: 'insw_rep', by: 'rereadInWords' },
    { function: 'insd_rep', by: 'rereadInDoubles' },
  ],
};

/** v86's functions of some string instructions, of all sizes, with each ending. */
const ofSizes = (names: readonly string[], ...endings: readonly string[]): string[] =>
  names.flatMap((name) => ['b', 'w', 'd'].flatMap((size) => endings.map((ending) => `${name}${size}${ending}`)));

/** Which store to memory: these run over their own bytes. */
const STORING = ofSizes(['movs', 'stos', 'ins'], '_rep');

const OWN_PAGES: Repair = {
  id: 'string-own-pages',
  why:
    'A string instruction with REP that stores over its own bytes by way of another page, which is the same memory, goes on in ' +
    'v86 as it was until a page ends. A processor runs what is there then.',
  upstream: null,
  test: 'test/engines/v86/own-bytes.test.ts',
  enclosed: [{ functions: STORING, before: 'lookAtPages' }],
};

/** v86's functions for string instructions; in compiled code those without REP are generated. */
const STRING_FUNCTIONS = [
  ...STORING,
  ...ofSizes(['outs', 'lods'], '_rep'),
  ...ofSizes(['cmps', 'scas'], '_repz', '_repnz'),
  ...ofSizes(['ins', 'outs', 'cmps'], '_no_rep'),
  ...['6E', 'A4', 'A6', 'AA', 'AC', 'AE'].map((opcode) => `instructions::instr_${opcode}`),
  ...['6F', 'A5', 'A7', 'AB', 'AD', 'AF'].flatMap((opcode) => [
    `instructions::instr16_${opcode}`,
    `instructions::instr32_${opcode}`,
  ]),
];

const STRING_FAULTS: Repair = {
  id: 'string-faults',
  why:
    'v86 delivers a page fault within a string instruction before it writes ECX, ESI and EDI: where a task handles the fault, ' +
    'they are not in the state of the task that is left, and are put into the registers of the other.',
  upstream: null,
  test: 'test/engines/v86/tasks.test.ts',
  replaced: [{ function: 'cpu::do_page_walk', by: 'walkKeeping' }],
  enclosed: [{ functions: STRING_FUNCTIONS, before: 'keepFault', after: 'deliverKept' }],
};

const WHOLE_ELEMENTS: Repair = {
  id: 'movs-split',
  why:
    'Where the first element that REP MOVS reads lies in two pages and the second is not there, v86 has asked before whether it ' +
    'may write: the page that it would write to gets its marks. A processor reads first.',
  upstream: null,
  test: 'test/e2e/torture.test.ts',
  enclosed: [{ functions: ofSizes(['movs'], '_rep'), before: 'lookAtWholeElements' }],
};

/** Those that are younger than the repairs of floating point. */
export const STRINGS: readonly Repair[] = [OWN_PAGES, STRING_FAULTS, WHOLE_ELEMENTS];
