/*
 * Runs rows of instructions, each many times with other registers, flags, memory and FPU state, and prints a checksum of
 * what each row did. The rows come in a file (see rows.ts); the same program runs in a guest and on a computer that runs
 * 32-bit programs. It uses no library, so that it needs none and holds nobody's code.
 *
 *   harness FILE            a line "row sum" for each row
 *   harness FILE ROW        a line for each time that the row ran: what it began with, how it ended
 */
#define ARENA 0x20000000u
/* Where 16-bit code leaves its registers: it reaches the arena alone. */
#define SAVED16 0x4f00
#define CODE 0x30000000u
#include "rows.h"

enum { SIGTRAP = 5, SIGALRM = 14 };

/* Modes: runs as a user, with a timer that fires often; else, a timer that ends what does not end. */
enum { UNPRIVILEGED = 1 };
/* Of one row: far more than any takes that comes to an end. */
#define MOST_ALARMS 200

/* What assembly reads and writes. */
u32 own_esp, taken;
/* Offset and selector, in this order: a far jump reads both. */
u32 target[2];
u16 flat_ds, flat_cs, own_fs, own_gs;
u32 stack16[2], own_stack[2];

static volatile u32 signal_number, trap, trap_error, trap_address, trap_eip, in_row, in_random, alarms;

long call(long number, long a, long b, long c, long d, long e, long f);

enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5, SETRLIMIT = 75, SETITIMER = 104, MODIFY_LDT = 123, MPROTECT = 125, SIGACTION = 174, SIGALTSTACK = 186, MMAP = 192, SETUID = 213 };

static void leave(int status) {
  for (;;) call(EXIT, status, 0, 0, 0, 0, 0);
}

static char text[4096];
static u32 text_length;

static void flush(void) {
  for (u32 done = 0; done < text_length;) {
    long n = call(WRITE, 1, (long)(text + done), text_length - done, 0, 0, 0);
    if (n <= 0) leave(3);
    done += (u32)n;
  }
  text_length = 0;
}

static void put(char c) {
  text[text_length++] = c;
  if (text_length == sizeof text) flush();
}

struct context {
  u32 flags, link, stack[3];
  u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trap, error, eip, cs, eflags, esp_at_signal, ss, fpu, mask, cr2;
};

void run_row(void);
void run_row16(void);
void after_signal(void);
void exit_plain(void);
void exit_taken(void);
void exit16_plain(void);
void exit16_taken(void);
void restore(void);

