#include <algorithm>

#include "simulator.h"

namespace decouple {

namespace {

/** The bit that is wrong. */
constexpr uint32_t kWrong = 8;

uint64_t plus(uint64_t position, uint64_t instructions) {
  return instructions > ~uint64_t{0} - position ? ~uint64_t{0} : position + instructions;
}

}  // namespace

void Simulator::plantFault(const PlantedFault& fault) { fault_ = std::make_unique<PlantedFault>(fault); }

/** Runs like `runFreely`, with the fault on the way. */
Stop Simulator::runWithFault(uint64_t limit) {
  const uint64_t end = plus(position_.count, limit);
  if (end <= fault_->position || position_.count > fault_->position) return runFreely(limit);
  if (position_.count < fault_->position) {
    const Stop stop = runFreely(fault_->position - position_.count);
    if (stop != Stop::kLimit || position_.count < fault_->position) return stop;
  }
  std::unique_ptr<Ram> before;
  if (fault_->target == PlantedFault::kMemory) {
    before = std::make_unique<Ram>(ram_.regions());
    copyRam(ram_, *before);
  }
  const Stop stop = runFreely(1);
  if (position_.count == fault_->position || stop == Stop::kDiverged) return stop;
  if (before) {
    spoilMemory(*before);
  } else {
    engine_.env().gpr(fault_->target) ^= kWrong;
  }
  fault_.reset();
  return stop == Stop::kLimit && !stepping_ ? runFreely(end - position_.count) : stop;
}

void Simulator::spoilMemory(const Ram& before) {
  constexpr size_t kMost = 1 << 20;
  std::vector<Difference> changed;
  compareRam(before, ram_, kMost, changed);
  if (changed.empty()) return;
  const Difference& word = changed[changed.size() / 2];
  // A byte that was changed: the instruction may have written less than the word.
  const uint32_t bits = word.expected ^ word.got;
  unsigned byte = 0;
  while ((bits >> (8 * byte) & 0xff) == 0) ++byte;
  const uint8_t wrong = static_cast<uint8_t>((word.got >> (8 * byte)) ^ kWrong);
  runningSimulator = this;
  writeRam(word.address + byte, &wrong, 1);
  runningSimulator = nullptr;
}

}  // namespace decouple
