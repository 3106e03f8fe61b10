/**
 * Instructions that take a value from outside the CPU, or that the engine leaves to its user: these definitions stand
 * in the place of the library's own. Where no simulator runs (while an engine is set up) the library's is called.
 */
#include <cstring>

#include "abi.h"
#include "guest_memory.h"
#include "hooks.h"
#include "originals.h"
#include "simulator.h"

using decouple::Env;
using decouple::Original;
using decouple::Simulator;

extern "C" {
void helper_check_iob_x86_64(void* env, uint32_t port);
void helper_check_iow_x86_64(void* env, uint32_t port);
void helper_check_iol_x86_64(void* env, uint32_t port);
}

namespace decouple {

[[noreturn]] void originalLoopExit(void* cpu) {
  static Original<void(void*)> original("cpu_loop_exit_noexc_x86_64");
  original(cpu);
  __builtin_unreachable();
}

namespace {

constexpr uint8_t kGeneralProtection = 13;

/**
 * Raises #GP where the task may not use the port (SDM vol. 1, 19.5); the translator leaves this to its user. The TSS is
 * asked only above IOPL, and in virtual-8086 mode.
 */
void checkPort(Simulator& simulator, void* rawEnv, uint32_t port, unsigned size, uintptr_t from) {
  const Env env(rawEnv);
  const uint32_t privilege = env.context() & 3;
  const uint32_t allowed = static_cast<uint32_t>(env.eflags()) >> 12 & 3;
  if ((env.cr(0) & 1) == 0 || (privilege <= allowed && (env.eflags() & kVirtual8086) == 0)) return;
  simulator.settle(from);
  const auto check = size == 1   ? helper_check_iob_x86_64
                     : size == 2 ? helper_check_iow_x86_64
                                 : helper_check_iol_x86_64;
  check(rawEnv, port & 0xffff);
}

uint64_t readPort(void* env, uint32_t port, unsigned size, uintptr_t from) {
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) return 0;
  checkPort(*simulator, env, port, size, from);
  return simulator->takePort(static_cast<uint16_t>(port), size, from);
}

/** What goes out reaches no device. */
void writePort(void* env, uint32_t port, unsigned size, uintptr_t from) {
  Simulator* simulator = Simulator::of(env);
  if (simulator != nullptr) checkPort(*simulator, env, port, size, from);
}

/** A flat segment as SYSENTER loads it (SDM vol. 2B, SYSENTER). */
void loadFlat(SegmentCache segment, uint32_t selector, uint32_t type) {
  constexpr uint32_t kPresent = 0x8000, kCodeOrData = 0x1000, kBig = 0x400000, kGranular = 0x800000;
  segment.selector() = selector;
  segment.base() = 0;
  segment.limit() = 0xffffffff;
  segment.flags() = kGranular | kBig | 0xf0000 | kPresent | kCodeOrData | type << 8;
}

}  // namespace

}  // namespace decouple

REPLACES uint64_t helper_inb_x86_64(void* env, uint32_t port) { return decouple::readPort(env, port, 1, CALLER); }
REPLACES uint64_t helper_inw_x86_64(void* env, uint32_t port) { return decouple::readPort(env, port, 2, CALLER); }
REPLACES uint64_t helper_inl_x86_64(void* env, uint32_t port) { return decouple::readPort(env, port, 4, CALLER); }

REPLACES void helper_outb_x86_64(void* env, uint32_t port, uint32_t) { decouple::writePort(env, port, 1, CALLER); }
REPLACES void helper_outw_x86_64(void* env, uint32_t port, uint32_t) { decouple::writePort(env, port, 2, CALLER); }
REPLACES void helper_outl_x86_64(void* env, uint32_t port, uint32_t) { decouple::writePort(env, port, 4, CALLER); }

/**
 * CMPXCHG8B changes ZF alone. The library's own works the other flags out from what they were at the beginning of the
 * block, as the translator does not tell it better; so they are brought up to date first.
 */
REPLACES void helper_cmpxchg8b_unlocked_x86_64(void* env, uint64_t address) {
  static Original<void(void*, uint64_t)> original("helper_cmpxchg8b_unlocked_x86_64");
  if (Simulator* simulator = Simulator::of(env)) simulator->settle(CALLER);
  original(env, address);
}

