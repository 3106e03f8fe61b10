/**
 * A filter of system calls (seccomp(2)) for processes that compute, read and write files, and do nothing else: one that tries to open a
 * socket, start another process or look into one ends at once, with SIGSYS.
 *
 * Calls are numbered as the kernel's headers do: asm/unistd_64.h of x86-64, asm-generic/unistd.h of arm64.
 */
export interface Calls {
  /** AUDIT_ARCH_… of linux/audit.h. */
  arch: number;
  /** These end the process. */
  deadly: Record<string, number>;
  sockets: Record<string, number>;
  /** These are answered as a kernel does that does not have them: whoever uses them has another way. */
  absent: Record<string, number>;
  clone: number;
}

export const CALLS: Record<string, Calls> = {
  x64: {
    arch: 0xc000003e,
    deadly: {
      ...{ fork: 57, vfork: 58, execveat: 322, ptrace: 101, process_vm_readv: 310, process_vm_writev: 311 },
      ...{ add_key: 248, request_key: 249, keyctl: 250, bpf: 321, perf_event_open: 298, userfaultfd: 323 },
      ...{ unshare: 272, setns: 308, mount: 165, umount2: 166, pivot_root: 155 },
    },
    sockets: { socket: 41 },
    absent: { io_uring_setup: 425, clone3: 435 },
    clone: 56,
  },
  arm64: {
    arch: 0xc00000b7,
    deadly: {
      ...{ execveat: 281, ptrace: 117, process_vm_readv: 270, process_vm_writev: 271 },
      ...{ add_key: 217, request_key: 218, keyctl: 219, bpf: 280, perf_event_open: 241, userfaultfd: 282 },
      ...{ unshare: 97, setns: 268, mount: 40, umount2: 39, pivot_root: 41 },
    },
    sockets: { socket: 198 },
    absent: { io_uring_setup: 425, clone3: 435 },
    clone: 220,
  },
};

/** Classic BPF (linux/filter.h), and what a filter answers (linux/seccomp.h). */
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_NOT_BELOW = 0x35;
const IF_ANY_BIT = 0x45;
const ANSWER = 0x06;
const ALLOW = 0x7fff0000;
const END_PROCESS = 0x80000000;
const NO_SUCH_CALL = 0x00050000 | 38;
/** Offsets in struct seccomp_data, little-endian. */
const NUMBER = 0;
const ARCH = 4;
const FIRST_ARGUMENT = 16;
/** Numbers from here on are those of x32, which has calls of its own (asm/unistd.h). */
const X32 = 0x40000000;
/** A thread of this process (linux/sched.h). */
const CLONE_THREAD = 0x10000;
const INSTRUCTION_BYTES = 8;

/** @returns the program as the kernel takes it; null on a computer whose calls are not known here */
export function callFilter({ sockets }: { sockets: boolean }, architecture: string = process.arch): Buffer | null {
  const calls = CALLS[architecture];
  if (calls === undefined) return null;
  const deadly = Object.values({ ...calls.deadly, ...(sockets ? {} : calls.sockets) });
  const program = [
    [LOAD, ARCH],
    ...unless(IF_EQUAL, calls.arch, END_PROCESS),
    [LOAD, NUMBER],
    ...when(IF_NOT_BELOW, X32, END_PROCESS),
    ...deadly.flatMap((number) => when(IF_EQUAL, number, END_PROCESS)),
    ...Object.values(calls.absent).flatMap((number) => when(IF_EQUAL, number, NO_SUCH_CALL)),
    ...unless(IF_EQUAL, calls.clone, ALLOW),
    [LOAD, FIRST_ARGUMENT],
    ...unless(IF_ANY_BIT, CLONE_THREAD, END_PROCESS),
    [ANSWER, ALLOW],
  ];
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(([code, operand, whenTrue = 0, otherwise = 0], i) => {
    const at = i * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(whenTrue, at + 2);
    bytes.writeUInt8(otherwise, at + 3);
    bytes.writeUInt32LE(operand, at + 4);
  });
  return bytes;
}

/** Instructions: code, operand, how many to leave out when it holds, and when not. */
type Instruction = [number, number, number?, number?];

function when(test: number, operand: number, answer: number): Instruction[] {
  return [
    [test, operand, 0, 1],
    [ANSWER, answer],
  ];
}

function unless(test: number, operand: number, answer: number): Instruction[] {
  return [
    [test, operand, 1, 0],
    [ANSWER, answer],
  ];
}
