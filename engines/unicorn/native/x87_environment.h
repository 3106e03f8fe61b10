/** The images of FNSTENV, FNSAVE, FXSAVE and their counterparts (SDM vol. 1, 8.1.10 and 10.5). */
#pragma once

#include <cstdint>

#include "abi.h"
#include "events.h"
#include "guest_memory.h"

namespace decouple {

/** An environment in one of its layouts: 14 or 28 bytes. */
struct X87EnvironmentImage {
  uint8_t bytes[28];
  unsigned size;
};

using X87EnvironmentState = decltype(Event::environment);

/** The layout depends on the operand's size and on whether segments are those of real mode. */
X87EnvironmentImage writeX87Environment(const X87EnvironmentState& state, bool narrow, bool realMode);
/** As FLDENV and FRSTOR: control, status and tags, and the pointers. */
void loadX87Environment(Env env, const uint8_t* bytes, bool narrow, bool realMode);

/** CR0.PE is 0, or the CPU is in virtual-8086 mode. */
bool isRealMode(Env env);

}  // namespace decouple
