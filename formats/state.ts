/**
 * Architectural state of an IA-32 CPU, as keyframes hold it. All numbers are unsigned; register meanings are those
 * of the Intel SDM, volume 3A, chapter 2 ("System Architecture Overview") and volume 1, chapters 3, 8 and 10.
 */

/** Names of the general registers and of the segment registers, in the order of their numbers. */
export const GPR_NAMES: readonly string[] = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
export const SEGMENT_NAMES: readonly string[] = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];

/** A segment register with its hidden part (SDM vol. 3A, 3.4.3). */
export interface Segment {
  selector: number;
  base: number;
  /** Effective limit in bytes, granularity applied. */
  limit: number;
  /** Descriptor bits 40 to 55: access byte in bits 0-7, AVL/L/DB/G in bits 12-15. 0 for a null selector. */
  attributes: number;
}

export interface TableRegister {
  base: number;
  limit: number;
}

export interface X87State {
  fcw: number;
  fsw: number;
  /** Full tag word, two bits a physical register (SDM vol. 1, 8.1.7). */
  ftw: number;
  fop: number;
  fip: number;
  fcs: number;
  fdp: number;
  fds: number;
  /** ST0 to ST7 in stack order, 10 bytes each. */
  st: Uint8Array;
}

export interface CpuState {
  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  gpr: number[];
  /** Offset in CS. */
  eip: number;
  eflags: number;
  /** ES, CS, SS, DS, FS, GS. */
  segments: Segment[];
  ldtr: Segment;
  tr: Segment;
  gdtr: TableRegister;
  idtr: TableRegister;
  cr0: number;
  cr2: number;
  cr3: number;
  cr4: number;
  /** DR0 to DR7. */
  dr: number[];
  /** IA32_SYSENTER_CS, _ESP, _EIP. */
  sysenter: number[];
  x87: X87State;
  mxcsr: number;
  /** XMM0 to XMM7, 16 bytes each. */
  xmm: Uint8Array;
  /** Stopped by HLT, waiting for an interrupt. */
  halted: boolean;
}

/** A range of physical memory that behaves as RAM. Everything else reads through `mmio-read` events. */
export interface RamRegion {
  start: number;
  /** Bytes, a multiple of 4096. */
  size: number;
}
