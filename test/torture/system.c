/*
 * Runs rows of instructions without a system, as a multiboot kernel of its own: in real mode, in virtual-8086 mode, at levels 0 and 3,
 * in segments of 16 and 32 bits, with paging of all kinds and none, under a timer. Each time of a row is run in one of these, with
 * registers, flags, memory and FPU state as in harness.c; each ends with an interrupt or an exception. The sums of what
 * rows did go to the serial port. What a row may destroy is set up anew each time; what it destroys beyond that ends the
 * program, and must end it alike everywhere.
 *
 * All of it lies in 64 kB, so that real mode reaches it, and away from small numbers, which rows take for addresses.
 */
#define ARENA 0x20000u
#define CODE 0x30000u
#include "rows.h"
/* Where system.ld puts it. */
#define BASE 0x50000u
#define DISPLAY 0xa0000u

/* Where system.s has them (see there for what they are). */
extern u32 own_esp, frame[9], entry[2], segments[4], out_segments[4], out_vector, out_error, out_eip, out_cs, out_ss;
extern u32 cr0, cr3, cr4, ticks, steps_left;
extern const struct { struct header header; struct row rows[]; } blob;
extern u8 stubs[], stubs16[], double_fault[];
void run_protected(void);
void run_real(void);
void load_tables(void);

struct table {
  u16 limit;
  u32 base;
} __attribute__((packed));
struct table gdt_at, idt_at, real_idt_at;

static u32 gdt[32][2], ldt[8][2], idt[256][2], tss[26 + 2], fault_tss[26];
enum { CODE32 = 0x08, DATA32 = 0x10, TSS = 0x18, FAULT_TSS = 0x20, USER_CODE32 = 0x2b, USER_DATA32 = 0x33, CODE16 = 0x38, DATA16 = 0x40, USER_CODE16 = 0x4b, USER_DATA16 = 0x53, REAL_CODE = 0x58, REAL_DATA = 0xa0, LOCAL = 0xa8 };
/* Those of one kind each, for rows that load segments: absent, read-only, downwards, conforming, of one byte. */
enum { OTHERS = 0x60 };

/* Paging: tables of both kinds for the first 4 MB; above it large pages, of which the first shows the first 4 MB again. */
#define TABLE 0x200000u
#define DIRECTORY 0x201000u
#define PAE_TABLES 0x202000u
#define PAE_DIRECTORY 0x204000u
#define PAE_POINTERS 0x205000u
#define ALIAS 0x800000u
enum { PRESENT = 1, WRITABLE = 2, USER = 4, MARKS = 0x60, LARGE = 0x80, GLOBAL = 0x100 };
/* Of the pages whose marks are a part of what a row did. */
enum { FIRST_MARKED = ARENA >> 12, END_MARKED = FIRST_MARKED + 64, ENTRIES_MARKED = END_MARKED - FIRST_MARKED + 7 };
enum { PROTECTED = 1, MONITOR = 2, EMULATED = 4, SWITCHED = 8, NUMERIC = 0x20, WRITE_PROTECT = 0x10000, PAGING = 0x80000000 };
enum { NO_TSC = 4, DEBUG = 8, LARGE_PAGES = 0x10, PAE = 0x20, GLOBALS = 0x80, COUNTERS = 0x100, SAVES = 0x200, EXCEPTIONS = 0x400 };
enum { RING0, RING3, REAL, VIRTUAL };

