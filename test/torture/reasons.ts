/** Why a form of an instruction does something else on the machine than on this computer's processor, as far as it is known. */
import type { Encoding } from './forms.js';

interface Reason {
  name: string;
  /** What the machine does, and what the processor. */
  what: string;
  of: (form: Form) => boolean;
}

interface Form {
  /** Its name in iced's tables. */
  code: string;
  prefixes: readonly number[];
  bits: 16 | 32;
}

const has = ({ prefixes }: Form, ...wanted: number[]): boolean => wanted.some((byte) => prefixes.includes(byte));

/** The first that holds is taken. */
const REASONS: readonly Reason[] = [
  {
    name: 'undefined',
    what: 'BSWAP of 16 bits: the manual leaves its result open',
    of: ({ code }) => code === 'Bswap_r16',
  },
  {
    name: 'remainder',
    what: 'a partial remainder of FPREM and FPREM1 (C2 is set): the manual leaves open how far it goes',
    of: ({ code }) => /^Fprem1?$/.test(code),
  },
  {
    name: 'no store',
    what: 'an x87 store with an exception that is not masked stores nothing: the machine has looked at the page, the processor not',
    of: ({ code }) => /^F(i?st|bstp)/.test(code),
  },
  {
    name: 'transition',
    what: 'an instruction of MMX that faults: the processor has emptied the x87’s tags by then, the machine not',
    of: ({ code }) => /_mm(_|$)|_mmm/.test(code),
  },
  {
    name: 'order of accesses',
    what: 'which of several accesses faults first, with which address and as a read or a write, and what was written by then',
    of: ({ code }) => /^(Bound|Enter|Pusha|Popa|Bt[rsc]?_|Cmps[bwd]_m|Arpl|Frstor|Fxrstor|Maskmov)/.test(code),
  },
  {
    name: 'type of segment',
    what: 'a store by way of CS: the machine does not look, a processor raises #GP',
    of: (form) => has(form, 0x2e),
  },
  {
    name: 'null segment',
    what: 'a hint whose segment is null: the machine raises #GP, a processor does not look',
    of: (form) => has(form, 0x64, 0x65),
  },
  {
    name: 'limits',
    what: 'an access beyond the end of a segment: the machine does not look, a processor raises #GP or #SS',
    of: ({ bits }) => bits === 16,
  },
];

const PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** @returns null where none is known */
export function reasonOf({ form, bytes, bits }: Encoding): Reason | null {
  const first = bytes.findIndex((byte) => !PREFIXES.includes(byte));
  const parts: Form = {
    code: form.split(' ')[0]!,
    prefixes: [...bytes.subarray(0, first)],
    bits,
  };
  return REASONS.find((reason) => reason.of(parts)) ?? null;
}
