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

uint64_t compareRam(const Ram& expected, const Ram& got, size_t most, std::vector<Difference>& out) {
  uint64_t differing = 0;
  for (size_t i = 0; i < expected.regions().size(); ++i) {
    const Region& want = expected.regions()[i];
    const uint8_t* have = got.regions()[i].host;
    for (uint64_t page = 0; page < want.size; page += kPageSize) {
      if (std::memcmp(want.host + page, have + page, kPageSize) == 0) continue;
      for (uint64_t at = page; at < page + kPageSize; at += 4) {
        const uint32_t wanted = wordAt(want.host + at), found = wordAt(have + at);
        if (wanted == found) continue;
        ++differing;
        if (out.size() < most) out.push_back({static_cast<uint32_t>(want.start + at), wanted, found});
      }
    }
  }
  return differing;
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
