#include "classify.h"

namespace decouple {

bool isPushSegment(const Instruction& instruction) {
  if (instruction.operandSize != 4) return false;
  switch (instruction.opcode) {
    case 0x06:
    case 0x0e:
    case 0x16:
    case 0x1e:
    case 0x0fa0:
    case 0x0fa8:
      return true;
    default:
      return false;
  }
}

bool isBulkString(const Instruction& instruction) {
  const unsigned opcode = instruction.opcode;
  return instruction.repeated && (opcode == 0xa4 || opcode == 0xa5 || opcode == 0xaa || opcode == 0xab);
}

bool isReplaced(const Instruction& instruction) {
  return isBulkString(instruction) || isPushSegment(instruction) || isLoadFlags(instruction);
}

bool isReadModifyWrite(const Instruction& instruction) {
  if (instruction.modrm >> 6 == 3) return false;
  const unsigned extension = instruction.modrm >> 3 & 7;
  const unsigned opcode = instruction.opcode;
  // ADD to XOR with a memory destination; CMP only reads.
  if (opcode < 0x38 && (opcode & 6) == 0) return true;
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x83:
      return extension != 7;
    case 0x86:
    case 0x87:
    case 0xc0:
    case 0xc1:
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0x0fa4:
    case 0x0fa5:
    case 0x0fab:
    case 0x0fac:
    case 0x0fad:
    case 0x0fb0:
    case 0x0fb1:
    case 0x0fb3:
    case 0x0fbb:
    case 0x0fc0:
    case 0x0fc1:
      return true;
    case 0xf6:
    case 0xf7:
      return extension == 2 || extension == 3;
    case 0xfe:
    case 0xff:
      return extension < 2;
    case 0x0fba:
      return extension > 4;
    case 0x0fc7:
      return extension == 1;
    default:
      return false;
  }
}

unsigned segmentsUsed(const Instruction& instruction) {
  constexpr unsigned kEs = 0, kSs = 2, kDs = 3;
  const auto prefixOr = [&](unsigned usual) {
    return 1u << (instruction.segmentPrefix < 0 ? usual : static_cast<unsigned>(instruction.segmentPrefix));
  };
  constexpr unsigned kLea = 0x8d;
  switch (instruction.opcode) {
    case 0x6c:
    case 0x6d:
    case 0xaa:
    case 0xab:
    case 0xae:
    case 0xaf:
      return 1u << kEs;
    case 0xa4:
    case 0xa5:
    case 0xa6:
    case 0xa7:
      return 1u << kEs | prefixOr(kDs);
    case 0x6e:
    case 0x6f:
    case 0xac:
    case 0xad:
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa3:
    case 0xd7:
      return prefixOr(kDs);
  }
  if (!instruction.memory || instruction.opcode == kLea) return 0;
  return prefixOr(instruction.onStack ? kSs : kDs);
}

bool isRepeatedCompare(const Instruction& instruction) {
  const unsigned operation = instruction.opcode & ~1u;
  return instruction.repeated && (operation == 0xa6 || operation == 0xae);
}

bool isBitTest(const Instruction& instruction) {
  switch (instruction.opcode) {
    case 0x0fa3:
    case 0x0fab:
    case 0x0fb3:
    case 0x0fbb:
    case 0x0fba:
      return true;
    default:
      return false;
  }
}

bool isLoadFlags(const Instruction& instruction) { return instruction.opcode == 0x9f; }

}  // namespace decouple
