/** MOVS and STOS with a REP prefix, many elements at a time. */
#pragma once

#include <cstdint>

#include "abi.h"
#include "decode.h"

namespace decouple {

/** A CPU that repeats one instruction must let others have their turn. */
constexpr uint32_t kRepeatsAtOnce = 1 << 20;

/** What remains of a repeated instruction: ECX, or CX with 16-bit addresses. */
uint32_t repeatCounter(Env env, const Instruction& string);

/**
 * Runs a REP MOVS or REP STOS until its counter is `until`, or for about as long as kRepeatsAtOnce elements take that
 * are no plain RAM; false: not done. Registers are up to date after every element, so that it may be left by a page
 * fault, and begun again. `from`: the place in generated code that called.
 */
[[nodiscard]] bool runString(Env env, const Instruction& string, uint32_t until, uintptr_t from);

}  // namespace decouple
