#include <cstring>

#include "classify.h"
#include "guest_memory.h"
#include "hooks.h"
#include "simulator.h"

namespace decouple {

__thread Simulator* runningSimulator = nullptr;

Simulator::Simulator(const std::vector<Region>& spans) : ram_(spans), engine_(ram_, *this) {
  uint64_t top = 0;
  for (const Region& region : ram_.regions()) {
    const uint64_t end = region.end() + region.engineShift;
    if (end > top) top = end;
  }
  codePages_.resize(top);
  engine_.hookExceptions(Hooks::onException, this);
  position_ = Position(0);
}

Simulator::~Simulator() = default;

void Simulator::loadState(const CpuState& state, uint64_t position) {
  loadCpuState(state, engine_.env(), engine_.cpu().raw());
  position_ = Position(position);
  paused_ = false;
  halted_ = state.halted != 0;
  rest_.size = 0;
  stop_ = Stop::kNone;
}

CpuState Simulator::readState() const {
  CpuState state = readCpuState(engine_.env());
  state.halted = halted_ ? 1 : 0;
  return state;
}

StepState Simulator::stepState() const {
  const Env env = engine_.env();
  StepState state{linearEip(), readFlags(env), {}};
  for (int i = 0; i < 8; ++i) state.gpr[i] = env.gpr32(i);
  return state;
}

void Simulator::dropEvents() {
  cursor_.clear();
  trail_.clear();
}

/** Writes RAM from outside the CPU; code translated from there is dropped. */
void Simulator::writeRam(uint32_t address, const uint8_t* bytes, size_t size) {
  if (size == 0) return;
  std::memcpy(ram_.at(address, size), bytes, size);
  for (const Region& region : ram_.regions()) {
    if (address < region.start || address >= region.end()) continue;
    const uint64_t first = (address + region.engineShift) & ~uint64_t{kPageSize - 1};
    bool code = false;
    for (uint64_t page = first; page < address + region.engineShift + size; page += kPageSize) {
      code = code || codePages_.has(page);
    }
    if (code) engine_.invalidate(region, address, size);
    return;
  }
}

bool Simulator::writePage(uint32_t number, const uint8_t* bytes) {
  if (number >= 1u << 20 || !ram_.contains(number << 12, kPageSize)) return false;
  runningSimulator = this;
  writeRam(number << 12, bytes, kPageSize);
  runningSimulator = nullptr;
  return true;
}

void Simulator::copyRamFrom(const Ram& from) {
  copyRam(from, ram_);
  dropCode();
}

void Simulator::dropCode() {
  runningSimulator = this;
  engine_.flush();
  runningSimulator = nullptr;
  uint64_t top = 0;
  for (const Region& region : ram_.regions()) {
    if (region.end() + region.engineShift > top) top = region.end() + region.engineShift;
  }
  codePages_.resize(top);
}

void Simulator::protectCode(uint64_t enginePage) {
  codePages_.add(enginePage);
  for (const Region& region : ram_.regions()) {
    const uint64_t offset = enginePage - region.engineShift - region.start;
    if (offset >= region.size) continue;
    tlb_reset_dirty_x86_64(engine_.cpu().raw(), reinterpret_cast<uintptr_t>(region.host + offset), kPageSize);
    return;
  }
}

bool Simulator::holdsCode(uint32_t linear) const {
  const uint32_t page = linear & ~uint32_t{kPageSize - 1};
  for (int mode = 0; mode < Tlb::kModes; ++mode) {
    const uint8_t* host = Tlb(engine_.env(), mode).writable(page);
    if (host == nullptr) continue;
    for (const Region& region : ram_.regions()) {
      const auto offset = static_cast<uint64_t>(host - region.host);
      if (offset < region.size) return codePages_.has(region.start + offset + region.engineShift);
    }
  }
  return true;
}

void Simulator::beforeStore(uint32_t linear, unsigned size, uintptr_t from) {
  const Translation* block = position_.block;
  if (block == nullptr || block->instructions <= 1 || !holdsCode(linear)) return;
  const Env env = engine_.env();
  const PageWalk written = walkPages(ram_, env, linear), code = walkPages(ram_, env, block->address);
  if (!written.present || !code.present) return;
  if (written.physical >= code.physical + block->size || code.physical >= written.physical + size) return;
  accessing(from);
  settle(from);
  beforeJumpOut();
  split(1);
}

bool Simulator::faultsAsWrite(uint32_t linear, bool asUser, uintptr_t from) {
  const Env env = engine_.env();
  if (!writeFaults(walkPages(ram_, env, linear), env, asUser)) return false;
  settle(from);
  if (!isReadModifyWrite(instructionHere())) return false;
  // The page where the operand begins was found good for writing, which marks it.
  if (unaligned_.size != 0 && unaligned_.from == from && ((unaligned_.linear ^ linear) >= kPageSize)) {
    GuestMemory(env, from).touch(unaligned_.linear, 1, kAccessStore);
  }
  return true;
}

Translation* Simulator::beginTranslation() {
  Translation* record = translations_.upcoming();
  engine_.setBlockRecord(BlockTag(record).passed());
  return record;
}

void Simulator::endTranslation(const TranslatedBlock& block, Translation& record) {
  ++counts_.translations;
  describeTranslation(block, engine_.env(), record);
  describeCode(record);
  describeForm(record);
  // Where something is to be done before it runs, the hook looks at the record.
  if (record.form == 0 && record.spoiled == nullptr) BlockTag(&record).complete(block);
  translations_.commit();
}

void Simulator::consume() {
  trail_.add(*cursor_.front());
  cursor_.pop();
  refreshDue();
}

void Simulator::stop(Stop why) {
  stop_ = why;
  uc_emu_stop(engine_.raw());
  originalLoopExit(engine_.cpu().raw());
}

Situation Simulator::situation() const {
  constexpr size_t kShownAhead = 8;
  Situation here{position_.count, linearEip(), trail_.text(), {}};
  for (const Event& event : cursor_.ahead(kShownAhead)) here.after.push_back(textOf(event));
  return here;
}

void Simulator::noteDivergence(const char* what, const std::string& expected, const std::string& got, uintptr_t from) {
  if (trial_.running()) endTrial(Disagreement::kNothing);
  if (from != 0) cpu_restore_state_x86_64(engine_.cpu().raw(), from, true);
  if (position_.block != nullptr) {
    abandonBlock(linearEip());
  } else {
    leaveBlock(linearEip());
  }
  static_cast<Situation&>(divergence_) = situation();
  divergence_.what = what;
  divergence_.expected = expected;
  divergence_.got = got;
  stop_ = Stop::kDiverged;
}

void Simulator::setStepping(bool on) {
  stepping_ = on;
  paused_ = false;
  dropCode();
}

Stop Simulator::runFreely(uint64_t limit) {
  if (stop_ == Stop::kDiverged) return stop_;
  if (hookAgain_) {
    engine_.hookBlocks(counting_ ? Hooks::onBlock<true> : Hooks::onBlock<false>);
    dropCode();
    hookAgain_ = false;
  }
  stop_ = Stop::kNone;
  limitAt_ = limit > ~uint64_t{0} - position_.count ? ~uint64_t{0} : position_.count + limit;
  if (position_.count >= limitAt_) return Stop::kLimit;
  if (position_.count >= starvesAt()) return Stop::kStarved;
  refreshDue();
  resuming_ = paused_;
  paused_ = false;
  runningSimulator = this;
  spaceChanged();
  position_.block = nullptr;
  const Env env = engine_.env();
  env.exceptionInFlight() = -1;
  const uc_err error = uc_emu_start(engine_.raw(), env.eip(), 0, 0, 0);
  runningSimulator = nullptr;
  if (stop_ == Stop::kNone) noteDivergence("the simulator stopped", "execution", uc_strerror(error), 0);
  return stop_;
}

}  // namespace decouple
