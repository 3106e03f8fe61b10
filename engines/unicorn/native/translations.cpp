#include "translations.h"

#include <cstring>

#include "classify.h"
#include "ram.h"

namespace decouple {

int64_t InstructionOffsets::readDelta() {
  // Signed LEB128.
  int64_t value = 0;
  unsigned shift = 0;
  uint8_t byte;
  do {
    byte = *at_++;
    value |= static_cast<int64_t>(byte & 0x7f) << shift;
    shift += 7;
  } while ((byte & 0x80) != 0 && shift < 64);
  if (shift < 64 && (byte & 0x40) != 0) value |= -(static_cast<int64_t>(1) << shift);
  return value;
}

uint64_t InstructionOffsets::next() {
  previous_ += static_cast<uint64_t>(readDelta());
  lazyKind_ += static_cast<uint64_t>(readDelta());
  hostEnd_ += static_cast<uint64_t>(readDelta());
  return previous_;
}

unsigned Translation::startingBefore(uint32_t linear) const {
  const uint32_t offset = linear - address;
  if (offset >= size) return instructions;
  InstructionOffsets starts(offsets, address);
  unsigned before = 0;
  while (before < instructions && static_cast<uint32_t>(starts.next()) - address < offset) ++before;
  return before;
}

InstructionPlace Translation::placeOf(uint32_t linear) const {
  const uintptr_t host = reinterpret_cast<uintptr_t>(hostCode);
  InstructionOffsets starts(offsets, address);
  InstructionPlace place{host, host, kLazyDynamic};
  for (unsigned i = 0; i < instructions; ++i) {
    const uint64_t start = starts.next();
    place = {place.hostEnd, host + starts.hostEnd(), starts.lazyKind()};
    if (static_cast<uint32_t>(start) == linear) break;
  }
  return place;
}

void BlockTag::complete(const TranslatedBlock& block) const {
  // The call of the hook is the first thing in a block.
  constexpr size_t kWithin = 128;
  const size_t size = block.hostSize() < kWithin ? block.hostSize() : kWithin;
  uint8_t* code = const_cast<uint8_t*>(block.hostCode());
  void* found = memmem(code, size, &bits_, sizeof bits_);
  const Translation& described = *record();
  if (found == nullptr || described.instructions > kInstructions) return;
  const uint64_t complete = bits_ | described.instructions | (described.endsInRepeat ? kEndsInRepeat : 0);
  std::memcpy(found, &complete, sizeof complete);
}

Translation* Translations::upcoming() {
  const size_t chunk = used_ / kChunk;
  if (chunk == chunks_.size()) chunks_.push_back(std::make_unique<Translation[]>(kChunk));
  return &chunks_[chunk][used_ % kChunk];
}

size_t readTranslatedCode(Env env, uint32_t linear, uint8_t* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    void* host = nullptr;
    get_page_addr_code_hostp_x86_64(env.raw(), static_cast<uint32_t>(linear + done), &host);
    if (host == nullptr) break;
    const size_t inPage = 4096 - ((linear + done) & 4095);
    for (size_t i = 0; i < inPage && done < size; ++i, ++done) out[done] = static_cast<uint8_t*>(host)[i];
  }
  return done;
}

void describeTranslation(const TranslatedBlock& block, Env env, Translation& record) {
  record.instructions = block.instructions();
  record.size = block.size();
  record.address = static_cast<uint32_t>(block.address());
  record.codeBase = static_cast<uint32_t>(block.codeBase());
  record.hostCode = block.hostCode();
  record.offsets = block.hostCode() + block.hostSize();
  record.singleStep = (block.context() & kTrap) != 0;
  record.code32 = (block.context() & kContextCode32) != 0;
  record.visits = nullptr;
  record.space = 0;
  record.code = record.countedCode = record.repeatCode = 0;
  record.lastAddress = record.address;
  InstructionOffsets starts(record.offsets, record.address);
  for (unsigned i = 0; i < record.instructions; ++i) record.lastAddress = static_cast<uint32_t>(starts.next());

  uint8_t bytes[15];
  const uint32_t lastLength = record.address + record.size - record.lastAddress;
  const size_t wanted = lastLength < sizeof bytes ? lastLength : sizeof bytes;
  const size_t length = readTranslatedCode(env, record.lastAddress, bytes, wanted);
  const Instruction last = decodeInstruction(bytes, length, record.code32);
  // One that lies across the end of a page is left to the engine.
  const bool across = record.lastAddress / kPageSize != (record.address + record.size - 1) / kPageSize;
  record.endsInRepeat = last.length != 0 && last.repeated && (across || !isBulkString(last));
  record.counted = static_cast<uint16_t>(record.instructions - (record.endsInRepeat ? 1 : 0));
}

}  // namespace decouple
