#include "x87.h"

#include <cstring>

#include "flags.h"
#include "state.h"

extern "C" void helper_fldcw_x86_64(void* env, uint32_t control);

namespace decouple {

void setX87Flags(Env env, unsigned flags) {
  const bool unmasked = (flags & ~env.x87Control() & kX87Flags) != 0;
  const unsigned kept = env.x87Status() & ~unsigned{kX87Flags | kX87StackFault | kX87Summary | kX87Busy};
  const unsigned summary = unmasked ? kX87Summary | kX87Busy : 0;
  env.x87Status() = static_cast<uint16_t>(kept | (flags & (kX87Flags | kX87StackFault)) | summary);
}

void setX87FullStatus(Env env, uint16_t status) {
  env.x87Top() = status >> 11 & 7;
  env.x87Status() = status & kX87Codes;
  setX87Flags(env, status);
}

void setX87Control(Env env, uint16_t control) {
  constexpr uint16_t kSettable = 0x1f3f, kAlwaysSet = 0x40;
  // The engine works things out of it that nothing uses any more, but that should agree.
  helper_fldcw_x86_64(env.raw(), (control & kSettable) | kAlwaysSet);
  setX87Flags(env, env.x87Status());
}

void initializeX87(Env env) {
  helper_fldcw_x86_64(env.raw(), kHostX87Control);
  env.x87Status() = 0;
  env.x87Top() = 0;
  std::memset(env.x87Empty(), 1, 8);
  env.x87Opcode() = env.x87CodeSelector() = env.x87DataSelector() = 0;
  env.x87CodeOffset() = env.x87DataOffset() = 0;
}

bool x87ConditionHolds(Env env, const X87Instruction& x) {
  const uint32_t flags = readFlags(env);
  const bool carry = (flags & kCarry) != 0, zero = (flags & kZero) != 0, parity = (flags & kParity) != 0;
  const unsigned kind = x.condition >> 1;
  const bool holds = kind == 1 ? carry : kind == 2 ? zero : kind == 3 ? carry || zero : parity;
  return holds != ((x.condition & 1) != 0);
}

/** The whole state as FRSTOR loads it. Exceptions of before are left out: the host would raise them. */
void X87Run::loadImage() {
  uint16_t tags = 0;
  for (unsigned i = 0; i < 8; ++i) tags = static_cast<uint16_t>(tags | (env_.x87Empty()[i] != 0 ? 3 : 0) << 2 * i);
  std::memset(image_, 0, sizeof image_);
  const uint16_t words[] = {static_cast<uint16_t>(env_.x87Control() | 0x40),
                            0,
                            static_cast<uint16_t>(x87FullStatus(env_) & (kX87Codes | kX87TopMask)),
                            0,
                            tags,
                            0};
  std::memcpy(image_, words, sizeof words);
  for (unsigned i = 0; i < 8; ++i) std::memcpy(image_ + 28 + 10 * i, env_.x87Register(env_.x87Top() + i), 10);
}

void X87Run::run(uint8_t* operand) {
  // A conditional move is run as one that depends on CF.
  const bool conditional = x_.shape == X87Shape::kConditionalMove;
  const uint32_t carry = x87ConditionHolds(env_, x_) ? uint32_t{kCarry} : 0;
  const uint32_t flags = conditional ? carry : readFlags(env_) & kStatusFlags;
  if (x_.shape != X87Shape::kStore) {
    loadImage();
    flags_ = x87_host_whole(operand, image_, x_.whole, flags);
  } else {
    // What is not stored stays whatever it was.
    stores_ = false;
    constexpr uint8_t kFillings[] = {0x5a, 0xa5};
    for (const uint8_t filling : kFillings) {
      std::memset(operand, filling, sizeof(X87Bytes));
      loadImage();
      flags_ = x87_host_whole(operand, image_, x_.whole, 0);
      for (unsigned i = 0; i < x_.size; ++i) stores_ = stores_ || operand[i] != filling;
      if (stores_) break;
    }
  }
  std::memcpy(&status_, image_ + 4, sizeof status_);
}

void X87Run::commit() {
  uint16_t tags;
  std::memcpy(&tags, image_ + 8, sizeof tags);
  env_.x87Top() = status_ >> 11 & 7;
  for (unsigned i = 0; i < 8; ++i) {
    env_.x87Empty()[i] = (tags >> 2 * i & 3) == 3 ? 1 : 0;
    std::memcpy(env_.x87Register(env_.x87Top() + i), image_ + 28 + 10 * i, 10);
  }
  noteX87Status(env_, x_, status_, exact_);
}

}  // namespace decouple
