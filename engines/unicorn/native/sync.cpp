/** Values that an instruction takes from outside: each must be the next event of the relog. */
#include <cstring>
#include <utility>

#include "simulator.h"

namespace decouple {

const Event& Simulator::expect(Kind kind, uintptr_t from) {
  if (trial_.running()) endTrial(Disagreement::kNothing);
  const Event* front = cursor_.front();
  if (front == nullptr || front->kind != kind) {
    noteDivergence("an event that is not there", front == nullptr ? "none" : textOf(*front), kindName(kind), from);
    stop(Stop::kDiverged);
  }
  return *front;
}

void Simulator::settle(uintptr_t from) { cpu_restore_state_x86_64(engine_.cpu().raw(), from, true); }

uint32_t Simulator::takePort(uint16_t port, unsigned size, uintptr_t from) {
  const Event& event = expect(Kind::kPortRead, from);
  if (event.number != port || event.size != size) {
    noteDivergence("a port read", textOf(event), "port=" + hex(port) + " size=" + std::to_string(size), from);
    stop(Stop::kDiverged);
  }
  const uint32_t value = static_cast<uint32_t>(event.value);
  consume();
  return value;
}

uint64_t Simulator::takeTsc(uintptr_t from) {
  const uint64_t value = expect(Kind::kTsc, from).value;
  consume();
  return value;
}

void Simulator::takeCpuid(uintptr_t from) {
  const Env env = engine_.env();
  const Event& event = expect(Kind::kCpuid, from);
  if (event.cpuid.leaf != env.gpr32(kEax) || event.cpuid.subleaf != env.gpr32(kEcx)) {
    noteDivergence("cpuid", textOf(event), "leaf=" + hex(env.gpr32(kEax)) + " subleaf=" + hex(env.gpr32(kEcx)), from);
    stop(Stop::kDiverged);
  }
  env.gpr(kEax) = event.cpuid.eax;
  env.gpr(kEbx) = event.cpuid.ebx;
  env.gpr(kEcx) = event.cpuid.ecx;
  env.gpr(kEdx) = event.cpuid.edx;
  consume();
}

void Simulator::takeMsr(uintptr_t from) {
  const Env env = engine_.env();
  const Event& event = expect(Kind::kMsr, from);
  if (event.address != env.gpr32(kEcx)) {
    noteDivergence("msr", textOf(event), "index=" + hex(env.gpr32(kEcx)), from);
    stop(Stop::kDiverged);
  }
  env.gpr(kEax) = static_cast<uint32_t>(event.value);
  env.gpr(kEdx) = static_cast<uint32_t>(event.value >> 32);
  consume();
}

uint32_t Simulator::takeRandom(uintptr_t from) {
  const uint32_t value = static_cast<uint32_t>(expect(Kind::kRandom, from).value);
  // The flags after this instruction.
  engine_.env().lazySource() = kCarry;
  consume();
  return value;
}

uint32_t Simulator::takeFlagsImage(uintptr_t from) {
  const Env env = engine_.env();
  const uint32_t image = expect(Kind::kFlagsImage, from).eflags;
  const uint32_t stored = kDefinedFlags & ~(kResume | kVirtual8086);
  if (!agreeOnFlags(image, stored)) {
    noteDivergence("flags-image", hex(image), hex(readFlags(env)), from);
    stop(Stop::kDiverged);
  }
  consume();
  return (ownValuesStand_ ? ownValues_.back() : image) & stored;
}

/**
 * PUSHF stores the flags after it took them. Where that changes the code of its own block, the engine runs it again, in
 * a block of its own: its image was consumed.
 */
uint32_t Simulator::takePushedFlags(uintptr_t from) {
  const uint64_t start = position_.count - position_.block->counted;
  if (std::exchange(imageAgainAt_, ~uint64_t{0}) == start) return image_;
  image_ = takeFlagsImage(from);
  imageFrom_ = from;
  imageEntry_ = position_.count;
  return image_;
}

bool Simulator::imageIsTakenOf(uint32_t linear) const {
  if (imageFrom_ == 0 || imageEntry_ != position_.count) return false;
  const InstructionPlace place = position_.block->placeOf(linear);
  return imageFrom_ > place.hostStart && imageFrom_ <= place.hostEnd;
}

uint64_t Simulator::readDevice(uint32_t address, unsigned size) {
  if (running() != this) return 0;
  const uintptr_t from = engine_.cpu().accessReturnAddress();
  uint8_t bytes[8] = {};
  unsigned have = 0;
  if (rest_.size != 0) {
    // The upper part of an unaligned read, which the engine splits into two aligned ones.
    if (rest_.address == address) {
      have = size;
      std::memcpy(bytes, rest_.bytes, sizeof bytes);
    }
    rest_.size = 0;
  }
  unsigned skipped = 0;
  while (have < size + skipped) {
    const Event& event = expect(Kind::kMmioRead, from);
    const uint32_t offset = event.address - address;
    if (have == 0 && offset < size) have = skipped = offset;
    if (event.address != address + have || have + event.size > 2 * size || have + event.size > sizeof bytes) {
      noteDivergence("a device memory read", textOf(event), "address=" + hex(address + have), from);
      stop(Stop::kDiverged);
    }
    std::memcpy(bytes + have, &event.value, event.size);
    have += event.size;
    consume();
  }
  if (skipped != 0) {
    rest_.address = address + size;
    rest_.size = have - size;
    std::memcpy(rest_.bytes, bytes + size, rest_.size);
  } else if (have != size) {
    noteDivergence("a device memory read", "size " + std::to_string(have), "size " + std::to_string(size), from);
    stop(Stop::kDiverged);
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes, size);
  return value;
}

}  // namespace decouple
