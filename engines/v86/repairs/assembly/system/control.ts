/**
 * Control registers: of CR3, what stands below the address of a page is kept. It means something once CR4.PAE is set, and
 * programs that read the register find it.
 */
import { generalProtection } from './engine';
import { cpl, cr, CR0_PE, CR0_PG, CR4_PAE, reg, setCr, setReg } from './registers';

@external('v86', 'instr_0F20$original') declare function readOriginal(register: i32, control: i32): void;
@external('v86', 'instr_0F22$original') declare function writeOriginal(register: i32, control: i32): void;

/** v86 has room for eight of them, and uses five: here is CR3 as it was written. */
const WRITTEN: i32 = 5;
const PAGE: i32 = ~0xfff;
/** Of a table of four entries. */
const TABLE: i32 = ~0x1f;
/**
 * Bits of CR4 for what this processor has not, by its CPUID, and v86 takes: VME, PVI, VMXE, SMXE, PCIDE, OSXSAVE, SMEP,
 * SMAP.
 */
const CR4_ABSENT: i32 = 0x366003;
const CR0_NW: i32 = 1 << 29;
const CR0_CD: i32 = 1 << 30;

function pagesMask(control4: i32): i32 {
  return (control4 & CR4_PAE) != 0 ? TABLE : PAGE;
}

/** Whether CR3 still is what was written last: a snapshot of another engine, or a reset, says nothing of that. */
function isAsWritten(): bool {
  return (cr(WRITTEN) & pagesMask(cr(4))) == cr(3);
}

export function readControl(register: i32, control: i32): void {
  // A user's is refused, and then the system runs.
  const allowed = cpl() == 0;
  readOriginal(register, control);
  if (control == 3 && allowed && isAsWritten()) setReg(register, cr(WRITTEN));
}

export function writeControl(register: i32, control: i32): void {
  const value = reg(register);
  if (cpl() != 0) writeOriginal(register, control);
  else if (control == 0) writeMode(register, value);
  else if (control == 3) writeTables(register, value);
  else if (control == 4) writeFeatures(register, value);
  else writeOriginal(register, control);
}

function writeMode(register: i32, value: i32): void {
  const refused = (value & CR0_PG) != 0 && (value & CR0_PE) == 0;
  if (refused || ((value & CR0_NW) != 0 && (value & CR0_CD) == 0)) generalProtection(0);
  else writeOriginal(register, 0);
}

function writeTables(register: i32, value: i32): void {
  setCr(WRITTEN, value);
  setReg(register, value & pagesMask(cr(4)));
  writeOriginal(register, 3);
  setReg(register, value);
}

function writeFeatures(register: i32, value: i32): void {
  if ((value & CR4_ABSENT) != 0) {
    generalProtection(0);
    return;
  }
  const before = cr(3);
  if (isAsWritten()) setCr(3, cr(WRITTEN) & pagesMask(value));
  writeOriginal(register, 4);
  // It was refused.
  if (cr(4) != value) setCr(3, before);
}
