/** What the CPU is at reset. */
@external('v86', 'reset_cpu$original') declare function resetOriginal(): void;

/** Limits of the tables of descriptors: 64 KiB each, until something loads others. */
const IDTR_LIMIT: usize = 564;
const GDTR_LIMIT: usize = 572;

/** Of instructions, from which the end of a slice is told. */
const COUNTER: usize = 664;

/** Ends the slice, too: the counter goes far from where it began, one way or the other. */
export function resetCpuAndSlice(): void {
  const far = ~load<u32>(COUNTER) & 0x80000000;
  resetCpu();
  store<u32>(COUNTER, far);
}

export function resetCpu(): void {
  resetOriginal();
  store<u32>(IDTR_LIMIT, 0xffff);
  store<u32>(GDTR_LIMIT, 0xffff);
}
