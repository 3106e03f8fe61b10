/**
 * Every difference between the relog's machine and the simulator that is no divergence, bit by bit, with the reason.
 * The native side counts the first ones by the same ids; the others are counted where CPU states are compared.
 */
export interface ForgivenRow {
  id: string;
  /** What may differ. */
  bits: string;
  reason: string;
  /** Intel SDM, volume and section. */
  reference: string;
}

export const FORGIVEN: readonly ForgivenRow[] = [
  {
    id: 'flags-of-older-machine',
    bits: 'EFLAGS.CF, PF, AF, ZF, SF and OF where an event or keyframe tells them, in a relog without `flags`',
    reason: 'a machine without the repair leaves undefined flags to chance; its values are taken',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'x87-transcendental',
    bits: 'the last 24 bits of ST0 and ST1, and FSW, after a transcendental x87 instruction',
    reason: 'results are approximations; the machine’s are in the relog and are taken',
    reference: 'vol. 1, 8.3.10',
  },
  {
    id: 'x87-exceptions',
    bits: 'FSW.IE, DE, ZE, OE, UE, PE, SF and ES where FNSTSW, FNSTENV, FNSAVE or FXSAVE stores them',
    reason: 'neither engine keeps all of them as a processor does; the machine’s are in the relog and are taken',
    reference: 'vol. 1, 8.1.3.3',
  },
  {
    id: 'x87-condition-codes',
    bits: 'FSW.C0 to C3 where FNSTENV, FNSAVE or FXSAVE stores them',
    reason: 'many instructions leave some of them undefined; the machine’s are taken',
    reference: 'vol. 1, 8.1.3',
  },
  {
    id: 'sse-approximation',
    bits: 'bits of the results of RCPPS, RCPSS, RSQRTPS and RSQRTSS below a relative error of 2^-10',
    reason: 'results are approximations; the machine’s are in the relog and are taken',
    reference: 'vol. 1, 10.4.6.1 and vol. 2B, RCPPS',
  },
  {
    id: 'x87-pointers',
    bits: 'the last x87 instruction’s opcode, address and operand (FOP, FIP, FCS, FDP, FDS) in a keyframe',
    reason: 'the simulator does not keep them; where an instruction stores them, the relog has what it stored',
    reference: 'vol. 1, 8.1.8',
  },
  {
    id: 'segment-unused',
    bits: 'base, limit and attributes of a segment register that holds a null selector',
    reason: 'any use of it faults, so the hidden part means nothing',
    reference: 'vol. 3A, 3.4.2',
  },
  {
    id: 'segment-accessed',
    bits: 'the accessed bit, AVL, and for data segments that are not SS the D/B bit, in a hidden part',
    reason: 'no instruction looks at them there',
    reference: 'vol. 3A, 3.4.5',
  },
];
