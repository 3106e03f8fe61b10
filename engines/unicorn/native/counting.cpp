/** Coverage: what the simulator counts as blocks run. */
#include "simulator.h"

namespace decouple {

void Simulator::enableCoverage() {
  counting_ = true;
  hookAgain_ = true;
}

void Simulator::spaceChanged() {
  if (counting_) space_ = coverage_.spaceOf(static_cast<uint32_t>(engine_.env().cr(3)) & ~uint32_t{0x1f});
}

void Simulator::countBlock(Translation& block) {
  if (block.space != space_) {
    block.visits = block.counted == 0 ? &ignored_ : coverage_.counter(space_, block.countedCode);
    block.space = space_;
  }
  ++block.visits->executions;
}

/** The block just left was counted whole, and only its first `retired` instructions have retired. */
void Simulator::countPart(Translation& block, unsigned retired) {
  if (retired == block.counted || block.code == 0) return;
  --block.visits->executions;
  if (retired > 0) ++coverage_.counter(space_, coverage_.prefix(block.code, retired))->executions;
}

void Simulator::countRepeat() {
  if (counting_ && position_.repeatCode != 0) ++coverage_.counter(space_, position_.repeatCode)->executions;
}

/** Enters the code of a translation in the tables of coverage. */
void Simulator::describeCode(Translation& record) {
  if (!counting_) return;
  uint8_t code[kPageSize], lengths[512];
  const size_t size = readTranslatedCode(engine_.env(), record.address, code, record.size);
  if (size != record.size || record.instructions > sizeof lengths || size > sizeof code) return;
  InstructionOffsets starts(record.offsets, record.address);
  uint32_t previous = static_cast<uint32_t>(starts.next());
  for (unsigned i = 0; i < record.instructions; ++i) {
    const uint32_t next =
        i + 1 < record.instructions ? static_cast<uint32_t>(starts.next()) : record.address + record.size;
    lengths[i] = static_cast<uint8_t>(next - previous);
    previous = next;
  }
  record.code = coverage_.enter(record.address, code, size, lengths, record.instructions);
  record.countedCode = record.endsInRepeat ? coverage_.prefix(record.code, record.counted) : record.code;
  record.repeatCode = record.endsInRepeat ? coverage_.single(record.code, record.counted) : 0;
}

}  // namespace decouple
