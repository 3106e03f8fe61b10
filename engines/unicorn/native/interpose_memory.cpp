/**
 * Writes to pages that hold translated code. The library keeps no record of which do: it lets the first write through
 * a mapping find out, and every later one through the same mapping pass unseen, while code translated from the page
 * through another mapping stays. Here a page is known to hold code from its first translation until the last one is
 * dropped, and every mapping of it is watched in between.
 */
#include "abi.h"
#include "originals.h"
#include "simulator.h"

#define REPLACES extern "C" __attribute__((visibility("default")))

using decouple::Cpu;
using decouple::Original;
using decouple::Simulator;

namespace {

/** The page written by the access under way. */
thread_local uint64_t writtenPage;

}  // namespace

/** The first block of a page was translated. */
REPLACES void tlb_protect_code_x86_64(uc_struct*, uint64_t page) {
  Simulator* simulator = Simulator::running();
  if (simulator != nullptr) simulator->protectCode(page);
}

/** The last block of a page was dropped. */
REPLACES void tlb_unprotect_code_x86_64(uc_struct*, uint64_t page) {
  Simulator* simulator = Simulator::running();
  if (simulator != nullptr) simulator->codePages().remove(page);
}

/** Called after each translation, to watch the one mapping it was made through; `tlb_protect_code` has done more. */
REPLACES void tlb_reset_dirty_by_vaddr_x86_64(void* cpu, uint64_t start, uint64_t length) {
  static Original<void(void*, uint64_t, uint64_t)> original("tlb_reset_dirty_by_vaddr_x86_64");
  if (Simulator::of(Cpu(cpu).env()) == nullptr) original(cpu, start, length);
}

/** A write through a mapping that is watched: drops the blocks it hits. */
REPLACES void tb_invalidate_phys_page_fast_x86_64(uc_struct* uc, void* pages, uint64_t start, int length,
                                                  uintptr_t from) {
  static Original<void(uc_struct*, void*, uint64_t, int, uintptr_t)> original("tb_invalidate_phys_page_fast_x86_64");
  Simulator* simulator = Simulator::running();
  writtenPage = start;
  if (simulator == nullptr || simulator->codePages().has(start)) original(uc, pages, start, length, from);
}

/** Called after it: the mapping need not be watched any more, unless code is left. */
REPLACES void tlb_set_dirty_x86_64(void* cpu, uint64_t address) {
  static Original<void(void*, uint64_t)> original("tlb_set_dirty_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator == nullptr || !simulator->codePages().has(writtenPage)) original(cpu, address);
}

/** CR3 was loaded, or page tables changed otherwise: the caches of page walks are emptied. */
REPLACES void tlb_flush_by_mmuidx_x86_64(void* cpu, uint16_t modes) {
  static Original<void(void*, uint16_t)> original("tlb_flush_by_mmuidx_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->tlbSizes().beforeFlush(decouple::Env(Cpu(cpu).env()));
  original(cpu, modes);
}

/** INVLPG; in a large page this empties a whole cache, too. */
REPLACES void tlb_flush_page_by_mmuidx_x86_64(void* cpu, uint64_t address, uint16_t modes) {
  static Original<void(void*, uint64_t, uint16_t)> original("tlb_flush_page_by_mmuidx_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->tlbSizes().beforeFlush(decouple::Env(Cpu(cpu).env()));
  original(cpu, address, modes);
}
