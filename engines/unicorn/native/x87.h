/** x87 instructions, run as the host's processor runs them. */
#pragma once

#include <cstdint>

#include "abi.h"
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

/** A memory operand's bytes; longer than the longest by what the host may write. */
using X87Bytes = uint8_t[16];

/**
 * Runs an instruction that is no control instruction. `operand`: what it loads, or room for what it stores. Nothing of
 * `env` is changed: `commit` does that, so that a store may fault in between.
 */
class X87Run {
 public:
  X87Run(Env env, const X87Instruction& instruction) : env_(env), x_(instruction) {}
  void run(uint8_t* operand);
  /** Whether the operand is to be stored; an exception that is not masked may suppress it. */
  bool stores() const { return stores_; }
  void commit();
  /** EFLAGS as a comparison left them. */
  uint32_t flags() const { return flags_; }

 private:
  bool runQuickly(uint8_t* operand);
  void runWhole(uint8_t* operand);
  void loadImage();
  bool conditionHolds() const;
  template <typename Call>
  void onHost(Call call);
  const uint8_t* st(unsigned index) const { return env_.x87Register(env_.x87Top() + index); }
  bool empty(unsigned index) const { return env_.x87Empty()[(env_.x87Top() + index) & 7] != 0; }
  /** Registers are left alone until `commit`: at most two change. */
  void set(unsigned physical, const uint8_t* value);

  Env env_;
  const X87Instruction& x_;
  uint16_t status_ = 0;
  uint16_t codes_ = 0;
  uint32_t flags_ = 0;
  bool stores_ = true, whole_ = false, writes_ = false, exchanges_ = false, pushes_ = false;
  /** Physical register that `value_` goes to. */
  unsigned target_ = 0;
  X87Bytes value_;
  /** As FNSAVE stores it. */
  uint8_t image_[112];
};

}  // namespace decouple
