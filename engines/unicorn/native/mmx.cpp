#include "mmx.h"

#include <cstring>

#include "guest_memory.h"
#include "simulator.h"
#include "x87.h"

namespace decouple {

namespace {

/** A conversion between MMX and XMM registers; the others have no prefix. */
bool decodeConversion(MmxInstruction& to, unsigned opcode, Prefix prefix, bool memory, int8_t reg) {
  switch (opcode) {
    case 0x2a:
      to.transitions = prefix < kRepeat && !memory;
      return true;
    case 0x2c:
    case 0x2d:
      // What it writes is written by the conversion, which may raise an exception before.
      to.transitions = prefix < kRepeat;
      to.size = prefix == kNoPrefix ? 8 : 16;
      return true;
    case 0xd6:
      to.transitions = prefix >= kRepeat && !memory;
      if (prefix == kRepeatNot) to.target = reg;
      return true;
    default:
      return false;
  }
}

bool isMmxOpcode(unsigned opcode) {
  if (opcode >= 0x60 && opcode <= 0x76) return opcode != 0x6c && opcode != 0x6d;
  if (opcode == 0x7e || opcode == 0x7f || opcode == 0xc4 || opcode == 0xc5) return true;
  return opcode >= 0xd1 && opcode <= 0xfe && opcode != 0xe6 && opcode != 0xf0;
}

}  // namespace

MmxInstruction decodeMmx(const uint8_t* bytes, const Instruction& instruction) {
  MmxInstruction result;
  if (instruction.opcode < 0x0f00) return result;
  const unsigned opcode = instruction.opcode & 0xff;
  const Prefix prefix = selectingPrefix(bytes, prefixBytes(bytes, instruction));
  const bool memory = instruction.memory;
  const int8_t reg = static_cast<int8_t>(instruction.modrm >> 3 & 7), rm = static_cast<int8_t>(instruction.modrm & 7);
  if (!decodeConversion(result, opcode, prefix, memory, reg)) {
    if (prefix != kNoPrefix || !isMmxOpcode(opcode)) return result;
    result.transitions = true;
    result.target = reg;
    result.size = 8;
    switch (opcode) {
      case 0x71:
      case 0x72:
      case 0x73: {
        // Shifts by an immediate: logical right, arithmetic right (not of 64 bits), left.
        result.transitions = !memory && (reg == 2 || reg == 6 || (reg == 4 && opcode != 0x73));
        result.target = rm;
        break;
      }
      case 0x60:
      case 0x61:
      case 0x62:
      case 0x6e:
        result.size = 4;
        break;
      case 0x7e:
        result.size = 4;
        result.stores = true;
        result.target = -1;
        break;
      case 0x7f:
        result.stores = memory;
        result.target = memory ? -1 : rm;
        break;
      case 0xe7:
        result.transitions = memory;
        result.stores = true;
        result.target = -1;
        break;
      case 0xc4:
        result.size = 2;
        break;
      case 0xf7:
        result.transitions = !memory;
        result.target = -1;
        // MASKMOVQ: it stores to where EDI points.
        result.size = 8;
        result.stores = true;
        result.operand = implicitOperand(kEdi, instruction);
        return result;
      case 0xc5:
      case 0xd7:
        result.transitions = !memory;
        result.target = -1;
        break;
    }
  }
  if (!memory) {
    result.size = 0;
  } else if (result.transitions) {
    result.operand = decodeOperand(bytes, instruction);
  }
  return result;
}

void Simulator::enterMmx(uintptr_t from) {
  constexpr int kFloatingPoint = 16;
  constexpr uint64_t kNumericError = 0x20;
  const MmxInstruction& mmx = replacedAt(from).mmx;
  if (!mmx.transitions) return;
  const Env env = engine_.env();
  if ((env.x87Status() & kX87Summary) != 0 && (env.cr(0) & kNumericError) != 0) {
    raise_exception_err_ra_x86_64(env.raw(), kFloatingPoint, 0, from);
  }
  uint64_t empty;
  std::memcpy(&empty, env.x87Empty(), sizeof empty);
  uint8_t* upper = mmx.target < 0 ? nullptr : env.x87Register(static_cast<unsigned>(mmx.target)) + 8;
  if (env.x87Top() == 0 && empty == 0 && (upper == nullptr || (upper[0] & upper[1]) == 0xff)) return;
  if (mmx.size != 0) {
    const uint64_t base = env.segment(mmx.operand.segment).base();
    const uint32_t linear = static_cast<uint32_t>(base + offsetOf(env, mmx.operand));
    GuestMemory(env, from).touch(linear, mmx.size, mmx.stores ? kAccessStore : kAccessLoad);
  }
  env.x87Top() = 0;
  std::memset(env.x87Empty(), 0, 8);
  if (upper != nullptr) upper[0] = upper[1] = 0xff;
}

}  // namespace decouple
