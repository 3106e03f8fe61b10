/** Instructions whose effect the relog states, and forms that are looked at before they run. */
#include <cstring>

#include "classify.h"
#include "effect_writes.h"
#include "simulator.h"

namespace decouple {

namespace {

/** The bit that is wrong, where forms are made wrong on purpose. */
constexpr uint32_t kWrongBit = 8;

}  // namespace

/** The instruction here is not run: what the machine made of it is. Its registers are the caller's to set. */
void Simulator::applyEffect() {
  const Event event = *cursor_.due();
  const Env env = engine_.env();
  uint8_t code[kLongestInstruction];
  const uint32_t linear = linearEip();
  const bool sameEip = static_cast<uint32_t>(env.eip()) == event.eip;
  const size_t size = event.effect.codeSize;
  if (!sameEip || readCode(linear, code, size) != size || std::memcmp(code, event.effect.code, size) != 0) {
    noteDivergence("the instruction of an effect", textOf(event), "eip=" + hex(static_cast<uint32_t>(env.eip())), 0);
    stop(Stop::kDiverged);
  }
  if (counting_) countHealed(linear, event);
  forEachWrite(event, [this](uint32_t address, const uint8_t* data, size_t bytes) {
    writeRam(address, data, bytes);
    return true;
  });
  newState_.assign(event.effect.after, event.effect.after + event.effect.afterSize);
  healedCode_.assign(code, code + size);
  ++position_.count;
  ++counts_.healed;
  consume();
  stop(Stop::kEffect);
}

void Simulator::countHealed(uint32_t linear, const Event& event) {
  const uint8_t length = static_cast<uint8_t>(event.effect.codeSize);
  const uint32_t code = coverage_.enter(linear, event.effect.code, length, &length, 1);
  ++coverage_.counter(space_, code)->executions;
}

/** Notes in the record of a block of one instruction what is to be done before it runs. */
void Simulator::describeForm(Translation& record) {
  record.form = 0;
  record.spoiled = nullptr;
  if (!forms_.any() || record.instructions != 1) return;
  uint8_t code[kLongestInstruction];
  const size_t size = readCode(record.address, code, sizeof code);
  const Instruction instruction = decodeInstruction(code, size, record.code32);
  if (instruction.length == 0) return;
  const uint64_t form = formOf(code, instruction, record.code32);
  if (forms_.asked(form)) record.form = form;
  record.spoiled = forms_.spoiled(instruction);
}

/** Stops before an instruction of a form that somebody wants to see, once each time. */
void Simulator::lookAtForm(const Translation& block) {
  if (position_.repeating) return;
  const FormPlace here{position_.count, block.address};
  if (block.form != 0 && forms_.asked(block.form) && !(lookedAt_ == here)) {
    lookedAt_ = here;
    form_ = block.form;
    stop(Stop::kForm);
  }
  if (block.spoiled != nullptr && !(spoiledAt_ == here)) {
    spoiledAt_ = here;
    spoiling_ = block.spoiled;
    stop(Stop::kSpoil);
  }
}

/** Runs like `runFreely`, and makes wrong what the forms compute that are to be wrong. */
Stop Simulator::runWithForms(uint64_t limit) {
  const uint64_t end = limit > ~uint64_t{0} - position_.count ? ~uint64_t{0} : position_.count + limit;
  for (;;) {
    Stop stop = runFreely(end - position_.count);
    if (stop != Stop::kSpoil) return stop;
    const uint64_t at = position_.count;
    const SpoiledForm spoiled = *spoiling_;
    std::unique_ptr<Ram> before;
    if (spoiled.target == SpoiledForm::kMemory) {
      before = std::make_unique<Ram>(ram_.regions());
      copyRam(ram_, *before);
    }
    stop = runFreely(1);
    if (position_.count == at || stop == Stop::kDiverged) return stop;
    if (before) {
      spoilMemory(*before);
    } else if (spoiled.target == SpoiledForm::kFlags) {
      writeStatusFlags(engine_.env(), readFlags(engine_.env()) ^ kCarry);
    } else {
      engine_.env().gpr(spoiled.target) ^= kWrongBit;
    }
    if (stop != Stop::kLimit || stepping_ || position_.count >= end) return stop;
  }
}

}  // namespace decouple
