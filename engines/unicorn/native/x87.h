/** x87 instructions, run as the host's processor runs them. */
#pragma once

#include <cstdint>

#include "abi.h"
#include "guest_memory.h"
#include "x87_decode.h"

namespace decouple {

/** Bits of the status word (SDM vol. 1, 8.1.3). */
enum X87Status : uint16_t {
  kX87Flags = 0x3f,
  kX87StackFault = 0x40,
  kX87Summary = 0x80,
  kX87C1 = 0x200,
  kX87Codes = 0x4700,
  kX87TopMask = 0x3800,
  kX87Busy = 0x8000,
};

/** The status word with TOP, as instructions store it. */
inline uint16_t x87FullStatus(Env env) {
  return static_cast<uint16_t>((env.x87Status() & ~kX87TopMask) | (env.x87Top() & 7) << 11);
}
/** Sets the exception flags, and with them the bits that say whether one of them is not masked. */
void setX87Flags(Env env, unsigned flags);
void setX87FullStatus(Env env, uint16_t status);
void setX87Control(Env env, uint16_t control);
void initializeX87(Env env);

/** Whether FCMOVcc moves. */
bool x87ConditionHolds(Env env, const X87Instruction& x);

/**
 * Of the flags in the status word `after` an instruction those that the guest is to see. Machines without exact
 * exceptions say when they divide by zero, and when the stack has no place.
 */
inline unsigned x87FlagsAfter(unsigned after, bool exact) {
  constexpr unsigned kInvalid = 0x1, kZeroDivide = 0x4;
  if (exact) return after & (kX87Flags | kX87StackFault);
  return (after & kX87StackFault) != 0 ? kX87StackFault | kInvalid : after & kZeroDivide;
}

/** Takes an instruction's flags and condition codes over from the status word after it. */
inline void noteX87Status(Env env, const X87Instruction& x, unsigned after, bool exact) {
  const unsigned before = env.x87Status(), flags = x87FlagsAfter(after, exact);
  unsigned codes = x.codes;
  if ((flags & kX87StackFault) != 0) {
    codes |= kX87C1;
  } else if (!exact && x.shape <= X87Shape::kStore) {
    codes &= ~unsigned{kX87C1};
  }
  env.x87Status() = static_cast<uint16_t>((before & ~codes) | (after & codes));
  if (__builtin_expect((flags & ~before) != 0, 0)) setX87Flags(env, before | flags);
}

/** A memory operand's bytes; longer than the longest by what the host may write. */
using X87Bytes = uint8_t[16];

/**
 * Runs an instruction of the usual kinds at once: exceptions are masked, registers read are full, and one that is
 * pushed to is empty. False, and nothing done, where something is unusual. EFLAGS go to `flags`, from comparisons.
 */
bool runX87Quickly(Env env, const X87Instruction& x, const GuestMemory& memory, uint32_t linear, bool exact,
                   uint32_t* flags);

/**
 * Runs an instruction that is no control instruction with the whole state. `operand`: what it loads, or room for what
 * it stores. Nothing of `env` is changed: `commit` does that, so that a store may fault in between.
 */
class X87Run {
 public:
  /** `exact`: with flags and exceptions as a processor has them (see Simulator). */
  X87Run(Env env, const X87Instruction& instruction, bool exact)
      : env_(env), x_(instruction), exact_(exact), control_(env.x87Control() | (exact ? kAlwaysSet : kAllMasked)) {}
  void run(uint8_t* operand);
  /** Whether the operand is to be stored; an exception that is not masked may suppress it. */
  bool stores() const { return stores_; }
  void commit();
  /** EFLAGS as a comparison left them. */
  uint32_t flags() const { return flags_; }

 private:
  static constexpr uint16_t kAlwaysSet = 0x40, kAllMasked = 0x7f;
  void loadImage();

  Env env_;
  const X87Instruction& x_;
  bool exact_;
  uint16_t control_;
  uint16_t status_ = 0;
  uint32_t flags_ = 0;
  bool stores_ = true;
  /** As FNSAVE stores it. */
  uint8_t image_[112];
};

}  // namespace decouple
