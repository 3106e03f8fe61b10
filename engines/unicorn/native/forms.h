/**
 * Forms of instructions that are looked at before they run: those that the engine runs otherwise than the machine, and,
 * for who looks for such forms, each the first few times that it comes. And, for tests, those made wrong on purpose.
 */
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "decode.h"

namespace decouple {

/** A form that computes something wrong on purpose. */
struct SpoiledForm {
  /** As `Instruction::opcode` has it. */
  unsigned opcode;
  /** Of ModR/M the digit that belongs to the opcode, or -1: any. */
  int digit;
  /** The general register that gets a wrong bit; kMemory: what it wrote; kFlags: CF. */
  static constexpr int kMemory = -1, kFlags = -2;
  int target;
};

/** Opcode, what of ModR/M belongs to it, sizes and prefixes. Never 0 for an instruction. */
uint64_t formOf(const uint8_t* bytes, const Instruction& instruction, bool code32);

class Forms {
 public:
  enum class Verdict : uint8_t { kOpen, kFine, kWrong };

  /** Every form that is not known to be fine is looked at. */
  void lookAtAll(bool on) { all_ = on; }
  void set(uint64_t form, Verdict verdict) { known_[form] = verdict; }
  void spoil(const SpoiledForm& one) { spoiled_.push_back(one); }
  bool any() const { return all_ || !known_.empty() || !spoiled_.empty(); }
  bool spoils() const { return !spoiled_.empty(); }
  /** Whether something asks for it before it runs. */
  bool asked(uint64_t form) const {
    const auto found = known_.find(form);
    if (found == known_.end()) return all_;
    return found->second == Verdict::kWrong;
  }
  /** Null when it computes what it should. */
  const SpoiledForm* spoiled(const Instruction& instruction) const;

 private:
  bool all_ = false;
  std::unordered_map<uint64_t, Verdict> known_;
  std::vector<SpoiledForm> spoiled_;
};

}  // namespace decouple
