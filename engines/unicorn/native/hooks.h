/** The functions that the engine calls. */
#pragma once

#include <unicorn/unicorn.h>

#include <cstdint>

namespace decouple {

struct Hooks {
  /** At the start of every block, from generated code; `record` is the block's Translation. */
  template <bool kCounting>
  static void onBlock(uc_engine*, uint64_t address, uint32_t size, void* record);
  /** From the engine's main loop, on every exception and software interrupt. */
  static void onException(uc_engine*, uint32_t vector, void* simulator);
};

/** Leaves the block under way for the engine's main loop, which goes on from the CPU's state. */
[[noreturn]] void originalLoopExit(void* cpu);

}  // namespace decouple
