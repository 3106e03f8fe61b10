#include "coverage.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "decode.h"

namespace decouple {

namespace {

uint64_t fnv1a(const uint8_t* bytes, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

}  // namespace

uint32_t Coverage::enter(uint32_t address, const uint8_t* code, size_t size, const uint8_t* lengths,
                         size_t instructions) {
  const uint64_t hash = fnv1a(code, size);
  const uint64_t key = hash ^ address * 0x9e3779b97f4a7c15;
  const auto range = byHash_.equal_range(key);
  for (auto at = range.first; at != range.second; ++at) {
    const Code& known = codes_[at->second - 1];
    if (known.address == address && known.size == size && known.instructions == instructions &&
        std::memcmp(&bytes_[known.firstByte], code, size) == 0) {
      return at->second;
    }
  }
  codes_.push_back({address, static_cast<uint32_t>(bytes_.size()), static_cast<uint32_t>(size),
                    static_cast<uint32_t>(lengths_.size()), static_cast<uint32_t>(instructions), hash});
  // The new bytes may be a part of the tables themselves.
  const std::vector<uint8_t> newBytes(code, code + size), newLengths(lengths, lengths + instructions);
  bytes_.insert(bytes_.end(), newBytes.begin(), newBytes.end());
  lengths_.insert(lengths_.end(), newLengths.begin(), newLengths.end());
  const uint32_t number = static_cast<uint32_t>(codes_.size());
  byHash_.emplace(key, number);
  return number;
}

uint32_t Coverage::part(uint32_t code, unsigned first, unsigned count) {
  const Code whole = codes_[code - 1];
  const uint8_t* lengths = &lengths_[whole.firstLength];
  const unsigned skipped = std::accumulate(lengths, lengths + first, 0u);
  const unsigned size = std::accumulate(lengths + first, lengths + first + count, 0u);
  return enter(whole.address + skipped, &bytes_[whole.firstByte + skipped], size, lengths + first, count);
}

uint32_t Coverage::prefix(uint32_t code, unsigned instructions) {
  return instructions == 0 ? 0 : part(code, 0, instructions);
}

uint32_t Coverage::single(uint32_t code, unsigned index) { return part(code, index, 1); }

uint32_t Coverage::spaceOf(uint32_t pageTable) {
  const auto found = bySpace_.find(pageTable);
  if (found != bySpace_.end()) return found->second;
  spaces_.push_back(pageTable);
  const uint32_t number = static_cast<uint32_t>(spaces_.size());
  bySpace_.emplace(pageTable, number);
  return number;
}

BlockCount* Coverage::counter(uint32_t space, uint32_t code) {
  std::unique_ptr<BlockCount>& counter = counters_[static_cast<uint64_t>(space) << 32 | code];
  if (!counter) counter = std::make_unique<BlockCount>();
  return counter.get();
}

namespace {

/** One instruction that ran, in one address space. */
struct Executed {
  uint32_t space, address;
  uint32_t length;
  const uint8_t* bytes;
  uint64_t executions;
};

int compare(const Executed& a, const Executed& b) {
  if (a.space != b.space) return a.space < b.space ? -1 : 1;
  if (a.address != b.address) return a.address < b.address ? -1 : 1;
  if (a.length != b.length) return a.length < b.length ? -1 : 1;
  return std::memcmp(a.bytes, b.bytes, a.length);
}

/** Sorts, and adds up what is the same instruction. */
void merge(std::vector<Executed>& list) {
  std::sort(list.begin(), list.end(), [](const Executed& a, const Executed& b) { return compare(a, b) < 0; });
  size_t kept = 0;
  for (size_t i = 0; i < list.size(); ++i) {
    if (kept > 0 && compare(list[kept - 1], list[i]) == 0) {
      list[kept - 1].executions += list[i].executions;
    } else {
      list[kept++] = list[i];
    }
  }
  list.resize(kept);
}

/** Transfers control. (Whether code is 16 or 32 bits wide does not matter for that.) */
bool endsBlock(const Executed& instruction) {
  return decodeInstruction(instruction.bytes, instruction.length, true).endsBlock;
}

/** Whether `b` continues the run that `a` belongs to: right behind it, equally often, and no other code in its place.
 */
bool continues(const std::vector<Executed>& list, size_t b) {
  const Executed& before = list[b - 1];
  const Executed& here = list[b];
  const auto sharesPlace = [&list](size_t i) {
    return i + 1 < list.size() && list[i + 1].space == list[i].space &&
           list[i + 1].address < list[i].address + list[i].length;
  };
  return before.space == here.space && before.address + before.length == here.address &&
         before.executions == here.executions && !endsBlock(before) && !sharesPlace(b) &&
         !(b >= 2 && sharesPlace(b - 2));
}

}  // namespace

CoverageBatch Coverage::take() {
  std::vector<Executed> list;
  for (auto& [key, counter] : counters_) {
    if (counter->executions == 0) continue;
    const Code& code = codes_[static_cast<uint32_t>(key) - 1];
    const uint32_t space = spaces_[(key >> 32) - 1];
    uint32_t offset = 0;
    for (uint32_t i = 0; i < code.instructions; ++i) {
      const uint32_t length = lengths_[code.firstLength + i];
      list.push_back({space, code.address + offset, length, &bytes_[code.firstByte + offset], counter->executions});
      offset += length;
    }
    counter->executions = 0;
  }
  merge(list);

  CoverageBatch batch;
  for (size_t i = 0; i < list.size(); ++i) {
    const Executed& one = list[i];
    if (i == 0 || !continues(list, i)) {
      batch.space.push_back(one.space);
      batch.address.push_back(one.address);
      batch.size.push_back(0);
      batch.instructions.push_back(0);
      batch.executions.push_back(static_cast<double>(one.executions));
    }
    batch.size.back() += one.length;
    batch.instructions.back() += 1;
    batch.lengths.push_back(static_cast<uint8_t>(one.length));
    batch.code.insert(batch.code.end(), one.bytes, one.bytes + one.length);
  }
  size_t at = 0;
  for (uint32_t size : batch.size) {
    batch.hash.push_back(fnv1a(batch.code.data() + at, size));
    at += size;
  }
  return batch;
}

}  // namespace decouple
