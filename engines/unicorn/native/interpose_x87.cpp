/** x87 and SSE instructions whose results differ between implementations: the machine's result is taken. */
#include <cstring>

#include "abi.h"
#include "originals.h"
#include "simulator.h"

using decouple::Env;
using decouple::Original;
using decouple::Simulator;

extern "C" {
void* probe_access_x86_64(void* env, uint64_t address, int size, int access, int mmuIndex, uintptr_t hostAddress);
void cpu_stq_data_ra_x86_64(void* env, uint64_t address, uint64_t value, uintptr_t hostAddress);
void helper_fninit_x86_64(void* env);
}

namespace {

constexpr bool kAlways = true, kSometimes = false;
constexpr uint16_t kC1 = 0x200, kC0C2C3 = 0x4500;

enum Access { kLoad = 0, kStore = 1 };

/** Raises the page fault, if any, that accessing `size` bytes raises in the instruction at `from`. */
void touch(void* env, uint64_t address, unsigned size, Access access, uintptr_t from) {
  // The engine's translation caches: user mode, and kernel mode without SMAP.
  constexpr int kUserIndex = 1, kKernelIndex = 2;
  const int mmuIndex = (Env(env).context() & 3) == 3 ? kUserIndex : kKernelIndex;
  for (unsigned offset : {0u, size - 1}) {
    probe_access_x86_64(env, static_cast<uint32_t>(address + offset), 1, access, mmuIndex, from);
  }
}

}  // namespace

/** An instruction D9 xx of the x87: runs the engine's own, then takes the machine's result. */
#define X87_INSTRUCTION(name, opcode, required)                             \
  REPLACES void helper_##name##_x86_64(void* env) {                         \
    static Original<void(void*)> original("helper_" #name "_x86_64");       \
    original(env);                                                          \
    Simulator* simulator = Simulator::of(env);                              \
    if (simulator != nullptr) simulator->takeX87(opcode, required, CALLER); \
  }

X87_INSTRUCTION(fxam_ST0, 0xd9e5, kSometimes)
X87_INSTRUCTION(fldl2t_ST0, 0xd9e9, kSometimes)
X87_INSTRUCTION(fldl2e_ST0, 0xd9ea, kSometimes)
X87_INSTRUCTION(fldpi_ST0, 0xd9eb, kSometimes)
X87_INSTRUCTION(fldlg2_ST0, 0xd9ec, kSometimes)
X87_INSTRUCTION(fldln2_ST0, 0xd9ed, kSometimes)
X87_INSTRUCTION(f2xm1, 0xd9f0, kAlways)
X87_INSTRUCTION(fyl2x, 0xd9f1, kAlways)
X87_INSTRUCTION(fptan, 0xd9f2, kAlways)
X87_INSTRUCTION(fpatan, 0xd9f3, kAlways)
X87_INSTRUCTION(fxtract, 0xd9f4, kSometimes)
X87_INSTRUCTION(fprem1, 0xd9f5, kSometimes)
X87_INSTRUCTION(fprem, 0xd9f8, kSometimes)
X87_INSTRUCTION(fyl2xp1, 0xd9f9, kAlways)
X87_INSTRUCTION(fsqrt, 0xd9fa, kSometimes)
X87_INSTRUCTION(fsincos, 0xd9fb, kAlways)
X87_INSTRUCTION(frndint, 0xd9fc, kSometimes)
X87_INSTRUCTION(fscale, 0xd9fd, kSometimes)
X87_INSTRUCTION(fsin, 0xd9fe, kAlways)
X87_INSTRUCTION(fcos, 0xd9ff, kAlways)

/** Pushing and comparing clear C1, which says whether the stack overflowed (SDM vol. 2A, FLD, FCOM); not the library's.
 */
#define CLEARS_C1(name)                                               \
  REPLACES void helper_##name##_x86_64(void* env) {                   \
    static Original<void(void*)> original("helper_" #name "_x86_64"); \
    original(env);                                                    \
    if (Simulator::of(env) != nullptr) Env(env).x87Status() &= ~kC1;  \
  }

#define LOAD_CLEARS_C1(name, type)                                          \
  REPLACES void helper_##name##_x86_64(void* env, type value) {             \
    static Original<void(void*, type)> original("helper_" #name "_x86_64"); \
    original(env, value);                                                   \
    if (Simulator::of(env) != nullptr) Env(env).x87Status() &= ~kC1;        \
  }

CLEARS_C1(fpush)
CLEARS_C1(fcom_ST0_FT0)
CLEARS_C1(fucom_ST0_FT0)
LOAD_CLEARS_C1(flds_ST0, uint32_t)
LOAD_CLEARS_C1(fldl_ST0, uint64_t)
LOAD_CLEARS_C1(fildl_ST0, int32_t)
LOAD_CLEARS_C1(fildll_ST0, int64_t)