/** INTO, and the instructions that are translated as if they were (see interpose_translate.cpp). */
REPLACES void helper_into_x86_64(void* env, int length) {
  static Original<void(void*, int)> original("helper_into_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr || !simulator->runReplaced(CALLER)) original(env, length);
}

/** Called by RDTSC and RDTSCP after the checks of CR4.TSD. */
REPLACES uint64_t cpu_get_tsc_x86_64(void* env) {
  Simulator* simulator = Simulator::of(env);
  return simulator == nullptr ? 0 : simulator->takeTsc(0);
}

REPLACES void helper_cpuid_x86_64(void* env) {
  static Original<void(void*)> original("helper_cpuid_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) {
    original(env);
  } else {
    simulator->takeCpuid(CALLER);
  }
}

REPLACES void helper_rdmsr_x86_64(void* env) {
  static Original<void(void*)> original("helper_rdmsr_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) {
    original(env);
  } else {
    simulator->takeMsr(CALLER);
  }
}

/** After an instruction that ran with the trap flag set. */
REPLACES void helper_single_step_x86_64(void* env) {
  static Original<void(void*)> original("helper_single_step_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) {
    original(env);
    return;
  }
  simulator->afterStep();
}

/** RDRAND, and what is shown to the translator as such. */
REPLACES uint64_t helper_rdrand_x86_64(void* env) {
  Simulator* simulator = Simulator::of(env);
  return simulator == nullptr ? 0 : simulator->runShownAsRandom(CALLER);
}

/** The image of EFLAGS that PUSHF stores. */
REPLACES uint64_t helper_read_eflags_x86_64(void* env) {
  static Original<uint64_t(void*)> original("helper_read_eflags_x86_64");
  Simulator* simulator = Simulator::of(env);
  return simulator == nullptr ? original(env) : simulator->takePushedFlags(CALLER);
}

REPLACES void helper_hlt_x86_64(void* rawEnv, int length) {
  static Original<void(void*, int)> original("helper_hlt_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) {
    original(rawEnv, length);
    return;
  }
  simulator->halt(static_cast<uint32_t>(Env(rawEnv).eip()) + static_cast<uint32_t>(length));
}

/** The library's leaves its main loop. */
REPLACES void helper_pause_x86_64(void* rawEnv, int length) {
  static Original<void(void*, int)> original("helper_pause_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) {
    original(rawEnv, length);
    return;
  }
  simulator->leaveAt(static_cast<uint32_t>(Env(rawEnv).eip()) + static_cast<uint32_t>(length));
}

/**
 * On its way into and out of its main loop the library works out the status flags; a simulator keeps them as they are,
 * which it knows to read.
 */
REPLACES void x86_cpu_exec_enter_x86_64(void* cpu) {
  static Original<void(void*)> original("x86_cpu_exec_enter_x86_64");
  if (Simulator::of(decouple::Cpu(cpu).env()) == nullptr) original(cpu);
}
REPLACES void x86_cpu_exec_exit_x86_64(void* cpu) {
  static Original<void(void*)> original("x86_cpu_exec_exit_x86_64");
  if (Simulator::of(decouple::Cpu(cpu).env()) == nullptr) original(cpu);
}

/** The library takes a null selector. */
REPLACES void helper_ltr_x86_64(void* env, int selector) {
  static Original<void(void*, int)> original("helper_ltr_x86_64");
  const bool null = (selector & 0xfffc) == 0;
  if (null && Simulator::of(env) != nullptr)
    raise_exception_err_ra_x86_64(env, decouple::kGeneralProtection, 0, CALLER);
  original(env, selector);
}

/** The library only calls a hook. */
REPLACES void helper_sysenter_x86_64(void* rawEnv, int) {
  using namespace decouple;
  constexpr uint32_t kExecuteReadAccessed = 0xb, kReadWriteAccessed = 0x3;
  const Env env(rawEnv);
  const uint32_t selector = env.sysenterCs() & 0xfffc;
  if (selector == 0) raise_exception_err_ra_x86_64(rawEnv, kGeneralProtection, 0, CALLER);
  loadFlat(env.segment(kCs), selector, kExecuteReadAccessed);
  loadFlat(env.segment(kSs), (selector + 8) & 0xffff, kReadWriteAccessed);
  env.eflags() &= ~static_cast<uint64_t>(kVirtual8086 | kInterrupt);
  refreshContext(env, 0);
  env.gpr(kEsp) = static_cast<uint32_t>(env.sysenterEsp());
  env.eip() = static_cast<uint32_t>(env.sysenterEip());
}

/** The engine cannot go on, and would end the process. */
REPLACES __attribute__((noreturn)) void cpu_abort_x86_64(void* cpu, const char* format, ...) {
  static Original<void(void*, const char*)> original("cpu_abort_x86_64");
  Simulator* simulator = Simulator::running();
  if (simulator == nullptr) {
    original(cpu, "%s");
    abort();
  }
  simulator->noteDivergence("the simulator gave up", "execution", format, 0);
  simulator->stop(decouple::Stop::kDiverged);
}

/**
 * MOV to a debug register: it arms nothing. DR4 and DR5 are #UD with CR4.DE, else other names of DR6 and DR7, which
 * have bits that are always ones or zeros (SDM vol. 3B, 17.2).
 */
REPLACES void helper_set_dr_x86_64(void* rawEnv, int number, uint64_t value) {
  static Original<void(void*, int, uint64_t)> original("helper_set_dr_x86_64");
  Simulator* simulator = Simulator::of(rawEnv);
  if (simulator == nullptr) return original(rawEnv, number, value);
  constexpr int kInvalidOpcode = 6;
  constexpr uint64_t kDebuggingExtensions = 8;
  const Env env(rawEnv);
  if (number == 4 || number == 5) {
    if ((env.cr(4) & kDebuggingExtensions) != 0) raise_exception_err_ra_x86_64(rawEnv, kInvalidOpcode, 0, CALLER);
    number += 2;
  }
  uint32_t kept = static_cast<uint32_t>(value);
  if (number == 6) kept = (kept & 0xe00f) | 0xffff0ff0;
  if (number == 7) kept = (kept & ~0xd800u) | 0x400;
  env.dr(number) = kept;
}

namespace decouple {

namespace {

/** MOV to CR0 and LMSW make CS's access byte that of readable code at privilege level 0. */
void refreshCodeAccess(void* rawEnv) {
  constexpr uint32_t kAccess = 0xff00, kReadableCode = 0x9a00;
  if (Simulator::of(rawEnv) == nullptr) return;
  const SegmentCache cs = Env(rawEnv).segment(kCs);
  cs.flags() = (cs.flags() & ~kAccess) | kReadableCode;
}

}  // namespace

}  // namespace decouple

REPLACES void helper_write_crN_x86_64(void* env, int number, uint64_t value) {
  static Original<void(void*, int, uint64_t)> original("helper_write_crN_x86_64");
  original(env, number, value);
  if (number == 0) decouple::refreshCodeAccess(env);
  if (number == 4 && Simulator::of(env) != nullptr) Env(env).context() |= decouple::kContextSse;
}

REPLACES void helper_lmsw_x86_64(void* env, uint64_t value) {
  static Original<void(void*, uint64_t)> original("helper_lmsw_x86_64");
  original(env, value);
  decouple::refreshCodeAccess(env);
}

extern "C" {
void helper_write_eflags_x86_64(void* env, uint64_t flags, uint32_t changed);
}

namespace decouple {

namespace {

using FarReturn = Original<void(void*, int, int)>;

FarReturn& farReturn() {
  static FarReturn original("helper_lret_protected_x86_64");
  return original;
}

/** VIF and VIP, which POPF clears. */
constexpr uint64_t kVirtualInterrupts = 0x180000;

/** On the way to a level with fewer privileges, null selectors become 0. */
void clearNullSelectors(Env env, uint32_t before) {
  constexpr uint32_t kNull = 0xfffc;
  if ((env.context() & kContextCpl) <= before || (env.eflags() & kVirtual8086) != 0) return;
  for (const int i : {kEs, kDs, kFs, kGs}) {
    const SegmentCache segment = env.segment(i);
    if ((segment.selector() & kNull) == 0) segment.selector() = 0;
  }
}

/**
 * IRET in protected mode (SDM vol. 2A, IRET). The library takes VM from the image at any level, as only level 0 may;
 * there it is done as a far return that drops the image. And RF is kept: the machine has none, and an instruction later
 * it would be 0 again.
 */
void returnFromInterrupt(Simulator& simulator, Env env, int shift, int next, uintptr_t from) {
  static Original<void(void*, int, int)> original("helper_iret_protected_x86_64");
  constexpr uint32_t kChanged = kTrap | kNestedTask | kAlignmentCheck | kIdentification;
  const uint32_t level = env.context() & kContextCpl;
  const bool nested = (env.eflags() & kNestedTask) != 0;
  if (level != 0 && shift == 1 && !nested) {
    const uint32_t stackMask = (env.context() & kContextStack32) != 0 ? 0xffffffff : 0xffff;
    const uint32_t at = (env.gpr32(kEsp) + 8) & stackMask;
    uint32_t image;
    GuestMemory(env, from).load(static_cast<uint32_t>(env.segment(kSs).base() + at), &image, sizeof image);
    if ((image & kVirtual8086) != 0) {
      const bool mayEnable = level <= (env.eflags() >> 12 & 3);
      simulator.settle(from);
      farReturn()(env.raw(), shift, sizeof image);
      helper_write_eflags_x86_64(env.raw(), image, kChanged | (mayEnable ? uint32_t{kInterrupt} : 0));
      return;
    }
  }
  uint32_t pending = 0;
  if (level == 0 && shift == 1 && !nested) {
    const uint32_t stackMask = (env.context() & kContextStack32) != 0 ? 0xffffffff : 0xffff;
    const uint32_t at = static_cast<uint32_t>(env.segment(kSs).base()) + ((env.gpr32(kEsp) + 8) & stackMask);
    GuestMemory(env, from).load(at, &pending, sizeof pending);
  }
  simulator.settle(from);
  original(env.raw(), shift, next);
  env.eflags() &= ~uint64_t{kResume};
  if (!nested) {
    // The library keeps VIF and VIP, or takes them where virtual-8086 mode is entered.
    const bool stays = shift == 1 && (env.context() & kContextCpl) == 0 && (env.eflags() & kVirtual8086) == 0;
    env.eflags() = (env.eflags() & ~kVirtualInterrupts) | (stays ? pending & kVirtualInterrupts : 0);
  }
  if (!nested) clearNullSelectors(env, level);
}

/** Bits 16 to 19 of what LAR gives: the machine and many processors give those of the limit. */
uint64_t withLimit(const Simulator& simulator, Env env, uint32_t selector, uint64_t access) {
  constexpr uint32_t kLimit = 0xf0000, kLocal = 4;
  const uint64_t table = (selector & kLocal) != 0 ? env.ldtr().base() : env.gdtr().base();
  uint32_t upper = 0;
  uint8_t bytes[sizeof upper];
  if (simulator.readCode(static_cast<uint32_t>(table + (selector & 0xfff8) + 4), bytes, sizeof bytes) != sizeof bytes) {
    return access;
  }
  std::memcpy(&upper, bytes, sizeof upper);
  return access | (upper & kLimit);
}

}  // namespace

}  // namespace decouple

REPLACES void helper_write_eflags_x86_64(void* env, uint64_t value, uint32_t changed) {
  static Original<void(void*, uint64_t, uint32_t)> original("helper_write_eflags_x86_64");
  original(env, value, changed);
  if (Simulator::of(env) == nullptr || (Env(env).eflags() & decouple::kVirtual8086) != 0) return;
  Env(env).eflags() &= ~decouple::kVirtualInterrupts;
}

REPLACES void helper_iret_protected_x86_64(void* env, int shift, int next) {
  static Original<void(void*, int, int)> original("helper_iret_protected_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) return original(env, shift, next);
  decouple::returnFromInterrupt(*simulator, Env(env), shift, next, CALLER);
}

REPLACES void helper_iret_real_x86_64(void* env, int shift) {
  static Original<void(void*, int)> original("helper_iret_real_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator != nullptr) simulator->settle(CALLER);
  original(env, shift);
  if (simulator != nullptr) Env(env).eflags() &= ~uint64_t{decouple::kResume};
}

/** RETF, and what is shown as RETF. The library takes what is dropped for a number with a sign. */
REPLACES void helper_lret_protected_x86_64(void* env, int shift, int dropped) {
  Simulator* simulator = Simulator::of(env);
  if (simulator != nullptr) {
    if (simulator->returnNear(CALLER)) return;
    simulator->settle(CALLER);
    dropped &= 0xffff;
  }
  const uint32_t level = Env(env).context() & decouple::kContextCpl;
  decouple::farReturn()(env, shift, dropped);
  if (simulator != nullptr) decouple::clearNullSelectors(Env(env), level);
}

REPLACES uint64_t helper_lar_x86_64(void* env, uint64_t selector) {
  static Original<uint64_t(void*, uint64_t)> original("helper_lar_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator != nullptr) simulator->settle(CALLER);
  const uint64_t access = original(env, selector);
  const bool given = (Env(env).lazySource() & decouple::kZero) != 0;
  if (simulator == nullptr || !given) return access;
  return decouple::withLimit(*simulator, Env(env), static_cast<uint32_t>(selector), access);
}
