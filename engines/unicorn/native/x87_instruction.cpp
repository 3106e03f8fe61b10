/** x87 instructions as the simulator meets them: checks, operands in memory, and what the relog says. */
#include <cstring>

#include "guest_memory.h"
#include "simulator.h"
#include "state.h"
#include "x87.h"
#include "x87_environment.h"

namespace decouple {

namespace {

constexpr int kInvalidOpcode = 6, kNoDevice = 7, kFloatingPoint = 16;

/** What comes before the instruction itself (SDM vol. 3A, 6.15, and vol. 1, 8.7). */
void checkX87(Env env, const X87Instruction& x, uintptr_t from) {
  constexpr uint64_t kEmulation = 0x4, kTaskSwitched = 0x8, kNumericError = 0x20;
  const bool absent = (env.cr(0) & (kEmulation | kTaskSwitched)) != 0, pending = (env.x87Status() & kX87Summary) != 0;
  if (__builtin_expect(!absent && !pending && !x.locked, 1)) return;
  if (x.locked) raise_exception_err_ra_x86_64(env.raw(), kInvalidOpcode, 0, from);
  if (absent) raise_exception_err_ra_x86_64(env.raw(), kNoDevice, 0, from);
  if (x.waits && (env.cr(0) & kNumericError) != 0) raise_exception_err_ra_x86_64(env.raw(), kFloatingPoint, 0, from);
}

void keepPointers(Env env, const X87Instruction& x, uint32_t offset) {
  env.x87Opcode() = x.opcode & 0x7ff;
  env.x87CodeOffset() = static_cast<uint32_t>(env.eip());
  env.x87CodeSelector() = static_cast<uint16_t>(env.segment(kCs).selector());
  if (x.size == 0) return;
  env.x87DataOffset() = offset;
  env.x87DataSelector() = static_cast<uint16_t>(env.segment(x.operand.segment).selector());
}

}  // namespace

void Simulator::runX87(const X87Instruction& x, uintptr_t from) {
  const Env env = engine_.env();
  checkX87(env, x, from);
  const uint32_t offset = x.size == 0 ? 0 : offsetOf(env, x.operand);
  const uint32_t linear = x.size == 0 ? 0 : static_cast<uint32_t>(env.segment(x.operand.segment).base() + offset);
  if (!x.keepsPointers) return runX87Control(x, linear, from);
  X87Operands before{};
  if (x.toldAlways) {
    std::memcpy(before.st0, env.x87Register(env.x87Top()), sizeof before.st0);
    std::memcpy(before.st1, env.x87Register(env.x87Top() + 1), sizeof before.st1);
  }
  if (!runX87Quickly(env, x, GuestMemory(env, from), linear, exactFloat_, nullptr)) runX87Whole(x, linear, from);
  keepPointers(env, x, offset);
  // A machine that is exact tells what the manual leaves open, always; others what they may have otherwise.
  const bool required = x.toldAlways || (exactFloat_ && x.isRemainder());
  if (required || (x.told && !exactFloat_)) takeX87(x.opcode, required, before, from);
}

void Simulator::runX87Whole(const X87Instruction& x, uint32_t linear, uintptr_t from) {
  const Env env = engine_.env();
  const GuestMemory memory(env, from);
  X87Bytes operand;
  const bool store = x.shape == X87Shape::kStore;
  if (store) {
    memory.touch(linear, x.size, kAccessStore);
  } else if (x.size != 0) {
    memory.load(linear, operand, x.size);
  }
  X87Run run(env, x, exactFloat_);
  run.run(operand);
  if (store && run.stores()) memory.store(linear, operand, x.size);
  run.commit();
}

void Simulator::runX87Control(const X87Instruction& x, uint32_t linear, uintptr_t from) {
  const Env env = engine_.env();
  const GuestMemory memory(env, from);
  uint8_t image[108];
  uint16_t word;
  switch (x.shape) {
    case X87Shape::kLoadControl:
      memory.load(linear, &word, sizeof word);
      return setX87Control(env, word);
    case X87Shape::kStoreControl:
      word = env.x87Control();
      return memory.store(linear, &word, sizeof word);
    case X87Shape::kStoreStatus:
      memory.touch(linear, sizeof word, kAccessStore);
      word = peekX87Status(from);
      memory.store(linear, &word, sizeof word);
      return takeX87Status();
    case X87Shape::kStoreStatusAx:
      env.gpr(kEax) = (env.gpr(kEax) & ~uint64_t{0xffff}) | peekX87Status(from);
      return takeX87Status();
    case X87Shape::kLoadEnvironment:
    case X87Shape::kRestore: {
      memory.load(linear, image, x.size);
      loadX87Environment(env, image, x.narrow, isRealMode(env));
      const unsigned registers = x.narrow ? 14 : 28;
      if (x.shape == X87Shape::kLoadEnvironment) return;
      for (unsigned i = 0; i < 8; ++i) {
        std::memcpy(env.x87Register(env.x87Top() + i), image + registers + 10 * i, 10);
      }
      return;
    }
    case X87Shape::kStoreEnvironment:
    case X87Shape::kSave: {
      memory.touch(linear, x.size, kAccessStore);
      const Event& event = peekX87Environment(from);
      const X87EnvironmentImage head = writeX87Environment(event.environment, x.narrow, isRealMode(env));
      std::memcpy(image, head.bytes, head.size);
      if (x.shape == X87Shape::kSave) {
        for (unsigned i = 0; i < 8; ++i) {
          std::memcpy(image + head.size + 10 * i, env.x87Register(env.x87Top() + i), 10);
        }
      }
      memory.store(linear, image, x.size);
      takeX87Environment();
      if (x.shape == X87Shape::kSave) return initializeX87(env);
      return setX87Control(env, env.x87Control() | kX87Flags);
    }
    case X87Shape::kClearExceptions:
      // C0 to C3 are left open by the manual.
      env.x87Status() = 0;
      return;
    case X87Shape::kInitialize:
      return initializeX87(env);
    default:
      return;
  }
}

/** FCOMI and its kin, which the engine is shown as FUCOMI (see extent.h); it takes the flags from there. */
void Simulator::compareX87Flags(uintptr_t from) {
  const Env env = engine_.env();
  const X87Instruction& x = x87At(from);
  checkX87(env, x, from);
  uint32_t flags;
  if (!runX87Quickly(env, x, GuestMemory(env, from), 0, exactFloat_, &flags)) {
    X87Run run(env, x, exactFloat_);
    run.run(nullptr);
    run.commit();
    flags = run.flags();
  }
  env.x87Opcode() = x.opcode & 0x7ff;
  env.lazySource() = flags & kStatusFlags;
}

}  // namespace decouple