/**
 * Loads ten bytes from memory. The original finds the instruction that faults by its own return address, which is not
 * in generated code here, so faults are raised before it.
 */
#define LOAD_MEMORY_CLEARS_C1(name)                                             \
  REPLACES void helper_##name##_x86_64(void* env, uint64_t address) {           \
    static Original<void(void*, uint64_t)> original("helper_" #name "_x86_64"); \
    if (Simulator::of(env) == nullptr) return original(env, address);           \
    touch(env, address, 10, kLoad, CALLER);                                     \
    original(env, address);                                                     \
    Env(env).x87Status() &= ~kC1;                                               \
  }

LOAD_MEMORY_CLEARS_C1(fldt_ST0)
LOAD_MEMORY_CLEARS_C1(fbld_ST0)

/** These leave C0, C2 and C3 as they are, which the manual leaves open; the library clears them. */
#define KEEPS_C0_C2_C3(name)                                          \
  REPLACES void helper_##name##_x86_64(void* rawEnv) {                \
    static Original<void(void*)> original("helper_" #name "_x86_64"); \
    const Env env(rawEnv);                                            \
    const uint16_t kept = env.x87Status() & kC0C2C3;                  \
    original(rawEnv);                                                 \
    if (Simulator::of(rawEnv) != nullptr) env.x87Status() |= kept;    \
  }

KEEPS_C0_C2_C3(fincstp)
KEEPS_C0_C2_C3(fdecstp)

/** Clears C0 to C3, too, which the manual leaves open. */
REPLACES void helper_fclex_x86_64(void* env) {
  static Original<void(void*)> original("helper_fclex_x86_64");
  original(env);
  if (Simulator::of(env) != nullptr) Env(env).x87Status() &= ~(kC0C2C3 | kC1);
}

REPLACES uint32_t helper_fnstsw_x86_64(void* env) {
  static Original<uint32_t(void*)> original("helper_fnstsw_x86_64");
  Simulator* simulator = Simulator::of(env);
  return simulator == nullptr ? original(env) : simulator->takeX87Status(CALLER);
}

/** RCPPS and its kin: `bytes` of the destination are set. */
#define SSE_APPROXIMATION(name, opcode, bytes)                                         \
  REPLACES void helper_##name##_x86_64(void* env, void* to, void* from) {              \
    static Original<void(void*, void*, void*)> original("helper_" #name "_x86_64");    \
    original(env, to, from);                                                           \
    Simulator* simulator = Simulator::of(env);                                         \
    if (simulator == nullptr) return;                                                  \
    simulator->takeSseApproximation(opcode, static_cast<uint8_t*>(to), bytes, CALLER); \
  }

SSE_APPROXIMATION(rsqrtps, 0x0f52, 16)
SSE_APPROXIMATION(rsqrtss, 0xf352, 4)
SSE_APPROXIMATION(rcpps, 0x0f53, 16)
SSE_APPROXIMATION(rcpss, 0xf353, 4)

namespace decouple {

namespace {

/** Stores into guest memory, as the instruction at `from` would. */
class Store {
 public:
  Store(void* env, uint64_t address, uintptr_t from) : env_(env), address_(address), from_(from) {}
  /** Raises the page fault, if any, that storing `size` bytes raises, before anything is stored. */
  void touch(unsigned size) const { ::touch(env_, address_, size, kStore, from_); }
  void byte(unsigned offset, uint32_t value) const { cpu_stb_data_ra_x86_64(env_, at(offset), value, from_); }
  void word(unsigned offset, uint32_t value) const { cpu_stw_data_ra_x86_64(env_, at(offset), value, from_); }
  void dword(unsigned offset, uint32_t value) const { cpu_stl_data_ra_x86_64(env_, at(offset), value, from_); }
  void bytes(unsigned offset, const uint8_t* from, unsigned count) const {
    unsigned done = 0;
    for (; done + 8 <= count; done += 8) {
      uint64_t value;
      std::memcpy(&value, from + done, sizeof value);
      cpu_stq_data_ra_x86_64(env_, at(offset + done), value, from_);
    }
    for (; done < count; ++done) byte(offset + done, from[done]);
  }

