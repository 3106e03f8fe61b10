#include "flags.h"

#include "classify.h"

namespace decouple {

uint32_t readFlags(Env env) {
  const uint64_t status = helper_cc_compute_all_x86_64(env.lazyResult(), env.lazySource(), env.lazySource2(),
                                                       static_cast<int>(env.lazyKind()));
  const uint32_t direction = static_cast<uint32_t>(env.direction()) & kDirection;
  const uint32_t rest = static_cast<uint32_t>(env.eflags()) & ~(kStatusFlags | kDirection);
  return rest | (static_cast<uint32_t>(status) & kStatusFlags) | direction | 2;
}

void writeStatusFlags(Env env, uint32_t eflags) {
  env.lazySource() = eflags & kStatusFlags;
  env.lazyKind() = kLazyNone;
}

void writeFlags(Env env, uint32_t eflags) {
  writeStatusFlags(env, eflags);
  env.direction() = (eflags & kDirection) != 0 ? -1 : 1;
  env.eflags() = (eflags & ~(kStatusFlags | kDirection)) | 2;
}

const char* forgivenName(int row) {
  switch (row) {
    case kForgivenLogicAdjust:
      return "flags-after-logic";
    case kForgivenShift:
      return "flags-after-shift";
    case kForgivenMultiply:
      return "flags-after-multiply";
    case kForgivenBitField:
      return "flags-after-bit-scan";
    case kForgivenDivide:
      return "flags-after-divide";
    case kForgivenRotate:
      return "flags-after-rotate";
    case kForgivenX87Result:
      return "x87-transcendental";
    case kForgivenX87Status:
      return "x87-condition-codes";
    case kForgivenSseApproximation:
      return "sse-approximation";
    case kForgivenRepeatFlags:
      return "flags-in-repeat";
    case kForgivenX87Exceptions:
      return "x87-exceptions";
  }
  return "";
}

UndefinedFlags undefinedFlags(Env env) {
  const int kind = static_cast<int>(env.lazyKind());
  const auto among = [kind](LazyFlags first, int kinds) { return kind >= first && kind < first + kinds; };
  if (among(kLazyLogic, 4) || kind == kLazyClear) return {kAdjust, kForgivenLogicAdjust};
  // How far it was shifted is not kept; OF is defined for one bit alone.
  if (among(kLazyShiftLeft, 8)) return {kAdjust | kOverflow, kForgivenShift};
  if (among(kLazyMultiply, 4)) return {kSign | kZero | kAdjust | kParity, kForgivenMultiply};
  if (among(kLazyBitField, 4)) return {kAdjust | kParity, kForgivenBitField};
  return {0, kForgivenLogicAdjust};
}

UndefinedFlags undefinedAfter(const Instruction& instruction) {
  const unsigned extension = instruction.modrm >> 3 & 7;
  constexpr unsigned kFirstShift = 4;
  switch (instruction.opcode) {
    case 0x0fbc:
    case 0x0fbd:
      return {kStatusFlags & ~kZero, kForgivenBitField};
    case 0xf6:
    case 0xf7:
      if (extension >= 6) return {kStatusFlags, kForgivenDivide};
      break;
    case 0xc0:
    case 0xc1:
    case 0xd2:
    case 0xd3:
      if (extension < kFirstShift) return {kOverflow, kForgivenRotate};
      break;
  }
  return {0, kForgivenLogicAdjust};
}

UndefinedFlags undefinedByOpcode(const Instruction& instruction) {
  const UndefinedFlags precise = undefinedAfter(instruction);
  if (precise.mask != 0) return precise;
  const unsigned opcode = instruction.opcode, extension = instruction.modrm >> 3 & 7;
  const UndefinedFlags logic{kAdjust, kForgivenLogicAdjust};
  // OR, AND and XOR in the rows of ADD to CMP.
  if (opcode < 0x40 && (opcode & 7) < 6) {
    const unsigned operation = opcode >> 3;
    return operation == 1 || operation == 4 || operation == 6 ? logic : UndefinedFlags{0, kForgivenLogicAdjust};
  }
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
      if (extension == 1 || extension == 4 || extension == 6) return logic;
      break;
    case 0x84:
    case 0x85:
    case 0xa8:
    case 0xa9:
      return logic;
    case 0xd0:
    case 0xd1:
      if (extension >= 4) return {kAdjust, kForgivenShift};
      break;
    case 0xc0:
    case 0xc1:
    case 0xd2:
    case 0xd3:
    case 0x0fa4:
    case 0x0fa5:
    case 0x0fac:
    case 0x0fad:
      return {kAdjust | kOverflow, kForgivenShift};
    case 0xf6:
    case 0xf7:
      if (extension < 2) return logic;
      if (extension == 4 || extension == 5) return {kSign | kZero | kAdjust | kParity, kForgivenMultiply};
      break;
    case 0x69:
    case 0x6b:
    case 0x0faf:
      return {kSign | kZero | kAdjust | kParity, kForgivenMultiply};
  }
  return {0, kForgivenLogicAdjust};
}

uint32_t flagsWritten(const Instruction& instruction) {
  if (!writesFlags(instruction)) return 0;
  const unsigned opcode = instruction.opcode, extension = instruction.modrm >> 3 & 7;
  if (opcode >= 0x40 && opcode < 0x50) return kStatusFlags & ~kCarry;
  switch (opcode) {
    case 0xf5:
    case 0xf8:
    case 0xf9:
      return kCarry;
    case 0xfe:
    case 0xff:
      return kStatusFlags & ~kCarry;
    case 0xc0:
    case 0xc1:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return extension < 4 ? kCarry | kOverflow : kStatusFlags;
    case 0x0fc7:
      return extension == 1 ? uint32_t{kZero} : kStatusFlags;
    default:
      return kStatusFlags;
  }
}

}  // namespace decouple
