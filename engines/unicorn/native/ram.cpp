#include "ram.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

namespace decouple {

namespace {

uint32_t wordAt(const uint8_t* bytes) {
  uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

}  // namespace

Ram::Ram(const std::vector<Region>& spans) : regions_(spans) {
  for (Region& region : regions_) {
    region.host = nullptr;
    region.engineShift = 0;
  }
  for (Region& region : regions_) {
    void* memory =
        mmap(nullptr, region.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      for (Region& mapped : regions_) {
        if (mapped.host != nullptr) munmap(mapped.host, mapped.size);
      }
      throw std::bad_alloc();
    }
    region.host = static_cast<uint8_t*>(memory);
  }
}

Ram::~Ram() {
  for (Region& region : regions_) munmap(region.host, region.size);
}

uint8_t* Ram::at(uint64_t address, size_t size) const {
  for (const Region& region : regions_) {
    if (address >= region.start && address < region.end()) {
      return size <= region.end() - address ? region.host + (address - region.start) : nullptr;
    }
  }
  return nullptr;
}

namespace {

/** Whole words at two places that stand for the physical address `start`. */
uint64_t compareWords(const uint8_t* want, const uint8_t* have, uint64_t start, uint64_t size, size_t most,
                      std::vector<Difference>& out) {
  uint64_t differing = 0;
  for (uint64_t page = 0; page < size; page += kPageSize) {
    const uint64_t end = size - page < kPageSize ? size : page + kPageSize;
    if (std::memcmp(want + page, have + page, end - page) == 0) continue;
    for (uint64_t at = page; at + 4 <= end; at += 4) {
      const uint32_t wanted = wordAt(want + at), found = wordAt(have + at);
      if (wanted == found) continue;
      ++differing;
      if (out.size() < most) out.push_back({static_cast<uint32_t>(start + at), wanted, found});
    }
  }
  return differing;
}

}  // namespace

uint64_t compareRam(const Ram& expected, const Ram& got, size_t most, std::vector<Difference>& out) {
  uint64_t differing = 0;
  for (size_t i = 0; i < expected.regions().size(); ++i) {
    const Region& want = expected.regions()[i];
    differing += compareWords(want.host, got.regions()[i].host, want.start, want.size, most, out);
  }
  return differing;
}

uint64_t compareBytes(const uint8_t* expected, const Ram& got, uint32_t start, size_t size, size_t most,
                      std::vector<Difference>& out) {
  return compareWords(expected, got.at(start, size), start, size, most, out);
}

void copyRam(const Ram& from, Ram& to) {
  for (size_t i = 0; i < from.regions().size(); ++i) {
    const Region& region = from.regions()[i];
    uint8_t* target = to.regions()[i].host;
    for (uint64_t page = 0; page < region.size; page += kPageSize) {
      // Pages that are equal already are not touched: untouched zero pages cost no memory.
      if (std::memcmp(target + page, region.host + page, kPageSize) != 0) {
        std::memcpy(target + page, region.host + page, kPageSize);
      }
    }
  }
}

}  // namespace decouple