__asm__(
    ".globl call\n"
    "call:\n"
    "  push %ebp\n  push %ebx\n  push %esi\n  push %edi\n"
    "  movl 20(%esp), %eax\n  movl 24(%esp), %ebx\n  movl 28(%esp), %ecx\n  movl 32(%esp), %edx\n"
    "  movl 36(%esp), %esi\n  movl 40(%esp), %edi\n  movl 44(%esp), %ebp\n"
    "  int $0x80\n"
    "  pop %edi\n  pop %esi\n  pop %ebx\n  pop %ebp\n"
    "  ret\n"
    ".globl run_row\n"
    "run_row:\n"
    "  push %ebp\n  push %ebx\n  push %esi\n  push %edi\n"
    "  movl %esp, own_esp\n"
    "  movl %esp, own_stack\n  movw %ss, own_stack+4\n"
    "  movl $0, taken\n"
    "  cmpl $0, uses_fpu\n  je 1f\n  fxrstor fpu_before\n1:"
    "  push in+32\n  popf\n"
    "  movl in, %edi\n  movl in+4, %esi\n  movl in+8, %ebp\n  movl in+16, %ebx\n"
    "  movl in+20, %edx\n  movl in+24, %ecx\n  movl in+28, %eax\n"
    "  movl in+12, %esp\n"
    "  jmp *target\n"
    ".globl exit_taken\n"
    "exit_taken: movl $1, taken\n"
    ".globl exit_plain\n"
    "exit_plain:\n"
    "  movl %esp, out+12\n  movl own_esp, %esp\n"
    "  pushf\n  pop out+32\n"
    "  movl %edi, out\n  movl %esi, out+4\n  movl %ebp, out+8\n  movl %ebx, out+16\n"
    "  movl %edx, out+20\n  movl %ecx, out+24\n  movl %eax, out+28\n"
    ".globl after_signal\n"
    "after_signal:\n"
    "  pushl $2\n  popf\n"
    "  cmpl $0, uses_fpu\n  je 1f\n  fxsave fpu_after\n1:"
    "  mov flat_ds, %ds\n  mov flat_ds, %es\n"
    "  mov own_fs, %fs\n  mov own_gs, %gs\n"
    "  pop %edi\n  pop %esi\n  pop %ebx\n  pop %ebp\n"
    "  ret\n"
    ".globl run_row16\n"
    "run_row16:\n"
    "  push %ebp\n  push %ebx\n  push %esi\n  push %edi\n"
    "  movl %esp, own_esp\n"
    "  movl %esp, own_stack\n  movw %ss, own_stack+4\n"
    "  movl $0, taken\n"
    "  cmpl $0, uses_fpu\n  je 1f\n  fxrstor fpu_before\n1:"
    "  push in+32\n  popf\n"
    "  movl in, %edi\n  movl in+4, %esi\n  movl in+8, %ebp\n  movl in+16, %ebx\n"
    "  movl in+20, %edx\n  movl in+24, %ecx\n  movl in+28, %eax\n"
    "  mov stack16+4, %es\n"
    "  lss stack16, %esp\n"
    "  mov stack16+4, %ds\n"
    "  ljmp *%cs:target\n"
    ".globl exit16_taken\n"
    "exit16_taken: movl $1, 0x4f24\n"
    ".globl exit16_plain\n"
    "exit16_plain:\n"
    "  movl %esp, 0x4f0c\n  movl %edi, 0x4f00\n  movl %esi, 0x4f04\n  movl %ebp, 0x4f08\n  movl %ebx, 0x4f10\n"
    "  movl %edx, 0x4f14\n  movl %ecx, 0x4f18\n  movl %eax, 0x4f1c\n"
    "  lss %cs:own_stack, %esp\n"
    "  mov %cs:flat_ds, %ds\n"
    "  pushf\n  pop out+32\n"
    "  jmp after_signal\n"
    ".globl restore\n"
    "restore: mov $173, %eax\n  int $0x80\n"
    ".globl _start\n"
    "_start: mov %esp, %eax\n  and $-16, %esp\n  push %eax\n  call start\n");

static int own_code(u32 eip) {
  return eip - (u32)run_row < (u32)exit_taken - (u32)run_row || eip - (u32)run_row16 < (u32)exit16_taken - (u32)run_row16;
}

static void handler(int number, void* info, struct context* context) {
  (void)info;
  /* It wrote over where it is to go back to, and comes out of itself again and again. */
  if (number == SIGALRM && in_row && ++alarms > MOST_ALARMS) {
    flush();
    leave(9);
  }
  /* The timer is for what does not end; it also comes while nothing of a row runs. */
  if (number == SIGALRM && (!in_row || (context->cs == flat_cs && context->eip - (u32)run_row < (u32)restore - (u32)run_row))) return;
  /* On the way into a row nothing faults: else no row of its kind would ever run. */
  if (number != SIGALRM && !in_random && context->cs == flat_cs && own_code(context->eip)) leave(9);
  /* What faults on the way out of one would do so for ever: it wrote over what is needed there. */
  if (number != SIGALRM && context->cs == flat_cs && context->eip - (u32)after_signal < (u32)run_row16 - (u32)after_signal) {
    flush();
    leave(9);
  }
  signal_number = (u32)number;
  trap = context->trap;
  trap_error = context->error;
  /* Whether it was a fetch is told by processors that can forbid one; whether the system has a page there is its own. */
  if (context->trap == 14) trap_error &= context->cr2 >= 0xc0000000 ? ~0x11u : ~0x10u;
  trap_address = context->trap == 14 ? context->cr2 : 0;
  trap_eip = context->eip;
  out = (struct registers){context->edi, context->esi, context->ebp, context->esp, context->ebx,
                           context->edx, context->ecx, context->eax, context->eflags};
  context->eip = (u32)after_signal;
  context->esp = own_esp;
  context->cs = flat_cs;
  context->ds = context->es = context->ss = flat_ds;
  context->eflags = 0x202;
}

static void handle(int number) {
  struct {
    void* handler;
    u32 flags;
    void* restorer;
    u32 mask[2];
  } action = {handler, 0x0c000004 | 0x40000000, restore, {0, 0}}; /* ONSTACK, RESTORER, SIGINFO, NODEFER */
  call(SIGACTION, number, (long)&action, 0, 8, 0, 0);
}

