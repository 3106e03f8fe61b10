/** Debug registers: some bits of DR6 and DR7 are ones or zeros whatever is written. */
@external('v86', 'instr_0F23$original') declare function writeOriginal(register: i32, debug: i32): void;

export const DR6: usize = 708;
const DR7: usize = 712;

export function writeDebugRegister(register: i32, debug: i32): void {
  writeOriginal(register, debug);
  store<u32>(DR6, (load<u32>(DR6) & 0xe00f) | 0xffff0ff0);
  store<u32>(DR7, (load<u32>(DR7) & ~0xd800) | 0x400);
}
