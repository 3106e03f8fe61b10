/**
 * Every difference between the relog's machine and the simulator that is no divergence, bit by bit, with the reason.
 * The native side counts the first ones by the same ids; the others are counted where CPU states are compared.
 */
export interface ForgivenRow {
  id: string;
  /** What may differ. */
  bits: string;
  reason: string;
  /** What `verify` sees of an instruction that uses such a bit. */
  use: string;
  /** Intel SDM, volume and section. */
  reference: string;
}

export const FORGIVEN: readonly ForgivenRow[] = [
  {
    id: 'flags-of-older-machine',
    bits: 'EFLAGS.CF, PF, AF, ZF, SF and OF where an event or keyframe tells them, in a relog without `flags`',
    reason: 'a machine without the repair leaves undefined flags to chance; its values are taken',
    use: 'a jump that went by another value before it was told goes another way: the next event, check or keyframe differs',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'float-of-older-machine',
    bits:
      'FSW.IE, DE, ZE, OE, UE, PE, SF, ES and C0 to C3 where FNSTSW, FNSTENV, FNSAVE or FXSAVE stores them; FOP, FIP, FCS, ' +
      'FDP and FDS in a keyframe; results of RCPPS, RCPSS, RSQRTPS and RSQRTSS; all in a relog without `float`',
    reason: 'a machine without the repairs does not keep them as a processor does; its values are taken',
    use: 'what is told is what the program then has, and is compared from there on',
    reference: 'vol. 1, 8.1.3, 8.1.8 and 10.4.6.1',
  },
  {
    id: 'x87-transcendental',
    bits: 'ST0, ST1 and FSW after a transcendental x87 instruction, or a partial remainder, as far as the manual leaves them open',
    reason: 'results are approximations; the machine’s are in the relog and are taken',
    use: 'the simulator has the machine’s result from that instruction on, and what is computed with it is compared in every bit',
    reference: 'vol. 1, 8.3.10',
  },
  {
    id: 'segment-unused',
    bits: 'base, limit and attributes of a segment register that holds a null selector',
    reason: 'any use of it faults, so the hidden part means nothing',
    use: 'it raises #GP or #SS, which is an event and is compared',
    reference: 'vol. 3A, 3.4.2',
  },
  {
    id: 'segment-accessed',
    bits: 'the accessed bit, AVL, and for data segments that are not SS the D/B bit, in a hidden part',
    reason: 'no instruction looks at them there',
    use: 'none can: LAR, LSL, VERR and VERW read the descriptor in memory, which is compared with all of RAM',
    reference: 'vol. 3A, 3.4.5',
  },
];