 private:
  uint64_t at(unsigned offset) const { return static_cast<uint32_t>(address_ + offset); }
  void* env_;
  uint64_t address_;
  uintptr_t from_;
};

/** The environment of FNSTENV and FNSAVE (SDM vol. 1, 8.1.10); reserved halves are ones. */
void storeEnvironment(const Store& store, const Event& event, bool wide) {
  const auto& image = event.environment;
  if (!wide) {
    const uint32_t words[] = {image.control,      image.status,
                              image.tags,         image.codeOffset & 0xffff,
                              image.codeSelector, image.dataOffset & 0xffff,
                              image.dataSelector};
    for (unsigned i = 0; i < 7; ++i) store.word(2 * i, words[i]);
    return;
  }
  constexpr uint32_t kReserved = 0xffff0000;
  store.dword(0, kReserved | image.control);
  store.dword(4, kReserved | image.status);
  store.dword(8, kReserved | image.tags);
  store.dword(12, image.codeOffset);
  store.word(16, image.codeSelector);
  store.word(18, image.opcode);
  store.dword(20, image.dataOffset);
  store.dword(24, kReserved | image.dataSelector);
}

}  // namespace

}  // namespace decouple

REPLACES void helper_fstenv_x86_64(void* env, uint64_t address, int wide) {
  using namespace decouple;
  static Original<void(void*, uint64_t, int)> original("helper_fstenv_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) return original(env, address, wide);
  const Store store(env, address, CALLER);
  store.touch(wide != 0 ? 28 : 14);
  storeEnvironment(store, simulator->peekX87Environment(CALLER), wide != 0);
  simulator->takeX87Environment();
}

REPLACES void helper_fsave_x86_64(void* rawEnv, uint64_t address, int wide) {
  using namespace decouple;
  static Original<void(void*, uint64_t, int)> original("helper_fsave_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) return original(rawEnv, address, wide);
  const Env env(rawEnv);
  const Store store(rawEnv, address, CALLER);
  const unsigned registers = wide != 0 ? 28 : 14;
  store.touch(registers + 80);
  storeEnvironment(store, simulator->peekX87Environment(CALLER), wide != 0);
  for (unsigned i = 0; i < 8; ++i) store.bytes(registers + 10 * i, env.x87Register(env.x87Top() + i), 10);
  simulator->takeX87Environment();
  helper_fninit_x86_64(rawEnv);
}

/** The image of FXSAVE (SDM vol. 1, 10.5.1); reserved bytes are left alone. */
REPLACES void helper_fxsave_x86_64(void* rawEnv, uint64_t address) {
  using namespace decouple;
  static Original<void(void*, uint64_t)> original("helper_fxsave_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) return original(rawEnv, address);
  constexpr int kGeneralProtection = 13;
  if ((address & 15) != 0) raise_exception_err_ra_x86_64(rawEnv, kGeneralProtection, 0, CALLER);
  const Env env(rawEnv);
  const Store store(rawEnv, address, CALLER);
  store.touch(288);
  const auto& image = simulator->peekX87Environment(CALLER).environment;
  uint32_t valid = 0;
  for (unsigned i = 0; i < 8; ++i) valid |= (image.tags >> 2 * i & 3) == 3 ? 0 : 1u << i;
  store.word(0, image.control);
  store.word(2, image.status);
  store.byte(4, valid);
  store.word(6, image.opcode);
  store.dword(8, image.codeOffset);
  store.word(12, image.codeSelector);
  store.dword(16, image.dataOffset);
  store.word(20, image.dataSelector);
  store.dword(24, env.mxcsr());
  store.dword(28, image.mask);
  for (unsigned i = 0; i < 8; ++i) store.bytes(32 + 16 * i, env.x87Register(env.x87Top() + i), 10);
  for (int i = 0; i < 8; ++i) store.bytes(160 + 16 * static_cast<unsigned>(i), env.xmm(i), 16);
  simulator->takeX87Environment();
}

namespace decouple {

namespace {

/** Reserved bits of MXCSR may not be set (SDM vol. 1, 10.2.3); the library's own functions do not look. */
void checkMxcsr(void* env, uint32_t value, uintptr_t from) {
  constexpr uint32_t kReserved = 0xffff0000;
  constexpr int kGeneralProtection = 13;
  if ((value & kReserved) != 0) raise_exception_err_ra_x86_64(env, kGeneralProtection, 0, from);
}

}  // namespace

}  // namespace decouple

REPLACES void helper_ldmxcsr_x86_64(void* env, uint32_t value) {
  static Original<void(void*, uint32_t)> original("helper_ldmxcsr_x86_64");
  if (Simulator::of(env) != nullptr) decouple::checkMxcsr(env, value, CALLER);
  original(env, value);
}

REPLACES void helper_fxrstor_x86_64(void* env, uint64_t address) {
  static Original<void(void*, uint64_t)> original("helper_fxrstor_x86_64");
  if (Simulator* simulator = Simulator::of(env)) {
    constexpr uint64_t kMxcsrOffset = 24;
    decouple::checkMxcsr(env, cpu_ldl_data_ra_x86_64(env, static_cast<uint32_t>(address + kMxcsrOffset), CALLER),
                         CALLER);
    simulator->settle(CALLER);
  }
  original(env, address);
}
