#include "x87_environment.h"

#include <cstring>

#include "x87.h"

namespace decouple {

bool isRealMode(Env env) { return (env.cr(0) & 1) == 0 || (env.eflags() & kVirtual8086) != 0; }

namespace {

constexpr uint32_t kReserved = 0xffff0000;

/** Words in the order of an image, of two bytes or four. */
class Writer {
 public:
  explicit Writer(X87EnvironmentImage& to, bool narrow) : to_(to), narrow_(narrow) { to_.size = 0; }
  void word(uint32_t value) {
    std::memcpy(to_.bytes + to_.size, &value, narrow_ ? 2 : 4);
    to_.size += narrow_ ? 2 : 4;
  }

 private:
  X87EnvironmentImage& to_;
  bool narrow_;
};

}  // namespace

X87EnvironmentImage writeX87Environment(const X87EnvironmentState& state, bool narrow, bool realMode) {
  X87EnvironmentImage image{};
  Writer to(image, narrow);
  const uint32_t above = narrow ? 0 : kReserved;
  to.word(above | state.control);
  to.word(above | state.status);
  to.word(above | state.tags);
  const uint32_t opcode = state.opcode & 0x7ffu;
  if (!realMode) {
    to.word(state.codeOffset);
    to.word(narrow ? state.codeSelector : state.codeSelector | opcode << 16);
    to.word(state.dataOffset);
    to.word(above | state.dataSelector);
    return image;
  }
  const uint32_t code = state.codeOffset + (uint32_t{state.codeSelector} << 4);
  const uint32_t data = state.dataOffset + (uint32_t{state.dataSelector} << 4);
  // The upper part of an address lies four bits above the opcode's place.
  to.word(narrow ? code : (code & 0xffff) | above);
  to.word(narrow ? (code >> 4 & 0xf000) | opcode : (code >> 16 << 12) | opcode);
  to.word(narrow ? data : (data & 0xffff) | above);
  to.word(narrow ? data >> 4 & 0xf000 : data >> 16 << 12);
  return image;
}

void loadX87Environment(Env env, const uint8_t* bytes, bool narrow, bool realMode) {
  uint32_t words[7] = {};
  for (unsigned i = 0; i < 7; ++i) {
    const unsigned size = narrow ? 2 : 4;
    std::memcpy(words + i, bytes + i * size, size);
  }
  env.x87Status() = 0;
  setX87Control(env, static_cast<uint16_t>(words[0]));
  setX87FullStatus(env, static_cast<uint16_t>(words[1]));
  for (unsigned i = 0; i < 8; ++i) env.x87Empty()[i] = (words[2] >> 2 * i & 3) == 3 ? 1 : 0;
  if (realMode) {
    const unsigned shift = narrow ? 4 : 0;
    const auto address = [&](uint32_t low, uint32_t high) {
      return (low & 0xffff) | (narrow ? (high & 0xf000) << shift : high >> 12 << 16);
    };
    env.x87Opcode() = words[4] & 0x7ff;
    env.x87CodeOffset() = address(words[3], words[4]);
    env.x87DataOffset() = address(words[5], words[6]);
    env.x87CodeSelector() = env.x87DataSelector() = 0;
    return;
  }
  env.x87CodeOffset() = words[3];
  env.x87CodeSelector() = static_cast<uint16_t>(words[4]);
  env.x87Opcode() = narrow ? 0 : words[4] >> 16 & 0x7ff;
  env.x87DataOffset() = words[5];
  env.x87DataSelector() = static_cast<uint16_t>(words[6]);
}

}  // namespace decouple
