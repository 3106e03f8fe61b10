/**
 * What the relog says of the FPU: results that implementations may choose, and the status words that instructions
 * store. What the simulator has computed itself is compared with it.
 */
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "simulator.h"
#include "state.h"
#include "x87.h"

namespace decouple {

namespace {

/** An x87 register as a number; good enough to see whether two results are the same up to rounding. */
long double toNumber(const uint8_t* bytes) {
  long double value = 0;
  std::memcpy(&value, bytes, 10);
  return value;
}

/** Whether a number is one whose functions are told apart by results: machines compute some in double precision. */
bool isModerate(long double x, int greatestExponent) {
  const int exponent = x == 0 ? 0 : std::ilogb(x);
  return std::isfinite(x) && exponent <= greatestExponent && exponent >= -1000;
}

/**
 * How far off a machine's result of a transcendental instruction may be, beside 2^-40 of it; infinity where the manual
 * leaves the result open, or where the last bits of the operands, which double precision has not, decide.
 */
long double toleranceOf(uint16_t opcode, long double st0, long double st1) {
  const long double any = std::numeric_limits<long double>::infinity(), least = std::ldexp(1.0L, -50);
  switch (opcode) {
    case 0xd9f0:  // F2XM1
      return std::isfinite(st0) && std::fabs(st0) <= 1 ? least : any;
    case 0xd9f1:  // FYL2X: y times a logarithm, which near 1 is as far off as its operand
      return isModerate(st0, 1000) && isModerate(st1, 1000) ? std::fmax(least, std::fabs(st1) * least) : any;
    case 0xd9f9:  // FYL2XP1
      return std::isfinite(st0) && std::fabs(st0) <= 0.29L && isModerate(st1, 1000)
                 ? std::fmax(least, std::fabs(st1) * least)
                 : any;
    case 0xd9f3:  // FPATAN
      return isModerate(st0, 1000) && isModerate(st1, 1000) ? least : any;
    case 0xd9f2:  // FPTAN
      // Near its poles it is as far off as its operand, times its square.
      return isModerate(st0, 10) && std::fabs(std::cos(st0)) > 0.01L ? std::fmax(least, std::fabs(st0) * least) : any;
    default:  // FSIN, FCOS, FSINCOS
      return isModerate(st0, 40) ? std::fmax(least, std::fabs(st0) * least) : any;
  }
}

/** Whether two results agree: to 40 of 64 bits, or to the tolerance. */
bool agree(const uint8_t* a, const uint8_t* b, long double tolerance) {
  if (std::isinf(tolerance) || std::memcmp(a, b, 10) == 0) return true;
  const long double x = toNumber(a), y = toNumber(b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
  const long double error = std::fabs(x - y);
  return error <= std::ldexp(std::fabs(y), -40) || error <= tolerance;
}

/** A register as its 20 hexadecimal digits. */
std::string registerText(const uint8_t* bytes) {
  std::string text;
  for (int i = 9; i >= 0; --i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

std::string resultText(const uint8_t* st0, const uint8_t* st1, uint16_t status) {
  return " st0=" + registerText(st0) + " st1=" + registerText(st1) + " fsw=" + hex(status);
}

/** Everything that says that exceptions happened. */
constexpr uint16_t kX87Exceptions = kX87Flags | kX87StackFault | kX87Summary | kX87Busy;

/** The registers a tag word says are empty. */
unsigned emptyRegisters(uint16_t tags) { return tags & tags >> 1 & 0x5555; }

}  // namespace

void Simulator::takeX87(uint16_t opcode, bool required, const X87Operands& before, uintptr_t from) {
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
  const uint16_t status = x87FullStatus(env);
  // C2 says that the operand was out of range and stays as it was, or that a remainder is a partial one, of which there
  // are many; the machine's result stands.
  constexpr uint16_t kFprem1 = 0xd9f5, kFprem = 0xd9f8, kC2 = 0x400;
  const bool remainder = opcode == kFprem || opcode == kFprem1;
  const bool partial = remainder && (front->x87.status & kC2) != 0;
  const auto alike = [&](const uint8_t* machine, const uint8_t* own) {
    if (required && !remainder)
      return agree(machine, own, toleranceOf(opcode, toNumber(before.st0), toNumber(before.st1)));
    // Results of the others are exact, on a machine that computes as a processor does.
    return exactFloat_ ? std::memcmp(machine, own, 10) == 0 : agree(machine, own, 0);
  };
  const bool sameRange = ((status ^ front->x87.status) & kC2) == 0 && !partial;
  if ((status & kX87TopMask) != (front->x87.status & kX87TopMask) ||
      (sameRange && !(alike(front->x87.st0, st0) && alike(front->x87.st1, st1)))) {
    noteDivergence("x87", textOf(*front) + resultText(front->x87.st0, front->x87.st1, front->x87.status),
                   "another result" + resultText(st0, st1, status), from);
    stop(Stop::kDiverged);
  }
  const bool same = std::memcmp(st0, front->x87.st0, 10) == 0 && std::memcmp(st1, front->x87.st1, 10) == 0;
  if (!same || status != front->x87.status) forgive(kForgivenX87Result);
  std::memcpy(st0, front->x87.st0, 10);
  std::memcpy(st1, front->x87.st1, 10);
  env.x87Status() = front->x87.status & ~kX87TopMask;
  consume();
}

/** Takes the machine's status word where it differs in `tolerated` bits alone; false, and nothing changed, when others
 * do. */
bool Simulator::adoptX87Status(uint16_t machine, uint16_t tolerated) {
  const Env env = engine_.env();
  const unsigned differing = machine ^ x87FullStatus(env);
  if ((differing & ~unsigned{tolerated}) != 0) return false;
  if (differing == 0) return true;
  forgive(kForgivenOldFloat);
  env.x87Status() = static_cast<uint16_t>(machine & ~kX87TopMask);
  return true;
}

/** Of a status word in an environment: nothing, of a machine that is exact. */
uint16_t Simulator::toleratedX87Status() const { return exactFloat_ ? 0 : kX87Codes | kX87Exceptions; }

const Event& Simulator::peekX87Environment(uintptr_t from) {
  const Env env = engine_.env();
  const Event& event = expect(Kind::kX87Environment, from);
  const auto& image = event.environment;
  const uint16_t own = x87FullStatus(env);
  const bool emptyDiffers = emptyRegisters(x87Tags(env)) != emptyRegisters(image.tags);
  const unsigned others = ~unsigned{toleratedX87Status()};
  if (image.control == env.x87Control() && ((image.status ^ own) & others) == 0 && !emptyDiffers) return event;
  noteDivergence("x87-environment", textOf(event),
                 "fcw=" + hex(env.x87Control()) + " fsw=" + hex(own) + " ftw=" + hex(x87Tags(env)), from);
  stop(Stop::kDiverged);
}

void Simulator::takeX87Environment() {
  adoptX87Status(cursor_.front()->environment.status, toleratedX87Status());
  consume();
}

uint16_t Simulator::peekX87Status(uintptr_t from) {
  const uint16_t machine = expect(Kind::kX87Status, from).number;
  if (!adoptX87Status(machine, exactFloat_ ? 0 : kX87Exceptions)) {
    noteDivergence("x87-status", hex(machine), hex(x87FullStatus(engine_.env())), from);
    stop(Stop::kDiverged);
  }
  return machine;
}

void Simulator::takeX87Status() { consume(); }

void Simulator::takeSseApproximation(uint16_t opcode, uint8_t* result, unsigned bytes, uintptr_t from) {
  if (exactFloat_) return;
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
  if (std::memcmp(result, event.xmm, bytes) != 0) forgive(kForgivenOldFloat);
  std::memcpy(result, event.xmm, bytes);
  consume();
}

}  // namespace decouple
