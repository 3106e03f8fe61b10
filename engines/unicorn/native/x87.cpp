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

void X87Run::run(uint8_t* operand) {
  if (!runQuickly(operand)) runWhole(operand);
}

/**
 * Flags of earlier calculations, host code's too, stay in the host's status word. That does no harm while the guest's
 * has them as well; where it has not, they are cleared and the code is run again.
 */
template <typename Call>
void X87Run::onHost(Call call) {
  const uint16_t control = env_.x87Control() | 0x40;
  const bool usual = control == kHostX87Control;
  if (!usual) loadHostX87Control(control);
  status_ = call();
  if ((status_ & ~env_.x87Status() & kX87Flags) != 0) {
    clearHostX87Exceptions();
    status_ = call();
  }
  if (!usual) loadHostX87Control(kHostX87Control);
}

void X87Run::set(unsigned index, const uint8_t* value) {
  target_ = (env_.x87Top() + index) & 7;
  writes_ = true;
  if (value != value_) std::memcpy(value_, value, 10);
}

/** What is usual: exceptions are masked, registers read are full, and those written by a push empty. */
bool X87Run::runQuickly(uint8_t* operand) {
  if ((env_.x87Control() & kX87Flags) != kX87Flags) return false;
  const unsigned other = x_.other;
  codes_ = x_.codes;
  switch (x_.shape) {
    case X87Shape::kPush:
      if (!empty(7)) return false;
      if (x_.opcode >> 8 == 0xdb && x_.size == 10) {
        status_ = 0;
        set(7, operand);
      } else {
        onHost([&] { return x87_host_push(operand, nullptr, x_.code, value_); });
        set(7, value_);
      }
      pushes_ = true;
      return true;
    case X87Shape::kPushRegister:
      if (!empty(7) || empty(other)) return false;
      status_ = 0;
      set(7, st(other));
      pushes_ = true;
      return true;
    default:
      break;
  }
  if (empty(0)) return false;
  switch (x_.shape) {
    case X87Shape::kUnary:
      onHost([&] { return x87_host_unary(operand, st(0), x_.code, value_); });
      set(0, value_);
      return true;
    case X87Shape::kCompare:
      onHost([&] { return x87_host_unary(operand, st(0), x_.code, value_); });
      return true;
    case X87Shape::kStore:
      if (x_.opcode >> 8 == 0xdb && x_.size == 10) {
        status_ = 0;
        std::memcpy(operand, st(0), 10);
      } else {
        onHost([&] { return x87_host_pop(operand, st(0), x_.code); });
      }
      return true;
    case X87Shape::kStoreRegister:
      status_ = 0;
      set(other, st(0));
      return true;
    default:
      break;
  }
  if (empty(other)) return false;
  switch (x_.shape) {
    case X87Shape::kBinary:
      onHost([&] { return x87_host_binary(st(other), st(0), x_.code, value_); });
      set(0, value_);
      return true;
    case X87Shape::kReverse:
      onHost([&] { return x87_host_reverse(st(other), st(0), x_.code, value_); });
      set(other, value_);
      return true;
    case X87Shape::kCompareRegister:
      onHost([&] { return x87_host_binary(st(other), st(0), x_.code, value_); });
      return true;
    case X87Shape::kCompareFlags:
      onHost([&] { return x87_host_compare(st(other), st(0), x_.code, &flags_); });
      return true;
    case X87Shape::kExchange:
      status_ = 0;
      exchanges_ = true;
      return true;
    case X87Shape::kConditionalMove:
      status_ = 0;
      if (conditionHolds()) set(0, st(other));
      return true;
    default:
      return false;
  }
}

bool X87Run::conditionHolds() const {
  const uint32_t flags = readFlags(env_);
  const bool carry = (flags & kCarry) != 0, zero = (flags & kZero) != 0, parity = (flags & kParity) != 0;
  const unsigned kind = x_.condition >> 1;
  const bool holds = kind == 1 ? carry : kind == 2 ? zero : kind == 3 ? carry || zero : parity;
  return holds != ((x_.condition & 1) != 0);
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
  for (unsigned i = 0; i < 8; ++i) std::memcpy(image_ + 28 + 10 * i, st(i), 10);
}

void X87Run::runWhole(uint8_t* operand) {
  whole_ = true;
  // A conditional move is run as one that depends on CF.
  const bool conditional = x_.shape == X87Shape::kConditionalMove;
  const uint32_t carry = conditionHolds() ? uint32_t{kCarry} : 0;
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
  codes_ = x_.codes | ((status_ & kX87StackFault) != 0 ? kX87C1 : 0);
}

void X87Run::commit() {
  const unsigned before = env_.x87Status();
  const unsigned top = env_.x87Top();
  if (whole_) {
    uint16_t tags;
    std::memcpy(&tags, image_ + 8, sizeof tags);
    env_.x87Top() = status_ >> 11 & 7;
    for (unsigned i = 0; i < 8; ++i) {
      env_.x87Empty()[i] = (tags >> 2 * i & 3) == 3 ? 1 : 0;
      std::memcpy(env_.x87Register(env_.x87Top() + i), image_ + 28 + 10 * i, 10);
    }
  } else {
    if (exchanges_) {
      std::memcpy(value_, st(0), 10);
      std::memcpy(env_.x87Register(top), st(x_.other), 10);
      std::memcpy(env_.x87Register(top + x_.other), value_, 10);
    }
    if (writes_) {
      std::memcpy(env_.x87Register(target_), value_, 10);
      env_.x87Empty()[target_] = 0;
    }
    if (pushes_) env_.x87Top() = (top - 1) & 7;
    for (unsigned i = 0; i < x_.pops; ++i) {
      env_.x87Empty()[env_.x87Top() & 7] = 1;
      env_.x87Top() = (env_.x87Top() + 1) & 7;
    }
  }
  const unsigned codes = (before & ~unsigned{codes_}) | (status_ & codes_);
  env_.x87Status() = static_cast<uint16_t>(codes & ~unsigned{kX87TopMask});
  const unsigned flags = status_ & (kX87Flags | kX87StackFault);
  if ((flags & ~before) != 0) setX87Flags(env_, before | flags);
}

}  // namespace decouple
