/** Translation of guest code: cut at page ends, and a record kept of every piece. */
#include "abi.h"
#include "classify.h"
#include "extent.h"
#include "hooks.h"
#include "originals.h"
#include "simulator.h"
#include "x87_environment.h"

using decouple::Cpu;
using decouple::Original;
using decouple::Simulator;

namespace {

/** The instructions to be replaced in the block that is being translated. */
thread_local decouple::BlockExtent extent;
thread_local uint64_t extentStart;

}  // namespace

/**
 * Translates one block. The library would read on into the next page, and raise that page's fault before the
 * instructions in front of it have run; here a block ends with its page. (A single instruction may lie across the
 * border.)
 */
REPLACES void gen_intermediate_code_x86_64(void* cpu, void* rawBlock, int most) {
  using namespace decouple;
  static Original<void(void*, void*, int)> original("gen_intermediate_code_x86_64");
  const TranslatedBlock block(rawBlock);
  void* host = nullptr;
  get_page_addr_code_hostp_x86_64(Cpu(cpu).env(), block.address(), &host);
  extent.replacedCount = 0;
  const Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr && simulator->stepping()) most = 1;
  if (host != nullptr && simulator != nullptr) {
    const size_t left = kPageSize - (block.address() & (kPageSize - 1));
    const bool code32 = (block.context() & kContextCode32) != 0;
    const Env env(Cpu(cpu).env());
    const bool protectedMode = !isRealMode(env);
    BlockCode piece{static_cast<const uint8_t*>(host),
                    left,
                    static_cast<uint32_t>(block.address()),
                    code32,
                    protectedMode,
                    simulator->narrowPlaces(),
                    simulator->askedForms()};
    extent = scanBlock(piece, static_cast<unsigned>(most));
    extentStart = block.address();
    most = static_cast<int>(extent.instructions);
    if (most == 0) {
      // The first one lies across the border. A string instruction is left to the engine there.
      uint8_t code[kLongestInstruction];
      const size_t size = simulator->readCode(static_cast<uint32_t>(block.address()), code, sizeof code);
      piece.bytes = code;
      piece.available = size;
      if (!isBulkString(decodeInstruction(code, size, code32))) extent = scanBlock(piece, 1);
      most = 1;
    }
  }
  original(cpu, rawBlock, most);
  extent.replacedCount = 0;
}

/** Reads a byte of code to translate. */
REPLACES uint32_t cpu_ldub_code_x86_64(void* env, uint64_t address) {
  static Original<uint32_t(void*, uint64_t)> original("cpu_ldub_code_x86_64");
  const uint32_t real = original(env, address);
  return extent.replacedCount == 0 ? real : decouple::shownByte(extent, address - extentStart, real);
}

REPLACES void* tb_gen_code_x86_64(void* cpu, uint64_t address, uint64_t codeBase, uint32_t context, int options) {
  static Original<void*(void*, uint64_t, uint64_t, uint32_t, int)> original("tb_gen_code_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator == nullptr) {
    void* block = original(cpu, address, codeBase, context, options);
    decouple::probe = decouple::Probe{cpu, block, static_cast<uint32_t>(options)};
    return block;
  }
  decouple::Translation* record = simulator->beginTranslation();
  void* block = original(cpu, address, codeBase, context, options);
  simulator->endTranslation(decouple::TranslatedBlock(block), *record);
  return block;
}

/** Drops all code. */
REPLACES void tb_flush_x86_64(void* cpu) {
  static Original<void(void*)> original("tb_flush_x86_64");
  original(cpu);
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->translationsDropped();
}

/** Looks for the block at the CPU's EIP, which is up to date here; may raise a page fault. */
REPLACES void* tb_htable_lookup_x86_64(void* cpu, uint64_t address, uint64_t codeBase, uint32_t context,
                                       uint32_t options) {
  static Original<void*(void*, uint64_t, uint64_t, uint32_t, uint32_t)> original("tb_htable_lookup_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->beforeLookup();
  return original(cpu, address, codeBase, context, options);
}

/** The engine leaves a block in its middle, as the block has overwritten itself. */
REPLACES __attribute__((noreturn)) void cpu_loop_exit_noexc_x86_64(void* cpu) {
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->beforeJumpOut();
  decouple::originalLoopExit(cpu);
}
