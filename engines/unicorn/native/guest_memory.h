/** Guest memory as the instruction that is being run accesses it. */
#pragma once

#include <cstdint>
#include <cstring>

#include "abi.h"
#include "ram.h"

extern "C" {
void* probe_access_x86_64(void* env, uint64_t address, int size, int access, int mmuIndex, uintptr_t hostAddress);
uint64_t cpu_ldq_data_ra_x86_64(void* env, uint64_t address, uintptr_t hostAddress);
void cpu_stq_data_ra_x86_64(void* env, uint64_t address, uint64_t value, uintptr_t hostAddress);
}

namespace decouple {

/**
 * Addresses are linear. Everything may end in a page fault, which jumps into the engine's main loop; then nothing of
 * the access has been done. `from`: the place in generated code that called.
 */
class GuestMemory {
 public:
  GuestMemory(Env env, uintptr_t from)
      : env_(env),
        from_(from),
        mode_((env.context() & kContextCpl) == kContextCpl ? Tlb::kUserMode : Tlb::kSupervisorMode) {}

  /** Raises the page fault, if any, that accessing `size` bytes raises; its address is the first that is missing. */
  void touch(uint32_t linear, unsigned size, AccessKind access) const {
    probe_access_x86_64(env_.raw(), linear, 1, access, mode_, from_);
    const uint32_t last = linear + size - 1;
    if (((last ^ linear) & ~uint32_t{kPageSize - 1}) == 0) return;
    probe_access_x86_64(env_.raw(), last & ~uint32_t{kPageSize - 1}, 1, access, mode_, from_);
  }

  /** Host memory of an access that lies in one page which is known to be plain RAM; null otherwise. */
  uint8_t* direct(uint32_t linear, unsigned size, AccessKind access) const {
    if (linear % kPageSize + size > kPageSize) return nullptr;
    return Tlb(env_, mode_).direct(linear, access);
  }

  void load(uint32_t linear, void* to, unsigned size) const {
    if (const uint8_t* host = direct(linear, size, kAccessLoad)) {
      std::memcpy(to, host, size);
      return;
    }
    touch(linear, size, kAccessLoad);
    loadSlowly(linear, static_cast<uint8_t*>(to), size);
  }

  void store(uint32_t linear, const void* value, unsigned size) const {
    if (uint8_t* host = direct(linear, size, kAccessStore)) {
      std::memcpy(host, value, size);
      return;
    }
    touch(linear, size, kAccessStore);
    storeSlowly(linear, static_cast<const uint8_t*>(value), size);
  }

 private:
  void loadSlowly(uint32_t linear, uint8_t* to, unsigned size) const;
  void storeSlowly(uint32_t linear, const uint8_t* value, unsigned size) const;

  Env env_;
  uintptr_t from_;
  int mode_;
};

}  // namespace decouple
