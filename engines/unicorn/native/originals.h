/**
 * The library's own versions of the functions that this addon replaces. The dynamic linker resolves the library's
 * calls to the addon's definitions, since the addon comes first in the search order of what Node opened.
 */
#pragma once

#include <dlfcn.h>

#include <cstdint>

/** A definition that takes the place of the library's function of that name. */
#define REPLACES extern "C" __attribute__((visibility("default")))
/** The place in generated code that called. */
#define CALLER reinterpret_cast<uintptr_t>(__builtin_return_address(0))

namespace decouple {

/** The library itself, to look past the addon's definitions. */
void* libraryHandle();

/** The library's definition of `name`, looked up once; null when it has none. */
template <typename Function>
class Original {
 public:
  explicit constexpr Original(const char* name) : name_(name) {}
  Function* get() {
    if (function_ == nullptr) function_ = reinterpret_cast<Function*>(dlsym(libraryHandle(), name_));
    return function_;
  }
  template <typename... Arguments>
  auto operator()(Arguments... arguments) {
    return get()(arguments...);
  }
  const char* name() const { return name_; }

 private:
  const char* name_;
  Function* function_ = nullptr;
};

/** What the replaced translation function saw last in an engine without a simulator; the self-test looks at it. */
struct Probe {
  void* cpu = nullptr;
  void* block = nullptr;
  uint32_t options = 0;
};
extern thread_local Probe probe;

/** Names of the exported functions this addon calls or replaces; for the self-test. */
extern const char* const kNeededFunctions[];

}  // namespace decouple
