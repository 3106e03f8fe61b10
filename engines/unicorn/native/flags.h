/** EFLAGS as a whole, and the rows of the table of forgiven differences. */
#pragma once

#include <cstdint>

#include "abi.h"

namespace decouple {

/** All of EFLAGS, with the lazily kept bits worked out. */
uint32_t readFlags(Env env);

/** Replaces the status flags (CF, PF, AF, ZF, SF, OF); the others stay. */
void writeStatusFlags(Env env, uint32_t eflags);

/** Replaces all of EFLAGS. */
void writeFlags(Env env, uint32_t eflags);

/** Rows of the table of forgiven differences (engines/unicorn/forgiven.ts), as far as the native side counts them. */
enum ForgivenRow {
  kForgivenOldFlags,
  kForgivenX87Result,
  kForgivenOldFloat,
  kForgivenRows,
};

const char* forgivenName(int row);

/** How the status flags are kept until somebody asks for them. */
struct LazyState {
  uint64_t result, source, source2;
  uint32_t kind;
};
LazyState readLazily(Env env);
void writeLazily(Env env, const LazyState& state);

}  // namespace decouple