static void map(u32 at, u32 bytes) {
  if ((u32)call(MMAP, at, bytes, 7, 0x32, -1, 0) != at) leave(4);
}

static u16 segment(int entry, u32 base, u32 limit, int code) {
  u32 descriptor[4] = {(u32)entry, base, limit, (code ? 2u : 0u) << 1 | 0x40};
  if (call(MODIFY_LDT, 1, (long)descriptor, sizeof descriptor, 0, 0, 0) != 0) leave(5);
  return (u16)(entry << 3 | 7);
}

/* Writes a row's code, and behind it what leaves it: after its last instruction, and where a jump goes. */
static void build(u32 i) {
  const struct row* row = rows + i;
  u8* end = lay(i);
  for (u32 k = 0; k < 2; k++) {
    u8* p = end + k * LANDING;
    if (row->traits & BITS16) {
      *p++ = 0x66;
      *p++ = 0xea;
      *(u32*)p = (u32)(k ? exit16_taken : exit16_plain);
      *(u16*)(p + 4) = flat_cs;
    } else {
      *p++ = 0xe9;
      *(u32*)p = (u32)(k ? exit_taken : exit_plain) - (u32)(p + 4);
    }
  }
}

static u16 code16, data16;

/* What rows before left in memory is another thing where one of them did something else. */
static void clean(void) {
  for (u32 at = ARENA; at < EDGE; at += 4) *(u32*)at = at * 0x9e3779b1u;
  for (u32 at = READ_ONLY + 0x1000; at < ARENA + 0x5000; at += 4) *(u32*)at = at * 0x9e3779b1u;
}

/* One time of a row; what it did goes into the sum. */
static void once(u32 index, u32 round, int verbose) {
  const struct row* row = rows + index;
  u32 slot = slot_of(index);
  int narrow = row->traits & BITS16;
  begin_random(index, round);
  if (round == 0) clean();
  if (row->traits & SELF) build(index);
  draw(row, CODE + slot + (narrow ? ARENA - CODE : 0));
  u32 stack = next();
  in.esp = (stack & 31) == 0 ? READ_ONLY + 0x1000 + (stack >> 8 & 15) * 4 : STACK + (stack >> 8 & 7) * 4 + ((stack & 0x700000) == 0 ? 2 : 0);
  fill(STACK - 64, 32, 0);
  u32 end = (narrow ? 0 : CODE) + slot + row->length + LANDING;
  if (next() & 3) {
    *(u32*)in.esp = end;
    if (row->traits & FAR) ((u32*)in.esp)[1] = narrow ? code16 : flat_cs;
    ((u32*)in.esp)[2] &= ~0x40000u;
  }
  if (narrow) {
    in.esi -= row->traits & MEMORY ? ARENA : 0;
    in.edi -= row->traits & MEMORY ? ARENA : 0;
    in.ebx -= row->traits & MEMORY ? ARENA : 0;
    stack16[0] = in.esp - ARENA;
    stack16[1] = data16;
  }
  uses_fpu = row->traits & FPU;
  in_random = row->traits & RANDOM;
  if (uses_fpu) fpu_state();
  signal_number = trap = trap_error = trap_address = trap_eip = 0;
  target[0] = (narrow ? 0 : CODE) + slot;
  if (narrow) {
    target[1] = code16;
    *(u32*)(ARENA + 0x4f24) = 0;
    alarms = 0;
    in_row = 1;
    run_row16();
    in_row = 0;
    if (signal_number == 0) {
      const u32* saved = (const u32*)(ARENA + SAVED16);
      u32 flags = out.flags;
      out = *(const struct registers*)saved;
      out.flags = flags;
      taken = saved[9];
    }
  } else {
    alarms = 0;
    in_row = 1;
    run_row();
    in_row = 0;
  }
  u32 eip = signal_number == 0 ? 0 : trap_eip - (narrow ? 0 : CODE) - slot;
  mix_registers();
  u32 flags = out.flags & 0x240cd5 & ~(trap ? 0 : row->undefined_flags);
  mix(flags);
  mix(taken);
  if (signal_number) {
    mix(signal_number << 8 | trap);
    mix(trap_error);
    mix(trap_address);
    if (eip < 0x100) mix(eip);
  }
  u32 memory = mix_memory(row);
  store_sum();
  if (!verbose) return;
  hex(round);
  const u32* word = (const u32*)&in;
  say(" in");
  for (u32 i = 0; i < 9; i++) put(' '), hex(word[i]);
  say(" out");
  word = (const u32*)&out;
  for (u32 i = 0; i < 8; i++) put(' '), hex(word[i]);
  put(' ');
  hex(flags);
  say(" ended ");
  hex(taken << 16 | signal_number << 8 | trap);
  put(' ');
  hex(trap_error);
  put(' ');
  hex(trap_address);
  put(' ');
  hex(eip);
  say(" memory ");
  hex(memory);
  if (uses_fpu) {
    for (u32 k = 0; k < 2; k++) {
      say(k ? "\n   fpu after " : "\n   fpu before");
      const u32* words = (const u32*)(k ? fpu_after : fpu_before);
      for (u32 i = 0; i < 72; i++)
        if (i < 2 || i == 6 || i >= 8) put(' '), hex(i == 1 ? words[i] & 0xffff : words[i]);
    }
  }
  put('\n');
}

