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
    id: 'flags-after-logic',
    bits: 'EFLAGS.AF after AND, OR, XOR and TEST',
    reason: 'the instruction leaves them undefined; the simulator takes the values of the machine',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'flags-after-shift',
    bits: 'EFLAGS.AF and EFLAGS.OF after shifts and bit tests',
    reason: 'AF is undefined after a shift, OF after one by more than a bit; the machine’s values are taken',
    reference: 'vol. 2B, SAL/SAR/SHL/SHR',
  },
  {
    id: 'flags-after-multiply',
    bits: 'EFLAGS.SF, ZF, AF and PF after MUL and IMUL',
    reason: 'the instruction leaves them undefined; the machine’s values are taken',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'flags-after-bit-scan',
    bits: 'EFLAGS.CF, PF, AF, SF and OF after BSF and BSR',
    reason: 'the instruction leaves them undefined; the machine’s values are taken',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'flags-after-divide',
    bits: 'EFLAGS.CF, PF, AF, ZF, SF and OF after DIV and IDIV',
    reason: 'the instruction leaves them undefined; the machine’s values are taken',
    reference: 'vol. 1, appendix A',
  },
  {
    id: 'flags-after-rotate',
    bits: 'EFLAGS.OF after a rotation by an immediate or CL',
    reason: 'OF is undefined after one by more than a bit; the machine’s value is taken',
    reference: 'vol. 2B, RCL/RCR/ROL/ROR',
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
    id: 'flags-in-repeat',
    bits: 'EFLAGS.CF, PF, AF, ZF, SF and OF in the middle of a CMPS or SCAS with a REP prefix',
    reason: 'they are no input to it and its last iteration sets them; on a fault they are as before it: taken over',
    reference: 'vol. 2B, REP/REPE/REPZ/REPNE/REPNZ',
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
