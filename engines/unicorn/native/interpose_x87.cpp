/** The FPU's state in memory, and where x87 and MMX instructions call the engine's helpers. */
#include <cstring>

#include "abi.h"
#include "guest_memory.h"
#include "originals.h"
#include "simulator.h"
#include "x87.h"

using decouple::Env;
using decouple::Original;
using decouple::Simulator;

namespace {

constexpr int kGeneralProtection = 13, kFloatingPoint = 16;

/** Reserved bits of MXCSR may not be set (SDM vol. 1, 10.2.3); the library's own functions do not look. */
void checkMxcsr(void* env, uint32_t value, uintptr_t from) {
  constexpr uint32_t kReserved = 0xffff0000;
  if ((value & kReserved) != 0) raise_exception_err_ra_x86_64(env, kGeneralProtection, 0, from);
}

}  // namespace

/** FCOMI, FUCOMI and those that pop. */
REPLACES void helper_fucomi_ST0_FT0_x86_64(void* env) {
  static Original<void(void*)> original("helper_fucomi_ST0_FT0_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) return original(env);
  simulator->compareX87Flags(CALLER);
}

/** Called before every MMX instruction but EMMS; the library leaves bits 64 to 79 of what is written. */
REPLACES void helper_enter_mmx_x86_64(void* env) {
  static Original<void(void*)> original("helper_enter_mmx_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) return original(env);
  simulator->enterMmx(CALLER);
}

REPLACES void helper_emms_x86_64(void* rawEnv) {
  static Original<void(void*)> original("helper_emms_x86_64");
  constexpr uint64_t kNumericError = 0x20;
  const Env env(rawEnv);
  if (Simulator::of(rawEnv) != nullptr) {
    if ((env.x87Status() & decouple::kX87Summary) != 0 && (env.cr(0) & kNumericError) != 0) {
      raise_exception_err_ra_x86_64(rawEnv, kFloatingPoint, 0, CALLER);
    }
    env.x87Top() = 0;
  }
  original(rawEnv);
}

/** The image of FXSAVE (SDM vol. 1, 10.5.1); reserved bytes are left alone. */
REPLACES void helper_fxsave_x86_64(void* rawEnv, uint64_t address) {
  using namespace decouple;
  static Original<void(void*, uint64_t)> original("helper_fxsave_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) return original(rawEnv, address);
  if ((address & 15) != 0) raise_exception_err_ra_x86_64(rawEnv, kGeneralProtection, 0, CALLER);
  const Env env(rawEnv);
  const GuestMemory memory(env, CALLER);
  const uint32_t at = static_cast<uint32_t>(address);
  constexpr unsigned kSize = 288, kRegisters = 32, kXmm = 160;
  memory.touch(at, kSize, kAccessStore);
  const auto& image = simulator->peekX87Environment(CALLER).environment;
  uint8_t head[kRegisters];
  memory.load(at, head, sizeof head);
  uint8_t valid = 0;
  for (unsigned i = 0; i < 8; ++i) valid |= (image.tags >> 2 * i & 3) == 3 ? 0 : 1u << i;
  std::memcpy(head, &image.control, 2);
  std::memcpy(head + 2, &image.status, 2);
  head[4] = valid;
  std::memcpy(head + 6, &image.opcode, 2);
  std::memcpy(head + 8, &image.codeOffset, 4);
  std::memcpy(head + 12, &image.codeSelector, 2);
  std::memcpy(head + 16, &image.dataOffset, 4);
  std::memcpy(head + 20, &image.dataSelector, 2);
  std::memcpy(head + 24, &env.mxcsr(), 4);
  std::memcpy(head + 28, &image.mask, 4);
  memory.store(at, head, sizeof head);
  for (unsigned i = 0; i < 8; ++i) memory.store(at + kRegisters + 16 * i, env.x87Register(env.x87Top() + i), 10);
  for (int i = 0; i < 8; ++i) memory.store(at + kXmm + 16 * static_cast<unsigned>(i), env.xmm(i), 16);
  simulator->takeX87Environment();
}

REPLACES void helper_ldmxcsr_x86_64(void* env, uint32_t value) {
  static Original<void(void*, uint32_t)> original("helper_ldmxcsr_x86_64");
  if (Simulator::of(env) != nullptr) checkMxcsr(env, value, CALLER);
  original(env, value);
}

REPLACES void helper_fxrstor_x86_64(void* rawEnv, uint64_t address) {
  using namespace decouple;
  static Original<void(void*, uint64_t)> original("helper_fxrstor_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) return original(rawEnv, address);
  if ((address & 15) != 0) raise_exception_err_ra_x86_64(rawEnv, kGeneralProtection, 0, CALLER);
  const Env env(rawEnv);
  uint8_t image[288];
  GuestMemory(env, CALLER).load(static_cast<uint32_t>(address), image, sizeof image);
  uint16_t words[4];
  uint32_t mxcsr;
  std::memcpy(words, image, sizeof words);
  std::memcpy(&mxcsr, image + 24, sizeof mxcsr);
  checkMxcsr(rawEnv, mxcsr, CALLER);
  env.x87Status() = 0;
  setX87Control(env, words[0]);
  setX87FullStatus(env, words[1]);
  for (unsigned i = 0; i < 8; ++i) {
    env.x87Empty()[i] = (image[4] >> i & 1) ^ 1;
    std::memcpy(env.x87Register(env.x87Top() + i), image + 32 + 16 * i, 10);
  }
  env.x87Opcode() = words[3] & 0x7ff;
  uint32_t pointers[4];
  std::memcpy(pointers, image + 8, sizeof pointers);
  env.x87CodeOffset() = pointers[0];
  env.x87CodeSelector() = static_cast<uint16_t>(pointers[1]);
  env.x87DataOffset() = pointers[2];
  env.x87DataSelector() = static_cast<uint16_t>(pointers[3]);
  helper_ldmxcsr_x86_64(rawEnv, mxcsr);
  for (int i = 0; i < 8; ++i) std::memcpy(env.xmm(i), image + 160 + 16 * i, 16);
}

/** MASKMOVQ and MASKMOVDQU: the machine, like many processors, asks for all bytes, stored or not. */
REPLACES void helper_maskmov_mmx_x86_64(void* env, void* value, void* mask, uint64_t address) {
  static Original<void(void*, void*, void*, uint64_t)> original("helper_maskmov_mmx_x86_64");
  using namespace decouple;
  if (Simulator::of(env) != nullptr)
    GuestMemory(Env(env), CALLER).touch(static_cast<uint32_t>(address), 8, kAccessStore);
  original(env, value, mask, address);
}

REPLACES void helper_maskmov_xmm_x86_64(void* env, void* value, void* mask, uint64_t address) {
  static Original<void(void*, void*, void*, uint64_t)> original("helper_maskmov_xmm_x86_64");
  using namespace decouple;
  if (Simulator::of(env) != nullptr)
    GuestMemory(Env(env), CALLER).touch(static_cast<uint32_t>(address), 16, kAccessStore);
  original(env, value, mask, address);
}
