/*
 * What the programs that run rows share: the file of rows (see rows.ts), and the values that a row begins with. The program says
 * first where memory for the instructions is (ARENA) and their code (CODE).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

/* Memory: two pages, one that is absent, one that is read-only, one for the stack. */
#define WINDOW (ARENA + 0x800)
#define BORDER (ARENA + 0x1000)
#define EDGE (ARENA + 0x2000)
#define READ_ONLY (ARENA + 0x3000)
#define STACK (ARENA + 0x4800)
#define SLOT 128u
#define SLOTS 512u
/* Where a jump goes that is taken: as far behind an instruction as the rows' displacements say. */
#define LANDING 0x10u

enum { MEMORY = 1, FPU = 2, REPEATED = 4, BITS16 = 8, ON_STACK = 16, RANDOM = 32, FAR = 64, SELF = 128 };

struct row {
  u8 length, traits;
  u16 rounds;
  u32 undefined_flags;
  u8 bytes[56];
};

struct header {
  u32 magic, rows, seed, mode;
};

struct registers {
  u32 edi, esi, ebp, esp, ebx, edx, ecx, eax, flags;
};

/* What assembly reads and writes. */
struct registers in, out;
u8 fpu_before[512] __attribute__((aligned(16))), fpu_after[512] __attribute__((aligned(16)));
u32 uses_fpu;

static struct header header;
static struct row rows[SLOTS];
static u32 random_state;

static u32 next(void) {
  u32 x = random_state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return random_state = x;
}

static const u32 borders[16] = {0,      1,      0xffffffff, 0x7f,   0x80,       0xff,       0x100, 0x7fff,
                                0x8000, 0xffff, 0x10000,    0x1fff, 0x7fffffff, 0x80000000, 0x20,  0x80008000};

static u32 value(void) {
  u32 r = next();
  switch (r & 7) {
    case 0: return borders[r >> 3 & 15];
    case 1: return r >> 3 & 31;
    case 2: return (u32)(signed char)(r >> 8);
    default: return next();
  }
}

static const u32 patterns[16] = {0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x80000000, 0x00800000, 0x007fffff,
                                 1,          0x3f800000, 0xbf800000, 0x7ff00000, 0x7ff80000, 0x3ff00000, 0x43e00000, 0x4f000000};

/* Words of memory: of integers, or of floating-point numbers as well. */
static void fill(u32 at, u32 words, int floats) {
  u32* p = (u32*)at;
  u32 x = next();
  for (u32 i = 0; i < words; i++) {
    x = x * 1664525 + 1013904223;
    p[i] = (x >> 28) < 5 ? (floats ? patterns : borders)[x >> 20 & 15] : x;
  }
}

static u32 sum;

static inline void mix(u32 x) {
  sum = (sum ^ x) * 0x9e3779b1u;
  sum ^= sum >> 15;
}

static void mix_words(u32 at, u32 words) {
  const u32* p = (const u32*)at;
  for (u32 i = 0; i < words; i++) mix(p[i]);
}

static u32 pointer(void) {
  u32 r = next();
  switch (r & 31) {
    case 0: return EDGE - (r >> 8 & 31);
    case 1: return EDGE + (r >> 8 & 0xff);
    case 2: return READ_ONLY + 0x100 + (r >> 8 & 31);
    case 3: return BORDER - (r >> 8 & 31);
    case 4: case 5: case 6: return WINDOW + (r >> 8 & 63);
    default: return WINDOW + (r >> 8 & 3) * 16;
  }
}

/* A state of the FPU: control, tags and numbers of all kinds. */
static void fpu_state(void) {
  u32* words = (u32*)fpu_before;
  for (u32 i = 8; i < 72; i++) {
    u32 r = next();
    words[i] = (r & 7) < 3 ? patterns[r >> 3 & 15] : next();
  }
  for (u32 i = 0; i < 8; i++) {
    u32 r = next();
    u16* exponent = (u16*)(fpu_before + 32 + 16 * i + 8);
    static const u16 exponents[8] = {0, 1, 0x3fff, 0x7fff, 0xffff, 0x7ffe, 0x403e, 0x4000};
    if (r & 3) *exponent = exponents[r >> 4 & 7] | (r >> 8 & 0x8000);
    if (r & 12) fpu_before[32 + 16 * i + 7] |= 0x80;
    words[8 + 4 * i + 2] &= 0xffff;
    words[8 + 4 * i + 3] = 0;
  }
  u32 r = next();
  words[0] = (0x40 | (r & 0xf00) | ((r & 0x70000) ? 0x3f : r >> 20 & 0x3f)) | (r << 11 & 0x3800) << 16;
  words[1] = (r & 0x80000000) ? 0xff : next() & 0xff;
  words[2] = words[3] = words[4] = words[5] = 0;
  r = next();
  words[6] = (r & 0xe040) | ((r & 0x70000) ? 0x1f80 : r & 0x1f80) | (r >> 20 & 0x3f);
  words[7] = 0xffff;
}

