#include "stack.h"

#include "guest_memory.h"
#include "walk.h"

namespace decouple {

namespace {

constexpr uint32_t kEnd = 0x10000;

uint32_t stackBase(Env env) { return static_cast<uint32_t>(env.segment(kSs).base()); }
uint32_t levelOf(Env env) { return env.context() & kContextCpl; }

}  // namespace

Stack::Stack(Env env)
    : pointer_(env.gpr32(kEsp) & (kEnd - 1)),
      base_(stackBase(env)),
      level_(levelOf(env)),
      virtual8086_((env.eflags() & kVirtual8086) != 0) {}

void Stack::delivered(const Ram& ram, Env env) const {
  const bool sameStack = !virtual8086_ && levelOf(env) == level_ && stackBase(env) == base_;
  if (!sameStack || (env.context() & kContextStack32) != 0) return;
  const uint32_t pointer = env.gpr32(kEsp) & (kEnd - 1), size = (pointer_ - pointer) & (kEnd - 1);
  if (pointer + size <= kEnd) return;
  const uint32_t last = base_ + pointer + size - 1;
  if (!writeFaults(walkPages(ram, env, last), env, level_ == kContextCpl)) {
    GuestMemory(env, 0).touch(last, 1, kAccessStore);
  }
}

}  // namespace decouple
