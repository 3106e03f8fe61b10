/**
 * Proves, once a process and before the first engine is used, that the library is laid out as abi.h says: every field
 * is written through the public API, or by running a few instructions, and read where abi.h expects it.
 */
#include <unicorn/unicorn.h>

#include <cstring>
#include <memory>

#include "engine.h"
#include "originals.h"
#include "translations.h"

namespace decouple {

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw EngineError(std::string("its layout is not as expected: ") + what);
}

struct CloseEngine {
  void operator()(uc_engine* uc) const { uc_close(uc); }
};

constexpr uint32_t kCode = 0x1000, kMmio = 0x10000;

void write32(uc_engine* uc, int reg, uint32_t value) { check(uc_reg_write(uc, reg, &value), "uc_reg_write"); }

void testGeneralRegisters(uc_engine* uc, Env env) {
  const int registers[] = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX, UC_X86_REG_EBX,
                           UC_X86_REG_ESP, UC_X86_REG_EBP, UC_X86_REG_ESI, UC_X86_REG_EDI};
  for (int i = 0; i < 8; ++i) write32(uc, registers[i], 0x51e00000u + static_cast<uint32_t>(i));
  for (int i = 0; i < 8; ++i) require(env.gpr32(i) == 0x51e00000u + static_cast<uint32_t>(i), "general registers");
  write32(uc, UC_X86_REG_EIP, 0x12345678);
  require(env.eip() == 0x12345678, "eip");
  write32(uc, UC_X86_REG_EFLAGS, 0x446);
  require(env.direction() == -1 && env.lazyKind() == kLazyNone, "direction flag");
  require((env.lazySource() & kStatusFlags) == 0x44, "status flags");
  write32(uc, UC_X86_REG_EFLAGS, 2);
  require(env.engine() == uc, "pointer to the engine");
}

void testSystemRegisters(uc_engine* uc, Env env) {
  for (int i = 0; i < 4; ++i) write32(uc, UC_X86_REG_DR0 + i, 0xd0000000u + static_cast<uint32_t>(i));
  for (int i = 0; i < 4; ++i) {
    require(static_cast<uint32_t>(env.dr(i)) == 0xd0000000u + static_cast<uint32_t>(i), "debug registers");
    write32(uc, UC_X86_REG_DR0 + i, 0);
  }
  uc_x86_mmr table{};
  table.base = 0x11220000;
  table.limit = 0x333;
  check(uc_reg_write(uc, UC_X86_REG_GDTR, &table), "uc_reg_write");
  require(env.gdtr().base() == 0x11220000 && env.gdtr().limit() == 0x333, "gdtr");
  table.base = 0x44550000;
  check(uc_reg_write(uc, UC_X86_REG_IDTR, &table), "uc_reg_write");
  require(env.idtr().base() == 0x44550000 && env.idtr().limit() == 0x333, "idtr");
  uc_x86_mmr task{0x28, 0x66770000, 0x67, 0x8900};
  check(uc_reg_write(uc, UC_X86_REG_TR, &task), "uc_reg_write");
  const SegmentCache tr = env.tr();
  require(tr.selector() == 0x28 && tr.base() == 0x66770000 && tr.limit() == 0x67 && tr.flags() == 0x8900, "tr");
  task.selector = 0x30;
  check(uc_reg_write(uc, UC_X86_REG_LDTR, &task), "uc_reg_write");
  require(env.ldtr().selector() == 0x30 && env.ldtr().base() == 0x66770000, "ldtr");
  const uint32_t sysenter[] = {0x60, 0xaaaa0000, 0xbbbb0000};
  for (uint32_t i = 0; i < 3; ++i) {
    uc_x86_msr msr{0x174 + i, sysenter[i]};
    check(uc_reg_write(uc, UC_X86_REG_MSR, &msr), "uc_reg_write");
  }
  require(env.sysenterCs() == sysenter[0] && env.sysenterEsp() == sysenter[1] && env.sysenterEip() == sysenter[2],
          "sysenter registers");
  uint32_t cr4 = 0x200, cr0;
  write32(uc, UC_X86_REG_CR4, cr4);
  check(uc_reg_read(uc, UC_X86_REG_CR0, &cr0), "uc_reg_read");
  require(env.cr(4) == cr4 && static_cast<uint32_t>(env.cr(0)) == cr0, "control registers");
}

