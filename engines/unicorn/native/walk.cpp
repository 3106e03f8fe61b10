#include "walk.h"

#include <cstring>

namespace decouple {

namespace {

constexpr uint64_t kPaging = 0x80000000, kWriteProtect = 0x10000;
constexpr uint64_t kPageSizeExtensions = 0x10, kPhysicalAddressExtension = 0x20;
enum Entry : uint64_t { kPresent = 1, kWritable = 2, kUser = 4, kLarge = 0x80 };
constexpr uint64_t kFrame = 0xffffffffff000;

/** Reads entries of page tables, and keeps what all of them allow. */
class Walker {
 public:
  explicit Walker(const Ram& ram) : ram_(ram) {}

  template <typename Word>
  bool read(uint64_t address) {
    const uint8_t* bytes = ram_.at(address, sizeof(Word));
    Word word = 0;
    if (bytes != nullptr) std::memcpy(&word, bytes, sizeof word);
    entry = word;
    return (entry & kPresent) != 0;
  }
  void allow() { allowed &= entry; }
  PageWalk at(uint64_t offsetMask, uint32_t linear) const {
    const uint64_t physical = (entry & kFrame & ~offsetMask) | (linear & offsetMask);
    return {true, (allowed & kUser) != 0, (allowed & kWritable) != 0, physical};
  }

  uint64_t entry = 0;
  uint64_t allowed = kUser | kWritable;

 private:
  const Ram& ram_;
};

constexpr PageWalk kNotPresent{false, false, false, 0};

PageWalk walkTwoLevels(Walker walker, Env env, uint32_t linear) {
  if (!walker.read<uint32_t>((env.cr(3) & 0xfffff000) + (linear >> 22) * 4)) return kNotPresent;
  walker.allow();
  if ((walker.entry & kLarge) != 0 && (env.cr(4) & kPageSizeExtensions) != 0) {
    walker.entry &= 0xffffffff;
    return walker.at(0x3fffff, linear);
  }
  if (!walker.read<uint32_t>((walker.entry & 0xfffff000) + (linear >> 12 & 0x3ff) * 4)) return kNotPresent;
  walker.allow();
  return walker.at(0xfff, linear);
}

PageWalk walkThreeLevels(Walker walker, Env env, uint32_t linear) {
  if (!walker.read<uint64_t>((env.cr(3) & 0xffffffe0) + (linear >> 30) * 8)) return kNotPresent;
  if (!walker.read<uint64_t>((walker.entry & kFrame) + (linear >> 21 & 0x1ff) * 8)) return kNotPresent;
  walker.allow();
  if ((walker.entry & kLarge) != 0) return walker.at(0x1fffff, linear);
  if (!walker.read<uint64_t>((walker.entry & kFrame) + (linear >> 12 & 0x1ff) * 8)) return kNotPresent;
  walker.allow();
  return walker.at(0xfff, linear);
}

}  // namespace

PageWalk walkPages(const Ram& ram, Env env, uint32_t linear) {
  if ((env.cr(0) & kPaging) == 0) return {true, true, true, linear};
  const Walker walker(ram);
  return (env.cr(4) & kPhysicalAddressExtension) != 0 ? walkThreeLevels(walker, env, linear)
                                                      : walkTwoLevels(walker, env, linear);
}

unsigned pageEntries(const Ram& ram, Env env, uint32_t linear, uint64_t (&addresses)[kMostEntries]) {
  if ((env.cr(0) & kPaging) == 0) return 0;
  const bool wide = (env.cr(4) & kPhysicalAddressExtension) != 0;
  Walker walker(ram);
  unsigned count = 0;
  const auto step = [&](uint64_t address) {
    addresses[count++] = address;
    return wide ? walker.read<uint64_t>(address) : walker.read<uint32_t>(address);
  };
  if (!wide) {
    if (!step((env.cr(3) & 0xfffff000) + (linear >> 22) * 4)) return count;
    if ((walker.entry & kLarge) != 0 && (env.cr(4) & kPageSizeExtensions) != 0) return count;
    step((walker.entry & 0xfffff000) + (linear >> 12 & 0x3ff) * 4);
    return count;
  }
  if (!step((env.cr(3) & 0xffffffe0) + (linear >> 30) * 8)) return count;
  if (!step((walker.entry & kFrame) + (linear >> 21 & 0x1ff) * 8) || (walker.entry & kLarge) != 0) return count;
  step((walker.entry & kFrame) + (linear >> 12 & 0x1ff) * 8);
  return count;
}

bool accessFaults(const PageWalk& walk, Env env, uint32_t error) {
  constexpr uint32_t kWrite = 2, kUserAccess = 4;
  return accessFaults(walk, env, (error & kWrite) != 0, (error & kUserAccess) != 0);
}

bool accessFaults(const PageWalk& walk, Env env, bool write, bool asUser) {
  if (write) return writeFaults(walk, env, asUser);
  return !walk.present || (asUser && !walk.user);
}

bool writeFaults(const PageWalk& walk, Env env, bool asUser) {
  if (!walk.present || (asUser && !walk.user)) return true;
  return !walk.writable && (asUser || (env.cr(0) & kWriteProtect) != 0);
}

}  // namespace decouple
