/** The stack that an interrupt or exception is delivered on. */
#pragma once

#include <cstdint>

#include "abi.h"
#include "ram.h"

namespace decouple {

/** As it was before. */
class Stack {
 public:
  explicit Stack(Env env);
  /**
   * On a stack of 16 bits the machine looks whether it can write from where ESP will be upwards, also where ESP wraps:
   * behind the end of 64 KiB, whose page is marked by that.
   */
  void delivered(const Ram& ram, Env env) const;

 private:
  uint32_t pointer_;
  uint32_t base_;
  uint32_t level_;
  bool virtual8086_;
};

}  // namespace decouple
