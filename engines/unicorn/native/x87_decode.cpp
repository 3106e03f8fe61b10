#include "x87_decode.h"

namespace decouple {

namespace {

constexpr uint16_t kC0 = 0x100, kC1 = 0x200, kC2 = 0x400, kC3 = 0x4000, kAllCodes = kC0 | kC1 | kC2 | kC3;

/** D8+escape C0+number, with ST1 as the other register. */
X87Code withSt1(unsigned escape, unsigned operation) { return x87RegisterCode(escape, 0xc1 | operation << 3); }

using Shape = X87Shape;

/** ADD, MUL, COM, COMP, SUB, SUBR, DIV, DIVR: the row of operations that most escapes have. */
void decodeArithmetic(X87Instruction& to, unsigned escape, unsigned operation) {
  if (operation != 2 && operation != 3) return;
  // Run with the form that does not pop.
  to.shape = to.size != 0 ? Shape::kCompare : Shape::kCompareRegister;
  to.code = to.size != 0 ? x87MemoryCode(escape, 2) : withSt1(0, 2);
  to.codes = kAllCodes;
  to.pops = operation == 3 ? 1 : 0;
}

void decodeMemory(X87Instruction& to, unsigned escape, unsigned operation) {
  // Bytes of the operand by escape (SDM vol. 2D, table A-7 and on); even ones have arithmetic alone, or integers.
  static constexpr uint8_t kSizes[] = {4, 4, 4, 4, 8, 8, 2, 2};
  to.size = kSizes[escape];
  to.codes = kC1;
  to.code = to.whole = x87MemoryCode(escape, operation);
  if ((escape & 1) == 0) {
    to.shape = Shape::kUnary;
    decodeArithmetic(to, escape, operation);
    return;
  }
  const auto control = [&to](Shape shape, uint8_t size, bool waits) {
    to.shape = shape;
    to.size = size;
    to.waits = waits;
    to.keepsPointers = false;
    to.codes = 0;
  };
  const auto store = [&](uint8_t size, bool pops) {
    to.shape = Shape::kStore;
    to.size = size;
    to.pops = pops ? 1 : 0;
    // Run with the form that pops, which every size has; what is popped is a copy.
    if (operation == 2) to.code = x87MemoryCode(escape, 3);
  };
  const auto push = [&to](uint8_t size) {
    to.shape = Shape::kPush;
    to.size = size;
  };
  const bool narrow = to.narrow;
  switch (operation) {
    case 0:
      return push(to.size);
    case 1:
      if (escape != 1) store(to.size, true);
      return;
    case 2:
      return store(to.size, false);
    case 3:
      return store(to.size, true);
  }
  switch (escape << 4 | operation) {
    case 0x14:
      return control(Shape::kLoadEnvironment, narrow ? 14 : 28, true);
    case 0x15:
      return control(Shape::kLoadControl, 2, true);
    case 0x16:
      return control(Shape::kStoreEnvironment, narrow ? 14 : 28, false);
    case 0x17:
      return control(Shape::kStoreControl, 2, false);
    case 0x35:
    case 0x74:
      return push(10);
    case 0x75:
      return push(8);
    case 0x37:
    case 0x76:
      return store(10, true);
    case 0x77:
      return store(8, true);
    case 0x54:
      return control(Shape::kRestore, narrow ? 94 : 108, true);
    case 0x56:
      return control(Shape::kSave, narrow ? 94 : 108, false);
    case 0x57:
      return control(Shape::kStoreStatus, 2, false);
  }
}

/** D9 E0 to D9 FF. */
void decodeD9(X87Instruction& to, unsigned modrm) {
  to.told = true;
  to.other = 1;
  switch (modrm) {
    case 0xe0:  // FCHS
    case 0xe1:  // FABS
    case 0xfa:  // FSQRT
    case 0xfc:  // FRNDINT
      to.shape = Shape::kUnary;
      return;
    case 0xe4:  // FTST
      to.shape = Shape::kCompare;
      to.codes = kAllCodes;
      return;
    case 0xe5:  // FXAM
    case 0xf5:  // FPREM1
    case 0xf8:  // FPREM
      to.shape = Shape::kWhole;
      to.codes = kAllCodes;
      return;
    case 0xfd:  // FSCALE
      to.shape = Shape::kBinary;
      return;
    case 0xf6:  // FDECSTP
    case 0xf7:  // FINCSTP
      to.told = false;
      to.shape = Shape::kWhole;
      return;
    case 0xf4:  // FXTRACT
      to.shape = Shape::kWhole;
      return;
  }
  if (modrm >= 0xe8 && modrm <= 0xee) {
    to.shape = Shape::kPush;
  } else if (modrm >= 0xf0) {
    to.shape = Shape::kWhole;
    to.toldAlways = true;
    const bool range = modrm == 0xf2 || modrm == 0xfb || modrm >= 0xfe;
    if (range) to.codes |= kC2;
  }
}

/** DB E0 to DB E4: control. */
void decodeDb(X87Instruction& to, unsigned modrm) {
  to.waits = to.keepsPointers = false;
  to.shape = modrm == 0xe2   ? Shape::kClearExceptions
             : modrm == 0xe3 ? Shape::kInitialize
             : modrm <= 0xe4 ? Shape::kNothing
                             : Shape::kUndefined;
}

void decodeRegister(X87Instruction& to, unsigned escape, unsigned modrm) {
  const unsigned operation = modrm >> 3 & 7;
  to.other = modrm & 7;
  to.codes = kC1;
  to.code = to.whole = x87RegisterCode(escape, modrm);
  const auto compare = [&](bool quiet, uint8_t pops) {
    to.shape = Shape::kCompareRegister;
    to.codes = kAllCodes;
    to.pops = pops;
    to.code = quiet ? x87RegisterCode(5, 0xe1) : withSt1(0, 2);
  };
  const auto move = [&to](Shape shape, uint8_t pops) {
    to.shape = shape;
    to.pops = pops;
  };
  const auto conditional = [&](uint8_t condition) {
    to.shape = Shape::kConditionalMove;
    to.codes = 0;
    to.condition = condition;
    // Taken as the carry flag says.
    to.whole = x87RegisterCode(2, 0xc0 | to.other);
  };
  const auto flags = [&](uint8_t pops) {
    to.shape = Shape::kCompareFlags;
    to.codes = 0;
    to.pops = pops;
    to.code = x87RegisterCode(3, operation << 3 | 0xc1);
  };
  static constexpr uint8_t kConditions[] = {2, 4, 6, 10};
  switch (escape) {
    case 0:
      to.shape = Shape::kBinary;
      to.code = withSt1(0, operation);
      return decodeArithmetic(to, escape, operation);
    case 1:
      if (operation == 0) return move(Shape::kPushRegister, 0);
      if (operation == 1) return move(Shape::kExchange, 0);
      if (operation == 3) return move(Shape::kStoreRegister, 1);
      if (operation >= 4) return decodeD9(to, modrm);
      if (modrm == 0xd0) {
        to.shape = Shape::kNothing;
        to.keepsPointers = false;
      }
      return;
    case 2:
      if (operation < 4) return conditional(kConditions[operation]);
      if (modrm == 0xe9) return compare(true, 2);
      return;
    case 3:
      if (operation < 4) return conditional(kConditions[operation] | 1);
      if (operation == 4) return decodeDb(to, modrm);
      if (operation < 7) return flags(0);
      return;
    case 4:
    case 6:
      if (operation == 2) return compare(false, escape == 4 ? 0 : 1);
      if (operation == 3) {
        if (escape == 4) return compare(false, 1);
        if (modrm == 0xd9) return compare(false, 2);
        return;
      }
      to.shape = Shape::kReverse;
      to.pops = escape == 6 ? 1 : 0;
      to.code = withSt1(4, operation);
      return;
    case 5:
      if (operation == 0) return move(Shape::kWhole, 0);
      if (operation == 1) return move(Shape::kExchange, 0);
      if (operation == 2 || operation == 3) return move(Shape::kStoreRegister, operation == 3 ? 1 : 0);
      if (operation == 4 || operation == 5) return compare(true, operation == 5 ? 1 : 0);
      return;
    default:
      if (operation == 0) return move(Shape::kWhole, 0);
      if (operation == 1) return move(Shape::kExchange, 0);
      if (operation == 2 || operation == 3) return move(Shape::kStoreRegister, 1);
      if (operation == 5 || operation == 6) return flags(1);
      if (modrm == 0xe0) {
        to.shape = Shape::kStoreStatusAx;
        to.waits = to.keepsPointers = false;
      }
  }
}

}  // namespace

X87Instruction decodeX87(const uint8_t* bytes, const Instruction& instruction) {
  X87Instruction result;
  result.opcode = static_cast<uint16_t>(instruction.opcode << 8 | instruction.modrm);
  result.narrow = instruction.operandSize == 2;
  for (unsigned at = 0; at < instruction.length && bytes[at] != instruction.opcode; ++at) {
    if (bytes[at] == 0xf0) result.locked = true;
  }
  const unsigned escape = instruction.opcode & 7;
  if (instruction.memory) {
    result.operand = decodeOperand(bytes, instruction);
    decodeMemory(result, escape, instruction.modrm >> 3 & 7);
    result.moves80 = escape == 3 && result.size == 10;
  } else {
    decodeRegister(result, escape, instruction.modrm);
  }
  return result;
}

}  // namespace decouple
