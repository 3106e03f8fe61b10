/** Vectors of exceptions (SDM vol. 3A, 6.15). */
#pragma once

#include <cstdint>

namespace decouple {

constexpr uint8_t kDebug = 1, kInvalidOpcode = 6, kDoubleFault = 8, kPageFault = 14, kSimdException = 19;

}  // namespace decouple
