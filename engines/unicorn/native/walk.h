/** The page walk, without side effects (SDM vol. 3A, 4.3 and 4.4). */
#pragma once

#include <cstdint>

#include "abi.h"
#include "ram.h"

namespace decouple {

struct PageWalk {
  /** Mapped at all; the rest means nothing otherwise. */
  bool present;
  bool user;
  bool writable;
  uint64_t physical;
};

/** Where a linear address is in physical memory; all of linear memory is mapped while paging is off. */
PageWalk walkPages(const Ram& ram, Env env, uint32_t linear);

constexpr unsigned kMostEntries = 3;
/** Physical addresses of the entries of page tables that lead to a page, as far as they are present. Returns how many.
 */
unsigned pageEntries(const Ram& ram, Env env, uint32_t linear, uint64_t (&addresses)[kMostEntries]);

/** Whether an access would fault as this error code of a page fault says: a read or a write, at level 3 or below. */
bool accessFaults(const PageWalk& walk, Env env, uint32_t error);

/** Whether an access would fault, a write or not; `asUser`: at privilege level 3. */
bool accessFaults(const PageWalk& walk, Env env, bool write, bool asUser);

/** Whether a write would fault; `asUser`: at privilege level 3. */
bool writeFaults(const PageWalk& walk, Env env, bool asUser);

}  // namespace decouple
