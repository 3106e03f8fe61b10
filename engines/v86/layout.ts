/**
 * Where v86 keeps the CPU's registers in its WASM memory: byte offsets, from v86 0.5.462, src/rust/cpu/global_pointers.rs.
 * They are part of that build's interface to its own generated code; `enginePackage().hash` pins the build.
 */
export const LAYOUT = {
  gpr: 64,
  segmentAccess: 512,
  eip: 556,
  previousEip: 560,
  idtrLimit: 564,
  idtrBase: 568,
  gdtrLimit: 572,
  gdtrBase: 576,
  cr: 580,
  cpl: 612,
  halted: 616,
  sysenter: 636,
  instructionCounter: 664,
  selectors: 668,
  debug: 684,
  segmentIsNull: 724,
  segmentBase: 736,
  segmentLimit: 768,
  protectedMode: 800,
  is32: 804,
  stackSize32: 808,
  fpuEmpty: 816,
  mxcsr: 824,
  xmm: 832,
  fpuTop: 1032,
  fcw: 1036,
  fsw: 1040,
  fop: 1044,
  fip: 1048,
  fcs: 1052,
  fdp: 1056,
  fds: 1060,
  tss32: 1128,
  st: 1152,
  /** Registers and flags live below this offset; digests cover it. */
  end: 1280,
} as const;

/** v86 appends JIT modules to its function table from here (WASM_TABLE_OFFSET). */
export const JIT_TABLE_OFFSET = 1024;
/** Physical address of the linear frame buffer, which behaves as RAM, and its size as v86 sets it by default. */
export const FRAME_BUFFER_ADDRESS = 0xe0000000;
export const FRAME_BUFFER_BYTES = 8 << 20;
/** The legacy VGA window: the only hole below the top of RAM. */
export const VGA_HOLE = { start: 0xa0000, end: 0xc0000 } as const;

/** Physical addresses of registers (SDM vol. 3A, 11.4.1; 82093AA data sheet, 3.0); as numbers of 32 bits with a sign. */
export const LOCAL_APIC_ADDRESS = 0xfee00000 | 0;
export const IOAPIC_ADDRESS = 0xfec00000 | 0;