static void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static u8 in8(u16 port) {
  u8 value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

static void put(char c) {
  while (!(in8(0x3fd) & 0x20)) {}
  out8(0x3f8, (u8)c);
}

static void describe(u32 selector, u32 base, u32 limit, u32 type) {
  gdt[selector >> 3][0] = base << 16 | (limit & 0xffff);
  gdt[selector >> 3][1] = (base & 0xff000000) | type << 8 | (limit & 0xf0000) | (base >> 16 & 0xff);
}

static void gate(u32 vector, u32 selector, u32 offset, u32 type) {
  idt[vector][0] = selector << 16 | (offset & 0xffff);
  idt[vector][1] = (offset & 0xffff0000) | type << 8;
}

/* What rows may change with instructions of the system: tables and their registers, the timer, control registers. */
static void set_up(void) {
  describe(CODE32, 0, 0xfffff, 0xc09a);
  describe(DATA32, 0, 0xfffff, 0xc092);
  describe(TSS, (u32)tss, sizeof tss - 1, 0x89);
  describe(FAULT_TSS, (u32)fault_tss, sizeof fault_tss - 1, 0x89);
  describe(USER_CODE32, 0, 0xfffff, 0xc0fa);
  describe(USER_DATA32, 0, 0xfffff, 0xc0f2);
  describe(CODE16, CODE, 0xffff, 0x9a);
  describe(DATA16, ARENA, 0xffff, 0x92);
  describe(REAL_CODE, BASE, 0xffff, 0x9a);
  describe(REAL_DATA, 0, 0xffff, 0x92);
  describe(USER_CODE16, CODE, 0xffff, 0xfa);
  describe(USER_DATA16, ARENA, 0xffff, 0xf2);
  static const u16 others[8] = {0x72, 0xf0, 0xf4, 0xf6, 0xfe, 0xf2, 0x92, 0xf8};
  for (u32 i = 0; i < 8; i++) {
    describe(OTHERS + 8 * i, ARENA, i == 5 ? 0 : 0xffff, others[i] | (i & 1) << 14);
    for (u32 k = 0; k < 2; k++) ldt[i][k] = gdt[(OTHERS >> 3) + i][k];
  }
  describe(LOCAL, (u32)ldt, sizeof ldt - 1, 0x82);
  for (u32 i = 0; i < 256; i++) gate(i, CODE32, (u32)stubs + 16 * i, 0x8e);
  gate(3, CODE32, (u32)stubs + 16 * 3, 0xee);
  gate(4, CODE32, (u32)stubs + 16 * 4, 0xef);
  gate(0x81, CODE32, (u32)stubs + 16 * 0x81, 0xee);
  gate(8, FAULT_TSS, 0, 0x85);
  for (u32 i = 0; i < sizeof tss / 4; i++) tss[i] = 0;
  tss[1] = BASE + 0xf000;
  tss[2] = DATA32;
  tss[25] = 104 << 16;
  tss[26] = tss[27] = 0xffffffff;
  for (u32 i = 0; i < sizeof fault_tss / 4; i++) fault_tss[i] = 0;
  fault_tss[7] = cr3;
  fault_tss[8] = (u32)double_fault;
  fault_tss[9] = 2;
  fault_tss[14] = BASE + 0xf800;
  fault_tss[18] = fault_tss[20] = fault_tss[21] = fault_tss[22] = fault_tss[23] = DATA32;
  fault_tss[19] = CODE32;
  fault_tss[25] = 104 << 16;
  gdt_at = (struct table){sizeof gdt - 1, (u32)gdt};
  idt_at = (struct table){sizeof idt - 1, (u32)idt};
  real_idt_at = (struct table){0x3ff, 0};
  for (u32 i = 0; i < 256; i++) ((volatile u32*)0)[i] = BASE << 12 | ((u32)stubs16 - BASE + 16 * i);
  load_tables();
  /* What runs on in real mode ends here: behind it lies memory of the display, where docs/repairs.md says what runs. */
  for (u32 at = DISPLAY - 64; at < DISPLAY; at++) *(volatile u8*)at = 0xcc;
  static const u8 starts[2][4] = {{0x11, 0x20, 4, 1}, {0x11, 0x28, 2, 1}};
  for (u32 k = 0; k < 2; k++)
    for (u32 i = 0; i < 4; i++) out8((u16)((k ? 0xa0 : 0x20) + (i > 0)), starts[k][i]);
  out8(0x21, 0xfe);
  out8(0xa1, 0xff);
}

static void timer(u16 period) {
  out8(0x43, 0x34);
  out8(0x40, (u8)period);
  out8(0x40, (u8)(period >> 8));
}

static void build_pages(void) {
  for (u32 i = 0; i < 1024; i++) {
    u32 at = i << 12;
    u32 user = at >= ARENA && at < CODE + 0x20000 ? USER : 0;
    int device = at >= DISPLAY && at < 0xc0000;
    u32 page = at | user | (at == EDGE || device ? 0 : PRESENT) | (at == READ_ONLY ? 0 : WRITABLE) | (i & 8 ? GLOBAL : 0);
    ((u32*)TABLE)[i] = page;
    ((u32*)PAE_TABLES)[2 * i] = page;
    ((u32*)PAE_TABLES)[2 * i + 1] = 0;
    ((u32*)DIRECTORY)[i] = ((u32*)PAE_DIRECTORY)[i] = 0;
  }
  for (u32 i = 1; i < 8; i++) {
    u32 at = i << 22 == ALIAS ? 0 : i << 22;
    ((u32*)DIRECTORY)[i] = at | PRESENT | WRITABLE | USER | LARGE;
    for (u32 k = 0; k < 2; k++) ((u32*)PAE_DIRECTORY)[4 * i + 2 * k] = (at + (k << 21)) | PRESENT | WRITABLE | USER | LARGE;
  }
  ((u32*)DIRECTORY)[0] = TABLE | PRESENT | WRITABLE | USER;
  for (u32 k = 0; k < 2; k++) ((u32*)PAE_DIRECTORY)[2 * k] = (PAE_TABLES + (k << 12)) | PRESENT | WRITABLE | USER;
  for (u32 i = 0; i < 8; i++) ((u32*)PAE_POINTERS)[i] = 0;
  ((u32*)PAE_POINTERS)[0] = PAE_DIRECTORY | PRESENT;
}

/* Entries of page tables: of small pages where rows and this program lie, and of large ones. */
static u32* marked(int pae, u32 i) {
  u32 large = i - (END_MARKED - FIRST_MARKED) + 1;
  if (i < END_MARKED - FIRST_MARKED) return pae ? (u32*)PAE_TABLES + 2 * (FIRST_MARKED + i) : (u32*)TABLE + FIRST_MARKED + i;
  return pae ? (u32*)PAE_DIRECTORY + 4 * large : (u32*)DIRECTORY + large;
}

static void clear_marks(int pae) {
  for (u32 i = 0; i < ENTRIES_MARKED; i++) *marked(pae, i) &= ~(u32)MARKS;
}

static void mix_marks(int pae) {
  u32 bits = 0;
  for (u32 i = 0; i < ENTRIES_MARKED; i++) {
    bits = bits << 2 | (*marked(pae, i) & MARKS) >> 5;
    if ((i & 15) == 15) mix(bits);
  }
  mix(bits);
}

/* Writes a row's code, and behind it what ends it: after its last instruction, and where a jump goes. */
static void build(u32 i) {
  u8* end = lay(i);
  for (u32 k = 0; k < 2; k++) {
    end[k * LANDING] = 0xcd;
    end[k * LANDING + 1] = 0x81;
  }
}

static u32 selector(u32 r) {
  static const u8 some[16] = {CODE32, DATA32, TSS, FAULT_TSS, USER_CODE32, USER_DATA32, CODE16, DATA16, USER_CODE16, USER_DATA16, OTHERS, OTHERS + 8, OTHERS + 16, OTHERS + 27, OTHERS + 35, OTHERS + 43};
  return some[r & 15];
}

/* One time of a row; what it did goes into the sum. */
static void once(u32 index, u32 round) {
  const struct row* row = rows + index;
  u32 slot = slot_of(index);
  int narrow = row->traits & BITS16;
  begin_random(index, round);
  u32 r = next();
  u32 mode = r & (narrow ? 3 : 1);
  /*
   * Without paging real mode alone: the machine ends where code goes to where there is nothing, and reads what is no memory in parts of its
   * own. With it nothing is there but what is mapped.
   */
  if (mode == REAL && row->traits & (RANDOM | SELF | FPU)) mode = VIRTUAL;
  u32 paging = mode == REAL ? 0 : 1 + (r >> 4 & 3) % 3;
  if (round == 0 || row->traits & SELF) build(index);
  draw(row, CODE + slot);
  /* Without pages that end it, REP with an address of 32 bits would go on for many minutes, and nothing interrupts it. */
  if (mode == REAL) in.ecx &= 0xffff;
  in.flags |= (r & 0x300) ? 0x200 : 0;
  if ((r & 0x1c00) == 0) in.flags |= 0x100;
  if ((r & 0xe000) == 0) in.flags |= next() & 0x257000;
  steps_left = r >> 13 & 15;
  r = next();
  if ((r & 3) == 0 && mode != REAL) *(&in.edi + (r >> 2 & 7)) = selector(r >> 8);
  if (paging > 1 && row->traits & SELF && (r & 0x70) == 0) {
    in.edi += ALIAS;
    /* No page ends REP there before it has been over everything, the tables of pages too. */
    in.ecx &= 0xff;
  }
  in.esp = STACK + (r >> 8 & 7) * 4 + ((r & 0x700000) == 0 ? 2 : 0);
  fill(STACK - 64, 32, 0);
  u32 code = narrow ? (mode == RING0 ? CODE16 : mode == RING3 ? USER_CODE16 : CODE >> 4) : mode == RING0 ? CODE32 : USER_CODE32;
  u32 data = narrow ? (mode == RING0 ? DATA16 : mode == RING3 ? USER_DATA16 : ARENA >> 4) : mode == RING0 ? DATA32 : USER_DATA32;
  if (next() & 3) {
    *(u32*)in.esp = (narrow ? 0 : CODE) + slot + row->length + LANDING;
    if (row->traits & FAR) ((u32*)in.esp)[1] = code;
    if (narrow && next() & 1) ((u16*)in.esp)[1] = (u16)code;
  }
  u32 base = narrow ? ARENA : 0;
  in.esi -= row->traits & MEMORY ? base : 0;
  in.edi -= row->traits & MEMORY ? base : 0;
  in.ebx -= row->traits & MEMORY ? base : 0;
  uses_fpu = row->traits & FPU;
  if (uses_fpu) fpu_state();
  r = next();
  cr3 = paging == 2 ? PAE_POINTERS : DIRECTORY;
  cr4 = SAVES | EXCEPTIONS | (paging == 2 ? PAE : 0) | (paging == 1 ? 0 : LARGE_PAGES);
  if ((r & 7) == 0) cr4 ^= r >> 8 & (NO_TSC | DEBUG | GLOBALS | COUNTERS | EXCEPTIONS);
  if ((r & 0x7f) == 1) cr4 &= ~SAVES;
  cr0 = PROTECTED | NUMERIC | (paging ? PAGING : 0) | (r & 0x80 ? WRITE_PROTECT : 0) | (r & 0x20 ? MONITOR : 0);
  if ((r & 0x700) == 0) cr0 |= r >> 12 & (SWITCHED | EMULATED);
  set_up();
  clear_marks(paging == 2);
  frame[0] = (narrow ? 0 : CODE) + slot;
  frame[1] = code;
  frame[2] = (in.flags & 0xfffdffff) | (mode == VIRTUAL ? 0x20000 : 0);
  frame[3] = in.esp - base;
  frame[4] = data;
  for (u32 i = 0; i < 4; i++) segments[i] = mode == VIRTUAL ? DATA32 : data;
  for (u32 i = 5; i < 9; i++) frame[i] = data;
  if (mode == RING3 || mode == VIRTUAL) {
    entry[0] = (u32)frame;
    entry[1] = DATA32;
  } else {
    u32 words = mode == REAL ? 2 : 4;
    entry[0] = in.esp - base - 3 * words;
    entry[1] = data;
    for (u32 i = 0; i < 3; i++) {
      if (words == 2) ((u16*)in.esp)[(int)i - 3] = (u16)frame[i];
      else ((u32*)in.esp)[(int)i - 3] = frame[i];
    }
  }
  ticks = out_error = out_vector = 0;
  timer((u16)(60 + (next() & 0x3ff)));
  if (mode == REAL) run_real();
  else run_protected();
  /* The task that a double fault ends has its registers in its TSS. */
  if (out_vector == 8 && mode != REAL) {
    out = (struct registers){tss[17], tss[16], tss[15], tss[14], tss[13], tss[11], tss[12], tss[10], tss[9]};
    out_eip = tss[8];
    out_cs = tss[19];
  }
  u32 cr2;
  __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
  mix_registers();
  mix(out.flags & ~row->undefined_flags);
  mix(out_vector << 16 | (out_cs & 0xffff));
  mix(out_error);
  if (out_vector == 14) mix(cr2);
  mix(out_eip);
  for (u32 i = 0; i < 4; i++) mix(out_segments[i] & 0xffff);
  mix_memory(row);
  mix_marks(paging == 2);
  store_sum();
}

__attribute__((used)) void start(void) {
  header = blob.header;
  for (u32 i = 0; i < header.rows * sizeof(struct row) / 4; i++) ((u32*)rows)[i] = ((const u32*)blob.rows)[i];
  build_pages();
  for (u32 i = 0; i < header.rows; i++) {
    sum = 0;
    for (u32 at = ARENA; at < ARENA + 0x5000; at += 4) *(u32*)at = at * 0x9e3779b1u;
    for (u32 round = 0; round < rows[i].rounds; round++) once(i, round);
    hex(i);
    put(' ');
    hex(sum);
    put('\n');
  }
  say("rows-done\n");
  for (;;) __asm__ volatile("hlt");
}
