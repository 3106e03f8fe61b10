/** What the CPU is at reset. */
@external('v86', 'reset_cpu$original') declare function resetOriginal(): void;

/** Limits of the tables of descriptors: 64 KiB each, until something loads others. */
const IDTR_LIMIT: usize = 564;
const GDTR_LIMIT: usize = 572;

export function resetCpu(): void {
  resetOriginal();
  store<u32>(IDTR_LIMIT, 0xffff);
  store<u32>(GDTR_LIMIT, 0xffff);
}
