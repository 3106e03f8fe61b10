#include "strings.h"

#include <algorithm>
#include <cstring>

#include "ram.h"

namespace decouple {

namespace {

/** One run of one instruction. */
class String {
 public:
  String(Env env, const Instruction& string, uintptr_t from)
      : env_(env),
        from_(from),
        addressMask_(string.addressSize == 2 ? 0xffff : 0xffffffff),
        moves_(string.opcode < kStosb),
        size_((string.opcode & 1) == 0 ? 1 : string.operandSize),
        sourceBase_(env.segment(string.segmentPrefix < 0 ? kDs : string.segmentPrefix).base()),
        targetBase_(env.segment(kEs).base()),
        mode_((env.context() & kContextCpl) == kContextCpl ? Tlb::kUserMode : Tlb::kSupervisorMode) {}

  uint32_t counter() const { return env_.gpr32(kEcx) & addressMask_; }

  bool runUntil(uint32_t until) {
    // A page at once takes not much longer than one element the engine's way.
    for (uint32_t i = 0; counter() > until; ++i) {
      if (i == kRepeatsAtOnce) return false;
      const uint32_t done = runDirectly(counter() - until);
      advance(done != 0 ? done : runOne());
    }
    return true;
  }

 private:
  static constexpr unsigned kStosb = 0xaa;

  uint32_t source() const { return static_cast<uint32_t>(sourceBase_ + (env_.gpr32(kEsi) & addressMask_)); }
  uint32_t target() const { return static_cast<uint32_t>(targetBase_ + (env_.gpr32(kEdi) & addressMask_)); }

  /** Elements from an address on that lie in its page, and do not wrap around in the segment. */
  uint32_t within(uint32_t linear, uint32_t offset) const {
    const uint32_t inPage = kPageSize - linear % kPageSize;
    const uint64_t inSegment = uint64_t{addressMask_} + 1 - (offset & addressMask_);
    return static_cast<uint32_t>(std::min<uint64_t>(inPage, inSegment)) / size_;
  }

  /** Runs up to `most` elements in host memory. Returns how many; 0 where that cannot be done. */
  uint32_t runDirectly(uint32_t most) const {
    if (env_.direction() < 0) return 0;
    uint32_t count = std::min(most, within(target(), env_.gpr32(kEdi)));
    if (moves_) count = std::min(count, within(source(), env_.gpr32(kEsi)));
    const Tlb tlb(env_, mode_);
    uint8_t* to = count == 0 ? nullptr : tlb.direct(target(), kAccessStore);
    if (to == nullptr) return 0;
    if (!moves_) {
      fill(to, count);
      return count;
    }
    const uint8_t* from = tlb.direct(source(), kAccessLoad);
    if (from == nullptr) return 0;
    copy(to, from, count);
    return count;
  }

  void fill(uint8_t* to, uint32_t count) const {
    const uint32_t value = env_.gpr32(kEax);
    if (size_ == 1 || value == 0) {
      std::memset(to, static_cast<int>(value & 0xff), size_t{count} * size_);
      return;
    }
    for (uint32_t i = 0; i < count; ++i) std::memcpy(to + size_t{i} * size_, &value, size_);
  }

  /** Element by element, as a later one may read what an earlier one wrote. */
  void copy(uint8_t* to, const uint8_t* from, uint32_t count) const {
    const size_t bytes = size_t{count} * size_;
    if (to <= from || to >= from + bytes) {
      std::memmove(to, from, bytes);
      return;
    }
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t element;
      std::memcpy(&element, from + size_t{i} * size_, size_);
      std::memcpy(to + size_t{i} * size_, &element, size_);
    }
  }

  /** One element, the engine's way: walks to pages, raises faults, reaches devices, watches code. */
  uint32_t runOne() const {
    void* env = env_.raw();
    uint32_t value = env_.gpr32(kEax);
    switch (size_) {
      case 1:
        if (moves_) value = cpu_ldub_data_ra_x86_64(env, source(), from_);
        cpu_stb_data_ra_x86_64(env, target(), value & 0xff, from_);
        break;
      case 2:
        if (moves_) value = cpu_lduw_data_ra_x86_64(env, source(), from_);
        cpu_stw_data_ra_x86_64(env, target(), value & 0xffff, from_);
        break;
      default:
        if (moves_) value = cpu_ldl_data_ra_x86_64(env, source(), from_);
        cpu_stl_data_ra_x86_64(env, target(), value, from_);
    }
    return 1;
  }

  void advance(uint32_t elements) {
    const uint32_t bytes = elements * size_ * static_cast<uint32_t>(env_.direction());
    if (moves_) add(kEsi, bytes);
    add(kEdi, bytes);
    add(kEcx, 0 - elements);
  }

  void add(GeneralRegister index, uint32_t value) {
    const uint32_t before = env_.gpr32(index);
    env_.gpr(index) = (before & ~addressMask_) | ((before + value) & addressMask_);
  }

  Env env_;
  uintptr_t from_;
  uint32_t addressMask_;
  bool moves_;
  uint32_t size_;
  uint64_t sourceBase_, targetBase_;
  int mode_;
};

}  // namespace

uint32_t repeatCounter(Env env, const Instruction& string) {
  return string.addressSize == 2 ? env.gpr32(kEcx) & 0xffff : env.gpr32(kEcx);
}

bool runString(Env env, const Instruction& string, uint32_t until, uintptr_t from) {
  return String(env, string, from).runUntil(until);
}

}  // namespace decouple
