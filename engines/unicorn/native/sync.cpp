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

/** What devices do of it comes from the relog; but below 4 GB, the machine shows the end of its first megabyte again.
 */
void Simulator::writeDevice(uint32_t address, uint64_t value, unsigned size) {
  constexpr uint32_t kFirmware = 0xfff00000;
  if (running() != this || address < kFirmware || !ram_.contains(address - kFirmware, size)) return;
  uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof bytes);
  writeRam(address - kFirmware, bytes, size);
}

namespace {

/**
 * Of a read of one or two bytes of an APIC's register the machine reads all of the register for each byte. Where
 * `event` is that, takes the first byte that is wanted and not known from it. `address`: of the first of the read's
 * `size` bytes.
 */
bool takeFromRegister(const Event& event, uint32_t address, unsigned size, uint32_t wanted, uint32_t& known,
                      uint8_t* bytes) {
  constexpr uint32_t kLocalApic = 0xfee00, kIoApic = 0xfec00;
  const uint32_t page = event.address >> 12;
  if (size > 2 || event.size != 4 || (page != kLocalApic && page != kIoApic)) return false;
  const unsigned place = static_cast<unsigned>(__builtin_ctz(wanted & ~known));
  if (((event.address ^ (address + place)) & 0xffc) != 0) return false;
  bytes[place] = static_cast<uint8_t>(event.value >> 8 * ((address + place) & 3));
  known |= 1u << place;
  return true;
}

}  // namespace

/**
 * A part of an operand that is not aligned: bytes beyond it are nobody's. The machine may have read its bytes in any
 * order, and none of those that are RAM.
 */
uint64_t Simulator::readPart(uint32_t address, unsigned size, uintptr_t from) {
  constexpr uint32_t kPageMask = 0xfff;
  const uint32_t linear = unaligned_.linear, whole = unaligned_.size;
  uint32_t& known = unaligned_.known;
  uint8_t* const bytes = unaligned_.bytes;
  uint32_t wanted = 0;
  for (unsigned i = 0; i < size; ++i) {
    const uint32_t place = (address + i - linear) & kPageMask;
    if (place < whole) wanted |= 1u << place;
  }
  while ((known & wanted) != wanted) {
    const Event& event = expect(Kind::kMmioRead, from);
    if (takeFromRegister(event, linear, whole, wanted, known, bytes)) {
      consume();
      continue;
    }
    const uint32_t place = (event.address - linear) & kPageMask;
    const uint32_t bits = place < whole && event.size <= whole - place ? ((1u << event.size) - 1) << place : 0;
    if (bits == 0 || (known & bits) != 0) {
      noteDivergence("a device memory read", textOf(event), "address=" + hex(address), from);
      stop(Stop::kDiverged);
    }
    std::memcpy(bytes + place, &event.value, event.size);
    known |= bits;
    consume();
  }
  uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    const uint32_t place = (address + i - linear) & kPageMask;
    if (place < whole) value |= uint64_t{bytes[place]} << 8 * i;
  }
  return value;
}

/**
 * `address` is a multiple of `size`: the engine splits what is not aligned into two reads that are. The machine may
 * have read the bytes of both in any order, and none of a part that is RAM.
 */
uint64_t Simulator::readDevice(uint32_t address, unsigned size) {
  if (running() != this) return 0;
  const uintptr_t from = engine_.cpu().accessReturnAddress();
  if (unaligned_.size != 0 && unaligned_.from == from) return readPart(address, size, from);
  constexpr uint32_t kPageMask = 0xfff;
  // Those of this read, and of the one behind it.
  uint8_t bytes[2 * sizeof(uint64_t)] = {};
  uint32_t known = 0;
  if (rest_.size != 0 && rest_.address == address) {
    known = (1u << size) - 1;
    std::memcpy(bytes, rest_.bytes, size);
  }
  rest_.size = 0;
  const auto countOf = [](uint32_t bits) { return static_cast<unsigned>(__builtin_popcount(bits)); };
  while (countOf(known) < size) {
    // Where the other part is RAM, the next event may be of another read.
    const bool border = (address & kPageMask) == 0 ? (known & 1) != 0 : (known >> (size - 1) & 1) != 0;
    const Event* next = cursor_.front();
    const bool other = next == nullptr || next->kind != Kind::kMmioRead || next->address - address >= 2 * size;
    if (other && border) break;
    const Event& event = expect(Kind::kMmioRead, from);
    if (takeFromRegister(event, address, size, (1u << size) - 1, known, bytes)) {
      consume();
      continue;
    }
    const uint32_t offset = event.address - address;
    const uint32_t bits = offset < 2 * size && event.size <= 2 * size - offset ? ((1u << event.size) - 1) << offset : 0;
    if (bits == 0 || (known & bits) != 0) {
      noteDivergence("a device memory read", textOf(event), "address=" + hex(address + countOf(known)), from);
      stop(Stop::kDiverged);
    }
    std::memcpy(bytes + offset, &event.value, event.size);
    known |= bits;
    consume();
  }
  if (known >> size != 0) {
    rest_.address = address + size;
    rest_.size = size;
    std::memcpy(rest_.bytes, bytes + size, size);
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes, size);
  return value;
}

}  // namespace decouple
