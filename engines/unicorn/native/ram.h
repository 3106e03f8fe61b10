/** The guest's RAM, and what a keyframe says it should be. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cursor.h"

namespace decouple {

constexpr uint32_t kPageSize = 4096;

struct Region {
  uint32_t start;
  /** Bytes, a multiple of the page size; a region ends at 4 GiB at the latest. */
  uint64_t size;
  uint8_t* host;
  /** What the engine adds to a physical address here for its own numbering of RAM. */
  uint64_t engineShift;

  uint64_t end() const { return start + size; }
};

/** Physical memory that behaves as RAM: some regions, zero-filled at first. */
class Ram : public AddressRange {
 public:
  /** `spans`: pairs of start and size, sorted and apart, multiples of the page size (checked by the caller). */
  explicit Ram(const std::vector<Region>& spans);
  ~Ram() override;
  Ram(const Ram&) = delete;
  Ram& operator=(const Ram&) = delete;

  std::vector<Region>& regions() { return regions_; }
  const std::vector<Region>& regions() const { return regions_; }
  /** The bytes at a physical address, null unless all of them are in one region. */
  uint8_t* at(uint64_t address, size_t size) const;
  bool contains(uint32_t address, size_t size) const override { return at(address, size) != nullptr; }

 private:
  std::vector<Region> regions_;
};

struct Difference {
  uint32_t address;
  uint32_t expected;
  uint32_t got;
};

/**
 * Compares word by word (32 bits). Returns how many words differ; the first `most` of them, by address, go to `out`.
 * Both must have the same regions.
 */
uint64_t compareRam(const Ram& expected, const Ram& got, size_t most, std::vector<Difference>& out);

/** The same for a part of it: `expected` holds the bytes from physical address `start` on, all of them in one region.
 */
uint64_t compareBytes(const uint8_t* expected, const Ram& got, uint32_t start, size_t size, size_t most,
                      std::vector<Difference>& out);

/** Takes the contents of `from`, which has the same regions. */
void copyRam(const Ram& from, Ram& to);

/** Pages of the engine's RAM that hold translated code. */
class CodePages {
 public:
  void resize(uint64_t engineBytes) { bits_.assign((engineBytes >> 18) + 1, 0); }
  bool has(uint64_t engineAddress) const {
    const uint64_t page = engineAddress >> 12;
    return page >> 6 < bits_.size() && (bits_[page >> 6] >> (page & 63) & 1) != 0;
  }
  void add(uint64_t engineAddress) {
    const uint64_t page = engineAddress >> 12;
    if (page >> 6 < bits_.size()) bits_[page >> 6] |= uint64_t{1} << (page & 63);
  }
  void remove(uint64_t engineAddress) {
    const uint64_t page = engineAddress >> 12;
    if (page >> 6 < bits_.size()) bits_[page >> 6] &= ~(uint64_t{1} << (page & 63));
  }

 private:
  std::vector<uint64_t> bits_;
};

}  // namespace decouple
