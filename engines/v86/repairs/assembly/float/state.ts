/** Where the engine keeps what floating point uses, and memory that it does not use itself. */
export const MXCSR: usize = 824;
export const XMM: usize = 832;
export const CR0: usize = 580;
export const CR4: usize = 596;
export const EIP: usize = 556;
export const PREVIOUS_EIP: usize = 560;
export const FLAGS: usize = 120;
/** What flags are worked out from: the operands' width less one, the first operand, the result. */
export const LAST_WIDTH: usize = 96;
export const LAST_OPERAND: usize = 104;
export const LAST_RESULT: usize = 112;
export const FLAGS_CHANGED: usize = 100;
export const PREFIXES: usize = 648;
export const GPR: usize = 64;
export const TOP: usize = 1032;
export const CONTROL: usize = 1036;
export const STATUS: usize = 1040;
export const EMPTY: usize = 816;
export const ST: usize = 1152;

/** 64 bytes for results of the engine's functions, and for results before they are written. */
export const SCRATCH: usize = 2048;
/** Lanes of a result that is not to be written yet: 16 bytes. */
export const LANES: usize = 2112;
/** Lanes of a source in a register: 16 bytes. */
export const SOURCE: usize = 2128;
/** Whether the SSE instruction that is under way raised an exception that is not masked: one byte, read by JIT code. */
export const TRAP: usize = 2144;

export const PREFIX_66: i32 = 0x20;
export const PREFIX_F2: i32 = 0x10;
export const PREFIX_F3: i32 = 8;

export const IS_32: usize = 804;
export const SELECTORS: usize = 668;
export const SEGMENT_NULL: usize = 724;
export const SEGMENT_BASE: usize = 736;
export const LAST_OPCODE: usize = 1044;
export const CODE_OFFSET: usize = 1048;
export const CODE_SELECTOR: usize = 1052;
export const DATA_OFFSET: usize = 1056;
export const DATA_SELECTOR: usize = 1060;
/** Whether the x87 instruction that JIT code called noted a fault: one byte. */
export const FAULTED: usize = 2152;
/** Whether the operand of the CVTPI2PS under way is in memory: one word, written before. */
export const FROM_MEMORY: usize = 2156;
/** What x87 instructions load or store, before all of it is known: 112 bytes. */
export const IMAGE: usize = 2304;
export const CPL: usize = 612;
/** What the engine knows of each page of linear addresses: one word, an address in its memory and the bits below. */
export const PAGES: usize = 4283748;
/** The page that the engine last fetched an instruction's bytes from: its linear address. */
export const FETCHED: usize = 620;