/* What a row begins with; `code` is the address of its code, as it sees it. */
static void draw(const struct row* row, u32 code) {
  in.eax = value();
  /* Random code may ask the system for something: for nothing that there is. */
  if (row->traits & RANDOM) in.eax |= 0x80000000;
  in.ecx = value();
  in.edx = value();
  in.ebp = value();
  in.flags = (next() & 0x8d5) | 2 | ((next() & 7) == 0 ? 0x400 : 0);
  if (row->traits & REPEATED || next() & 1) in.ecx = (row->traits & BITS16 && next() & 1 ? in.ecx & 0xffff0000 : 0) | (next() & 15);
  if (row->traits & MEMORY) {
    fill(WINDOW, 32, row->traits & FPU);
    fill(BORDER - 16, 8, row->traits & FPU);
    fill(EDGE - 32, 8, row->traits & FPU);
    in.esi = pointer();
    in.edi = pointer();
    in.ebx = pointer();
    if (row->traits & (RANDOM | SELF)) in.ebp = pointer();
    /* Some write into what they run, a little before or behind. */
    if (row->traits & SELF && (next() & 3) == 0) *((u32*)&in + (next() & 1)) = code + (next() & 63);
  } else {
    in.ebx = value();
    in.esi = value();
    in.edi = value();
  }
}

static void mix_registers(void) {
  mix(out.eax);
  mix(out.ecx);
  mix(out.edx);
  mix(out.ebx);
  mix(out.ebp);
  mix(out.esi);
  mix(out.edi);
  mix(out.esp);
}

/* Memory and FPU as a row left them. Returns the sum of the memory alone. */
static u32 mix_memory(const struct row* row) {
  u32 before = sum;
  sum = 0;
  if (row->traits & MEMORY) {
    mix_words(WINDOW, 32);
    mix_words(BORDER - 16, 8);
    mix_words(EDGE - 32, 8);
  }
  if (row->traits & ON_STACK) mix_words(STACK - 64, 32);
  u32 memory = sum;
  sum = before;
  mix(memory);
  if (uses_fpu) {
    const u32* words = (const u32*)fpu_after;
    mix(words[0]);
    mix(words[1] & 0xffff);
    mix(words[6]);
    for (u32 i = 8; i < 72; i++)
      if ((i & 3) != 3 || i >= 40) mix((i & 3) == 2 && i < 40 ? words[i] & 0xffff : words[i]);
  }
  return memory;
}

/* Flags that are stored are compared at once where a relog is verified; what is written to a file is not. */
static inline void store_sum(void) {
  __asm__ volatile("push %0\n\t popf\n\t pushf\n\t pop %%ecx" : : "r"((sum & 0x8d5) | 2) : "ecx", "cc");
}

/* The program says where text goes. */
static void put(char c);

static void say(const char* s) {
  while (*s) put(*s++);
}

static void hex(u32 number) {
  for (int shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[number >> shift & 15]);
}

static u32 slot_of(u32 index) {
  return index * SLOT + (rows[index].bytes[0] & 15);
}

/* Writes a row's code, with traps around it. Returns where it ends. */
static u8* lay(u32 index) {
  const struct row* row = rows + index;
  u8* slot = (u8*)(CODE + slot_of(index));
  for (u32 k = 0; k < SLOT - 16; k++) slot[k] = 0xcc;
  for (u32 k = 0; k < row->length; k++) slot[k] = row->bytes[k];
  return slot + row->length;
}

/* Each time of a row has numbers of its own. */
static void begin_random(u32 index, u32 round) {
  random_state = (header.seed * 0x9e3779b1u ^ index * 0x85ebca6bu ^ round * 0xc2b2ae35u) | 1;
  next();
  next();
}
