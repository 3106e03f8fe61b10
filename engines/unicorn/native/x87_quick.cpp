#include <cstring>

#include "x87.h"

namespace decouple {

namespace {

/** The registers as an instruction sees them. `kUsual`: the guest's control word is the one that the host runs with. */
template <bool kUsual>
class Quick {
 public:
  Quick(Env env, const X87Instruction& x, bool exact, uint16_t control)
      : env_(env), x_(x), exact_(exact), control_(control), top_(env.x87Top() & 7), empty_(env.x87Empty()) {}

  uint8_t* st(unsigned index) const { return empty_ + kRegisters + 16 * ((top_ + index) & 7); }
  uint8_t& empty(unsigned index) const { return empty_[(top_ + index) & 7]; }

  /**
   * Flags of earlier calculations, host code's too, stay in the host's status word. That does no harm while the guest's
   * has them as well; where it has not, they are cleared and the code is run again.
   */
  template <typename Call>
  __attribute__((always_inline)) void calculate(Call call) {
    if (!kUsual) loadHostX87Control(control_);
    after_ = call();
    if (__builtin_expect((x87FlagsAfter(after_, exact_) & ~env_.x87Status() & kX87Flags) != 0, 0)) {
      clearHostX87Exceptions();
      after_ = call();
    }
    if (!kUsual) loadHostX87Control(kHostX87Control);
  }

  /** Ends with the registers that are popped. */
  bool done() {
    noteX87Status(env_, x_, after_, exact_);
    if (x_.pops == 0) return true;
    for (unsigned i = 0; i < x_.pops; ++i) empty(i) = 1;
    env_.x87Top() = (top_ + x_.pops) & 7;
    return true;
  }
  /** Ends with a value pushed, which is in its place already. */
  bool pushed() {
    noteX87Status(env_, x_, after_, exact_);
    empty(7) = 0;
    env_.x87Top() = (top_ - 1) & 7;
    return true;
  }
  bool moved(unsigned to, const uint8_t* value) {
    std::memcpy(st(to), value, 10);
    empty(to) = 0;
    return done();
  }

