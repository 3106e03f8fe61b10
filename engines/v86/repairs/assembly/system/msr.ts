/** Model-specific registers: which there are. */
import { generalProtection } from './engine';
import { reg, ECX } from './registers';

@external('v86', 'instr_0F30$original') declare function writeOriginal(): void;
@external('v86', 'instr_0F32$original') declare function readOriginal(): void;

/** Those that can be read and written. */
function both(index: u32): bool {
  switch (index) {
    case 0x10: // time stamp counter
    case 0x1b: // local APIC
    case 0x33: // test control
    case 0x3a: // features
    case 0x48: // speculation
    case 0x8b: // signature of the microcode
    case 0xc1: // performance counters, and what they count
    case 0xc2:
    case 0x10f:
    case 0x122:
    case 0x123:
    case 0x140:
    case 0x174: // SYSENTER
    case 0x175:
    case 0x176:
    case 0x179: // machine check
    case 0x186:
    case 0x187:
    case 0x1a0: // miscellaneous
    case 0x277: // PAT
    case 0xc0011020:
    case 0xc0011029:
      return true;
  }
  return false;
}

export function writeMsr(): void {
  const index = <u32>reg(ECX);
  // 79h: update of the microcode
  if (both(index) || index == 0x79) writeOriginal();
  else generalProtection(0);
}

export function readMsr(): void {
  const index = <u32>reg(ECX);
  switch (index) {
    case 0x17: // platform
    case 0x34: // count of SMIs
    case 0xce:
    case 0x570:
    case 0x60d:
      readOriginal();
      return;
  }
  if (both(index)) readOriginal();
  else generalProtection(0);
}
