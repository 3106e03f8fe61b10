/**
 * The engine's caches of page walks, and of the blocks found last: when they are emptied, and how large they are.
 *
 * The engine knows no global pages: it empties everything when CR3 is loaded. Here the entries of global pages stay, as
 * in a real CPU (SDM vol. 3A, 4.10.2.4).
 *
 * And it counts an entry anew whenever it is filled again, so that caches grow to hundreds of megabytes, and emptying
 * them takes most of the time; it goes by the wall clock besides, so that no two runs have the same ones. Here their
 * sizes follow what was really in use.
 */
#pragma once

#include <cstdint>
#include <vector>

#include "abi.h"

namespace decouple {

class TlbKeeper {
 public:
  TlbKeeper();

  /** A page walk read this entry of a page table last. */
  void sawEntry(uint64_t entry) { lastEntry_ = entry; }
  /** A page was entered in the cache for `mode`; `walked`: paging is on, so that the entry seen last is its own. */
  void entered(uint64_t linear, int mode, bool walked);
  /** While CR3 is loaded: entries of global pages may stay. */
  void loadingCr3(bool loading) { loadingCr3_ = loading; }
  /** Everything is to be emptied. True when that is done; else the engine has to, and will choose the right size. */
  bool flush(Cpu cpu, Env env);
  /** The engine drops one page, or empties a cache if it lies in a large page. */
  void beforeFlushPage(Env env, uint64_t linear);

 private:
  bool isGlobal(uint64_t linear) const {
    const uint32_t page = static_cast<uint32_t>(linear) >> 12;
    return (global_[page >> 6] >> (page & 63) & 1) != 0;
  }
  void keepGlobal(Cpu cpu, Env env);
  void forgetLocal(Env env);
  void chooseSize(const Tlb& tlb);

  std::vector<uint64_t> global_;
  struct Entered {
    uint32_t page;
    int mode;
  };
  /** Pages entered since the last flush that are not global. */
  std::vector<Entered> local_;
  uint64_t lastEntry_ = 0;
  bool loadingCr3_ = false;
};

}  // namespace decouple