void testFloatingPoint(uc_engine* uc, Env env) {
  const uint16_t control = 0x27f, status = 0x3900, tags = 0xfffc;
  check(uc_reg_write(uc, UC_X86_REG_FPCW, &control), "uc_reg_write");
  check(uc_reg_write(uc, UC_X86_REG_FPSW, &status), "uc_reg_write");
  check(uc_reg_write(uc, UC_X86_REG_FPTAG, &tags), "uc_reg_write");
  require(env.x87Control() == control, "x87 control word");
  require(env.x87Top() == 7 && env.x87Status() == 0x100, "x87 status word");
  require(env.x87Empty()[0] == 0 && env.x87Empty()[7] == 1, "x87 tags");
  uint8_t value[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  check(uc_reg_write(uc, UC_X86_REG_FP3, value), "uc_reg_write");
  require(std::memcmp(env.x87Register(3), value, sizeof value) == 0, "x87 registers");
  uint8_t vector[16];
  for (uint8_t i = 0; i < 16; ++i) vector[i] = static_cast<uint8_t>(0xf0 + i);
  check(uc_reg_write(uc, UC_X86_REG_XMM5, vector), "uc_reg_write");
  require(std::memcmp(env.xmm(5), vector, sizeof vector) == 0, "xmm registers");
  write32(uc, UC_X86_REG_MXCSR, 0x1f80);
  require(env.mxcsr() == 0x1f80, "mxcsr");
}

/** Translates `code` placed at kCode and returns the header of the result. */
TranslatedBlock translate(uc_engine* uc, const void* code, size_t size, uc_tb& block) {
  check(uc_mem_write(uc, kCode, code, size), "uc_mem_write");
  check(uc_ctl_flush_tb(uc), "uc_ctl_flush_tb");
  probe.block = nullptr;
  check(uc_ctl_request_cache(uc, static_cast<uint64_t>(kCode), &block), "uc_ctl_request_cache");
  require(probe.block != nullptr, "translation");
  return TranslatedBlock(probe.block);
}

void testTranslation(uc_engine* uc) {
  // nop; inc eax; mov ebx, [0x10000]; rep movsb; (jmp to the start)
  const uint8_t code[] = {0x90, 0x40, 0x8b, 0x1d, 0x00, 0x00, 0x01, 0x00, 0xf3, 0xa4, 0xeb, 0xf4};
  const uint32_t starts[] = {0, 1, 2, 8};
  uc_tb block;
  const TranslatedBlock found = translate(uc, code, sizeof code, block);
  require(found.address() == kCode && block.pc == kCode, "block address");
  require(found.size() == 10 && block.size == 10, "block size");
  require(found.instructions() == 4 && block.icount == 4, "block instruction count");
  require(found.codeBase() == 0 && (found.context() & kContextCode32) != 0, "block context");
  require((found.options() & TranslatedBlock::kCountMask) == 0, "block options");
  require(found.hostSize() > 16 && found.hostSize() < 65536, "size of generated code");
  InstructionOffsets offsets(found.hostCode() + found.hostSize(), kCode);
  for (uint32_t start : starts) require(offsets.next() == kCode + start, "table of instructions");
}

struct Seen {
  Cpu cpu;
  uint32_t vector = 0;
  int32_t index = 0, software = 0, error = 0, inFlight = 0;
  uint64_t next = 0, eip = 0;
  uintptr_t access = 0;
};

void onException(uc_engine* uc, uint32_t vector, void* opaque) {
  Seen& seen = *static_cast<Seen*>(opaque);
  const Env env(seen.cpu.env());
  seen.vector = vector;
  seen.index = seen.cpu.exceptionIndex();
  seen.software = env.exceptionIsSoftware();
  seen.error = env.errorCode();
  seen.inFlight = env.exceptionInFlight();
  seen.next = env.exceptionNextEip();
  seen.eip = env.eip();
  uc_emu_stop(uc);
}

uint64_t onRead(uc_engine*, uint64_t, unsigned, void* opaque) {
  Seen& seen = *static_cast<Seen*>(opaque);
  seen.access = seen.cpu.accessReturnAddress();
  return 0x2468;
}

void runAt(uc_engine* uc, const void* code, size_t size) {
  check(uc_mem_write(uc, kCode, code, size), "uc_mem_write");
  check(uc_ctl_flush_tb(uc), "uc_ctl_flush_tb");
  Env(probe.cpu == nullptr ? nullptr : Cpu(probe.cpu).env()).exceptionInFlight() = -1;
  check(uc_emu_start(uc, kCode, 0, 0, 0), "uc_emu_start");
}

void testExceptions(uc_engine* uc, Seen& seen) {
  uc_hook hook;
  check(uc_hook_add(uc, &hook, UC_HOOK_INTR, reinterpret_cast<void*>(onException), &seen, 1, 0), "uc_hook_add");
  // nop; int 0x21: a software interrupt.
  const uint8_t software[] = {0x90, 0xcd, 0x21};
  runAt(uc, software, sizeof software);
  require(seen.vector == 0x21 && seen.index == 0x21 && seen.software == 1, "software interrupts");
  require(seen.next == kCode + 3 && seen.eip == kCode + 3, "next eip");
  // mov eax, 0x1230; mov ds, eax: a general protection fault, as the GDT has no such entry.
  const uint8_t fault[] = {0xb8, 0x30, 0x12, 0x00, 0x00, 0x8e, 0xd8};
  runAt(uc, fault, sizeof fault);
  require(seen.vector == 13 && seen.software == 0 && seen.error == 0x1230, "exceptions");
  require(seen.inFlight == 13 && seen.eip == kCode + 5, "exception in flight");
  // mov ebx, [0x10000]: reads device memory; then a software interrupt ends the run.
  const uint8_t read[] = {0x8b, 0x1d, 0x00, 0x00, 0x01, 0x00, 0xcc};
  runAt(uc, read, sizeof read);
  const TranslatedBlock block(probe.block);
  const uintptr_t from = reinterpret_cast<uintptr_t>(block.hostCode());
  require(seen.access > from && seen.access < from + block.hostSize(), "return address of a memory access");
}

/** CPUID tells what the words of features are. */
void testFeatures(uc_engine* uc, Env env) {
  // cpuid; int3
  const uint8_t code[] = {0x0f, 0xa2, 0xcc};
  // A bit that CPUID passes on as it is, in every word.
  constexpr uint32_t kMark = 0x2;
  const struct {
    uint32_t leaf;
    FeatureWord word;
    int reg;
  } cases[] = {{1, kFeatures1Edx, kEdx},
               {1, kFeatures1Ecx, kEcx},
               {7, kFeatures7Ebx, kEbx},
               {7, kFeatures7Ecx, kEcx},
               {0x80000001, kFeaturesExtendedEdx, kEdx},
               {0x80000001, kFeaturesExtendedEcx, kEcx}};
  for (const auto& one : cases) {
    const uint64_t kept = env.feature(one.word);
    for (uint32_t bits : {0u, kMark}) {
      env.feature(one.word) = bits;
      env.gpr(kEax) = one.leaf;
      env.gpr(kEcx) = 0;
      runAt(uc, code, sizeof code);
      require((env.gpr32(one.reg) & kMark) == bits, "features");
    }
    env.feature(one.word) = kept;
  }
}

void testTlb(Env env) {
  bool found = false, direct = false;
  void* host = nullptr;
  get_page_addr_code_hostp_x86_64(env.raw(), kCode, &host);
  for (int mode = 0; mode < Tlb::kModes; ++mode) {
    const Tlb tlb(env, mode);
    require(tlb.entries() >= 64 && tlb.entries() <= 65536, "size of a TLB");
    require(tlb.counted() >= tlb.used() && tlb.counted() <= 1000, "entries of a TLB");
    direct = direct || (host != nullptr && tlb.direct(kCode, kAccessLoad) == host);
    for (size_t i = 0; i < tlb.entries(); ++i) found = found || (tlb.entry(i)[0] & ~uint64_t{0xfff}) == kMmio;
  }
  require(found && direct, "entries of the TLBs");
}

void testLimitedTranslation(uc_engine* uc, Cpu cpu) {
  // inc eax; inc eax; inc eax; int3
  const uint8_t code[] = {0x40, 0x40, 0x40, 0xcc};
  check(uc_mem_write(uc, kCode, code, sizeof code), "uc_mem_write");
  check(uc_ctl_flush_tb(uc), "uc_ctl_flush_tb");
  cpu.nextTranslationFlags() = 2;
  uc_tb block;
  check(uc_ctl_request_cache(uc, static_cast<uint64_t>(kCode), &block), "uc_ctl_request_cache");
  require((probe.options & TranslatedBlock::kCountMask) == 2 && block.icount == 2, "limit of a translation");
  cpu.nextTranslationFlags() = ~uint32_t{0};
}

LibraryInfo prove() {
  unsigned major = 0, minor = 0;
  const unsigned version = uc_version(&major, &minor);
  const unsigned patch = version >> 8 & 0xff;
  LibraryInfo info;
  info.version = std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  if (major != 2 || minor != 1 || patch < 1 || patch > 4) {
    throw EngineError("it is version " + info.version + ", and 2.1.1 to 2.1.4 are known");
  }
  Env::tailShift = patch == 1 ? 0 : 32;
  info.layout = patch == 1 ? "2.1.1" : "2.1.2";
  info.invalidOpcodesEnd = patch != 1;
  if (libraryHandle() == nullptr) throw EngineError("libunicorn.so.2 is not the library that was loaded");
  for (const char* const* name = kNeededFunctions; *name != nullptr; ++name) {
    if (dlsym(libraryHandle(), *name) == nullptr) throw EngineError(std::string("it does not export ") + *name);
  }

  std::unique_ptr<uc_engine, CloseEngine> owner(openEngine());
  uc_engine* uc = owner.get();
  check(uc_mem_map(uc, kCode, 0x2000, UC_PROT_ALL), "uc_mem_map");
  Seen seen;
  check(uc_mmio_map(uc, kMmio, 0x1000, onRead, &seen, nullptr, nullptr), "uc_mmio_map");
  const Cpu cpu = findCpu(uc, kCode);
  seen.cpu = cpu;
  require(cpu.env() != nullptr, "the CPU object");
  const Env env(cpu.env());
  testGeneralRegisters(uc, env);
  testSystemRegisters(uc, env);
  testFloatingPoint(uc, env);
  testTranslation(uc);
  testLimitedTranslation(uc, cpu);
  testExceptions(uc, seen);
  testTlb(env);
  testFeatures(uc, env);
  return info;
}

}  // namespace

const LibraryInfo& libraryInfo() {
  static const LibraryInfo info = prove();
  return info;
}

}  // namespace decouple
