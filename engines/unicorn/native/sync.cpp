/** Values that an instruction takes from outside: each must be the next event of the relog. */
#include <cmath>
#include <cstring>

#include "simulator.h"

namespace decouple {

const Event& Simulator::expect(Kind kind, uintptr_t from) {
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

/** Whether the instruction running raises an exception of this kind in the relog, which the engine cannot tell. */
bool Simulator::faultIsNext(uint8_t vector, uintptr_t from) {
  const Event* front = cursor_.front();
  if (front == nullptr || front->kind != Kind::kException || front->vector != vector) return false;
  cpu_restore_state_x86_64(engine_.cpu().raw(), from, true);
  return front->eip == static_cast<uint32_t>(engine_.env().eip());
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

namespace {

/** An x87 register as a number; good enough to see whether two results are the same up to rounding. */
long double toNumber(const uint8_t* bytes) {
  long double value = 0;
  std::memcpy(&value, bytes, 10);
  return value;
}

/** Whether two results of a transcendental instruction agree: to 40 of 64 bits, or to 2^-50 near zero. */
bool agree(const uint8_t* a, const uint8_t* b) {
  if (std::memcmp(a, b, 10) == 0) return true;
  const long double x = toNumber(a), y = toNumber(b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  const long double error = std::fabs(x - y);
  return error <= std::ldexp(std::fabs(y), -40) || error <= std::ldexp(1.0L, -50);
}

constexpr uint16_t kTopMask = 0x3800, kConditionCodes = 0x4700, kX87Exceptions = 0xff;

/** The registers a tag word says are empty. */
unsigned emptyRegisters(uint16_t tags) { return tags & tags >> 1 & 0x5555; }

}  // namespace

void Simulator::takeX87(uint16_t opcode, bool required, uintptr_t from) {
  const Event* front = cursor_.front();
  const bool matches = front != nullptr && front->kind == Kind::kX87 && front->number == opcode;
  if (!matches) {
    if (!required) return;
    noteDivergence("x87", front == nullptr ? "none" : textOf(*front), "opcode=" + hex(opcode), from);
    stop(Stop::kDiverged);
  }
  const Env env = engine_.env();
  uint8_t* st0 = env.x87Register(env.x87Top());
  uint8_t* st1 = env.x87Register(env.x87Top() + 1);
  const uint16_t status = static_cast<uint16_t>((env.x87Status() & ~kTopMask) | (env.x87Top() & 7) << 11);
  // C2 says that the operand was out of range and stays as it was; where the two disagree about that, the machine's
  // result stands.
  const bool sameRange = ((status ^ front->x87.status) & 0x400) == 0;
  if ((status & kTopMask) != (front->x87.status & kTopMask) ||
      (sameRange && !(agree(front->x87.st0, st0) && agree(front->x87.st1, st1)))) {
    noteDivergence("x87", textOf(*front), "another result", from);
    stop(Stop::kDiverged);
  }
  const bool same = std::memcmp(st0, front->x87.st0, 10) == 0 && std::memcmp(st1, front->x87.st1, 10) == 0;
  if (!same || status != front->x87.status) forgive(kForgivenX87Result);
  std::memcpy(st0, front->x87.st0, 10);
  std::memcpy(st1, front->x87.st1, 10);
  env.x87Status() = front->x87.status & ~kTopMask;
  consume();
}

const Event& Simulator::peekX87Environment(uintptr_t from) {
  const Env env = engine_.env();
  const Event& event = expect(Kind::kX87Environment, from);
  const auto& image = event.environment;
  const uint16_t status = static_cast<uint16_t>((env.x87Status() & ~kTopMask) | (env.x87Top() & 7) << 11);
  const bool emptyDiffers = emptyRegisters(x87Tags(env)) != emptyRegisters(image.tags);
  if (image.control == env.x87Control() && ((image.status ^ status) & ~(kConditionCodes | kX87Exceptions)) == 0 &&
      !emptyDiffers) {
    return event;
  }
  noteDivergence("x87-environment", textOf(event),
                 "fcw=" + hex(env.x87Control()) + " fsw=" + hex(status) + " ftw=" + hex(x87Tags(env)), from);
  stop(Stop::kDiverged);
}

uint16_t Simulator::takeX87Status(uintptr_t from) {
  const Env env = engine_.env();
  const uint16_t machine = expect(Kind::kX87Status, from).number;
  const uint16_t own = static_cast<uint16_t>((env.x87Status() & ~kTopMask) | (env.x87Top() & 7) << 11);
  if (((machine ^ own) & ~kX87Exceptions) != 0) {
    noteDivergence("x87-status", hex(machine), hex(own), from);
    stop(Stop::kDiverged);
  }
  if (machine != own) {
    forgive(kForgivenX87Exceptions);
    env.x87Status() = static_cast<uint16_t>(machine & ~kTopMask);
  }
  consume();
  return machine;
}

void Simulator::takeX87Environment() {
  const Env env = engine_.env();
  const uint16_t status = static_cast<uint16_t>(cursor_.front()->environment.status & ~kTopMask);
  if (status != env.x87Status()) {
    forgive(((status ^ env.x87Status()) & kX87Exceptions) != 0 ? kForgivenX87Exceptions : kForgivenX87Status);
    env.x87Status() = status;
  }
  consume();
}

void Simulator::takeSseApproximation(uint16_t opcode, uint8_t* result, unsigned bytes, uintptr_t from) {
  // Only a machine that does not round the exact result says what it has.
  const Event* front = cursor_.front();
  if (front == nullptr || front->kind != Kind::kSseApproximation) return;
  const Event& event = *front;
  if (event.number != opcode) {
    noteDivergence("sse-approximation", textOf(event), "opcode=" + hex(opcode), from);
    stop(Stop::kDiverged);
  }
  for (unsigned at = 0; at < bytes; at += 4) {
    float machine, own;
    std::memcpy(&machine, event.xmm + at, 4);
    std::memcpy(&own, result + at, 4);
    // The SDM bounds the error of these instructions by 1.5 * 2^-12.
    const bool close = std::fabs(machine - own) <= std::ldexp(std::fabs(own), -10);
    const bool special = !std::isfinite(own) || !std::isfinite(machine) || std::fpclassify(own) == FP_SUBNORMAL;
    if (close || special) continue;
    noteDivergence("sse-approximation", std::to_string(machine), std::to_string(own), from);
    stop(Stop::kDiverged);
  }
  if (std::memcmp(result, event.xmm, bytes) != 0) forgive(kForgivenSseApproximation);
  std::memcpy(result, event.xmm, bytes);
  consume();
}

}  // namespace decouple