/* The rows of a file; or of one alone every time, in words. */
static void run(u32 count, int only) {
  for (u32 i = 0; i < count; i++) {
    if (only >= 0 && i != (u32)only) continue;
    u32 rounds = rows[i].rounds, faults = 0;
    sum = 0;
    for (u32 round = 0; round < rounds; round++) {
      once(i, round, only >= 0);
      faults += signal_number != 0;
      /* What faults every time is not worth so many. */
      if (faults > 200 && faults * 2 > round) break;
    }
    hex(i);
    put(' ');
    hex(sum);
    put('\n');
  }
}

__attribute__((used)) static void start(u32* arguments) {
  int argc = (int)arguments[0];
  char** argv = (char**)(arguments + 1);
  if (argc < 2) leave(2);
  u32 selectors[4];
  __asm__("mov %%ds, %0\n\t mov %%cs, %1\n\t mov %%fs, %2\n\t mov %%gs, %3"
          : "=r"(selectors[0]), "=r"(selectors[1]), "=r"(selectors[2]), "=r"(selectors[3]));
  flat_ds = (u16)selectors[0];
  flat_cs = (u16)selectors[1];
  own_fs = (u16)selectors[2];
  own_gs = (u16)selectors[3];
  /* Else millions of addresses below the stack, which is elsewhere in each system, become memory when they are used. */
  static const u32 stack_limit[2] = {0x21000, 0x21000};
  call(SETRLIMIT, 3, (long)stack_limit, 0, 0, 0, 0);
  map(ARENA, 0x5000);
  map(CODE, SLOT * SLOTS + 0x1000);
  map(0x28000000, 0x10000);
  fill(READ_ONLY, 0x400, 0);
  call(MPROTECT, EDGE, 0x1000, 0, 0, 0, 0);
  call(MPROTECT, READ_ONLY, 0x1000, 1, 0, 0, 0);
  struct {
    u32 at, flags, bytes;
  } stack = {0x28000000, 0, 0x10000};
  call(SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
  static const int numbers[] = {4, 5, 7, 8, 11, 14};
  for (u32 i = 0; i < sizeof numbers / sizeof *numbers; i++) handle(numbers[i]);
  code16 = segment(0, CODE, 0xffff, 1);
  data16 = segment(1, ARENA, 0x4fff, 0);
  long file = call(OPEN, (long)argv[1], 0, 0, 0, 0, 0);
  if (file < 0 || call(READ, file, (long)&header, sizeof header, 0, 0, 0) != sizeof header) leave(6);
  if (header.magic != 0x73776f72 || header.rows > SLOTS) leave(7);
  for (u32 got = 0; got < header.rows * sizeof(struct row);) {
    long n = call(READ, file, (long)rows + (long)got, (long)(header.rows * sizeof(struct row) - got), 0, 0, 0);
    if (n <= 0) leave(8);
    got += (u32)n;
  }
  for (u32 i = 0; i < header.rows; i++) build(i);
  if (header.mode & UNPRIVILEGED) call(SETUID, 65534, 0, 0, 0, 0, 0);
  if (header.mode) {
    const u32 microseconds = header.mode & UNPRIVILEGED ? 2000 : 200000;
    const u32 every[4] = {0, microseconds, 0, microseconds};
    call(SETITIMER, 0, (long)every, 0, 0, 0, 0);
  }
  int only = -1;
  if (argc > 2) {
    only = 0;
    for (const char* digit = argv[2]; *digit; digit++) only = only * 10 + (*digit - '0');
  }
  run(header.rows, only);
  flush();
  leave(0);
}