 private:
  /** From the tags to the registers. */
  static constexpr size_t kRegisters = 12;
  Env env_;
  const X87Instruction& x_;
  bool exact_;
  uint16_t control_;
  uint16_t after_ = 0;
  unsigned top_;
  uint8_t* empty_;
};

struct Call {
  Env env;
  const X87Instruction& x;
  const GuestMemory& memory;
  uint32_t linear;
  bool exact;
  uint16_t control;
  uint32_t* flags;
};

/** The operand in memory, in place or in `buffer`; null for none. */
__attribute__((always_inline)) inline const void* loadOperand(const Call& call, uint8_t* buffer) {
  if (call.x.size == 0) return nullptr;
  const void* direct = call.memory.direct(call.linear, call.x.size, kAccessLoad);
  if (direct != nullptr) return direct;
  call.memory.load(call.linear, buffer, call.x.size);
  return buffer;
}

template <bool kUsual>
bool unary(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  X87Bytes loaded, result;
  const void* operand = loadOperand(call, loaded);
  if (quick.empty(0) != 0) return false;
  quick.calculate([&] { return x87_host_unary(operand, quick.st(0), call.x.code, result); });
  return call.x.shape == X87Shape::kUnary ? quick.moved(0, result) : quick.done();
}

template <bool kUsual>
bool binary(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  const unsigned other = call.x.other;
  if ((quick.empty(0) | quick.empty(other)) != 0) return false;
  X87Bytes result;
  quick.calculate([&] { return x87_host_binary(quick.st(other), quick.st(0), call.x.code, result); });
  return call.x.shape == X87Shape::kBinary ? quick.moved(0, result) : quick.done();
}

template <bool kUsual>
bool reverse(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  const unsigned other = call.x.other;
  if ((quick.empty(0) | quick.empty(other)) != 0) return false;
  X87Bytes result;
  quick.calculate([&] { return x87_host_reverse(quick.st(other), quick.st(0), call.x.code, result); });
  return quick.moved(other, result);
}

template <bool kUsual>
bool compareFlags(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  const unsigned other = call.x.other;
  if ((quick.empty(0) | quick.empty(other)) != 0) return false;
  quick.calculate([&] { return x87_host_compare(quick.st(other), quick.st(0), call.x.code, call.flags); });
  return quick.done();
}

template <bool kUsual>
bool push(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  X87Bytes loaded;
  const void* operand = loadOperand(call, loaded);
  if (quick.empty(7) == 0) return false;
  if (call.x.moves80) {
    std::memcpy(quick.st(7), operand, 10);
  } else {
    quick.calculate([&] { return x87_host_push(operand, nullptr, call.x.code, quick.st(7)); });
  }
  return quick.pushed();
}

template <bool kUsual>
bool store(const Call& call) {
  Quick<kUsual> quick(call.env, call.x, call.exact, call.control);
  if (quick.empty(0) != 0) return false;
  X87Bytes buffer;
  uint8_t* const direct = call.memory.direct(call.linear, call.x.size, kAccessStore);
  uint8_t* const to = direct != nullptr ? direct : buffer;
  if (direct == nullptr) call.memory.touch(call.linear, call.x.size, kAccessStore);
  if (call.x.moves80) {
    std::memcpy(to, quick.st(0), 10);
  } else {
    quick.calculate([&] { return x87_host_pop(to, quick.st(0), call.x.code); });
  }
  if (direct == nullptr) call.memory.store(call.linear, buffer, call.x.size);
  return quick.done();
}

/** What moves registers and calculates nothing. */
bool move(const Call& call) {
  Quick<true> quick(call.env, call.x, call.exact, call.control);
  const unsigned other = call.x.other;
  if (call.x.shape == X87Shape::kPushRegister) {
    if (quick.empty(7) == 0 || quick.empty(other) != 0) return false;
    std::memcpy(quick.st(7), quick.st(other), 10);
    return quick.pushed();
  }
  if (quick.empty(0) != 0) return false;
  if (call.x.shape == X87Shape::kStoreRegister) return quick.moved(other, quick.st(0));
  if (quick.empty(other) != 0) return false;
  if (call.x.shape == X87Shape::kExchange) {
    X87Bytes kept;
    std::memcpy(kept, quick.st(other), 10);
    std::memcpy(quick.st(other), quick.st(0), 10);
    std::memcpy(quick.st(0), kept, 10);
  } else if (x87ConditionHolds(call.env, call.x)) {
    std::memcpy(quick.st(0), quick.st(other), 10);
  }
  return quick.done();
}

template <bool kUsual>
inline bool runAs(const Call& call) {
  switch (call.x.shape) {
    case X87Shape::kUnary:
    case X87Shape::kCompare:
      return unary<kUsual>(call);
    case X87Shape::kBinary:
    case X87Shape::kCompareRegister:
      return binary<kUsual>(call);
    case X87Shape::kReverse:
      return reverse<kUsual>(call);
    case X87Shape::kPush:
      return push<kUsual>(call);
    case X87Shape::kStore:
      return store<kUsual>(call);
    case X87Shape::kCompareFlags:
      return compareFlags<kUsual>(call);
    case X87Shape::kPushRegister:
    case X87Shape::kStoreRegister:
    case X87Shape::kExchange:
    case X87Shape::kConditionalMove:
      return move(call);
    default:
      return false;
  }
}

}  // namespace

bool runX87Quickly(Env env, const X87Instruction& x, const GuestMemory& memory, uint32_t linear, bool exact,
                   uint32_t* flags) {
  constexpr uint16_t kAlwaysSet = 0x40, kAllMasked = 0x7f;
  const uint16_t control = env.x87Control() | (exact ? kAlwaysSet : kAllMasked);
  const Call call{env, x, memory, linear, exact, control, flags};
  if (__builtin_expect(control == kHostX87Control, 1)) return runAs<true>(call);
  return (control & kX87Flags) == kX87Flags && runAs<false>(call);
}

}  // namespace decouple
