/**
 * Writes to pages that hold translated code. The library keeps no record of which do: it lets the first write through
 * a mapping find out, and every later one through the same mapping pass unseen, while code translated from the page
 * through another mapping stays. Here a page is known to hold code from its first translation until the last one is
 * dropped, and every mapping of it is watched in between.
 */
#include <cstring>

#include "abi.h"
#include "originals.h"
#include "simulator.h"

using decouple::Cpu;
using decouple::Env;
using decouple::Original;
using decouple::Simulator;

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
  if (simulator != nullptr) simulator->accessing(from);
  if (simulator == nullptr || simulator->codePages().has(start)) original(uc, pages, start, length, from);
}

/**
 * Called after it, and where a page is only asked for: the mapping need not be watched any more, unless code is left.
 */
REPLACES void tlb_set_dirty_x86_64(void* cpu, uint64_t address) {
  static Original<void(void*, uint64_t)> original("tlb_set_dirty_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator == nullptr || !simulator->holdsCode(static_cast<uint32_t>(address))) original(cpu, address);
}

namespace {

/** A write that is not aligned; the library writes it byte by byte where the page wants care. */
void beforeUnaligned(void* env, uint64_t address, unsigned size, uintptr_t from) {
  if ((address & (size - 1)) == 0) return;
  Simulator* simulator = Simulator::of(env);
  if (simulator != nullptr) simulator->beforeStore(static_cast<uint32_t>(address), size, from);
}

}  // namespace

REPLACES void helper_le_stw_mmu_x86_64(void* env, uint64_t address, uint16_t value, uint32_t info, uintptr_t from) {
  static Original<void(void*, uint64_t, uint16_t, uint32_t, uintptr_t)> original("helper_le_stw_mmu_x86_64");
  beforeUnaligned(env, address, sizeof value, from);
  original(env, address, value, info, from);
}

REPLACES void helper_le_stl_mmu_x86_64(void* env, uint64_t address, uint32_t value, uint32_t info, uintptr_t from) {
  static Original<void(void*, uint64_t, uint32_t, uint32_t, uintptr_t)> original("helper_le_stl_mmu_x86_64");
  beforeUnaligned(env, address, sizeof value, from);
  original(env, address, value, info, from);
}

REPLACES void helper_le_stq_mmu_x86_64(void* env, uint64_t address, uint64_t value, uint32_t info, uintptr_t from) {
  static Original<void(void*, uint64_t, uint64_t, uint32_t, uintptr_t)> original("helper_le_stq_mmu_x86_64");
  beforeUnaligned(env, address, sizeof value, from);
  original(env, address, value, info, from);
}

namespace {

/** A read that is not aligned: the library makes two of it, which are. */
using Load = Original<uint64_t(void*, uint64_t, uint32_t, uintptr_t)>;

uint64_t readUnaligned(Load& original, void* env, uint64_t address, unsigned size, uint32_t info, uintptr_t from) {
  Simulator* simulator = (address & (size - 1)) != 0 ? Simulator::of(env) : nullptr;
  if (simulator == nullptr) return original(env, address, info, from);
  simulator->readsUnaligned(static_cast<uint32_t>(address), size, from);
  const uint64_t value = original(env, address, info, from);
  simulator->readsUnaligned(0, 0, 0);
  return value;
}

}  // namespace

REPLACES uint64_t helper_le_lduw_mmu_x86_64(void* env, uint64_t address, uint32_t info, uintptr_t from) {
  static Load original("helper_le_lduw_mmu_x86_64");
  return readUnaligned(original, env, address, sizeof(uint16_t), info, from);
}

REPLACES uint64_t helper_le_ldul_mmu_x86_64(void* env, uint64_t address, uint32_t info, uintptr_t from) {
  static Load original("helper_le_ldul_mmu_x86_64");
  return readUnaligned(original, env, address, sizeof(uint32_t), info, from);
}

REPLACES uint64_t helper_le_ldq_mmu_x86_64(void* env, uint64_t address, uint32_t info, uintptr_t from) {
  static Load original("helper_le_ldq_mmu_x86_64");
  return readUnaligned(original, env, address, sizeof(uint64_t), info, from);
}

/** The caches of page walks are to be emptied. */
REPLACES void tlb_flush_by_mmuidx_x86_64(void* cpu, uint16_t modes) {
  static Original<void(void*, uint16_t)> original("tlb_flush_by_mmuidx_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr && simulator->tlb().flush(Cpu(cpu), Env(Cpu(cpu).env()))) return;
  original(cpu, modes);
}

/** INVLPG; in a large page this empties a whole cache, too. */
REPLACES void tlb_flush_page_by_mmuidx_x86_64(void* cpu, uint64_t address, uint16_t modes) {
  static Original<void(void*, uint64_t, uint16_t)> original("tlb_flush_page_by_mmuidx_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->tlb().beforeFlushPage(Env(Cpu(cpu).env()), address);
  original(cpu, address, modes);
}

/** MOV CR3 and task switches. */
REPLACES void cpu_x86_update_cr3_x86_64(void* env, uint64_t value) {
  static Original<void(void*, uint64_t)> original("cpu_x86_update_cr3_x86_64");
  Simulator* simulator = Simulator::of(env);
  if (simulator == nullptr) {
    original(env, value);
    return;
  }
  simulator->tlb().loadingCr3(true);
  original(env, value);
  simulator->tlb().loadingCr3(false);
  simulator->spaceChanged();
}

/**
 * A page is looked up, and a page fault raised if need be. The library runs an instruction that reads, modifies and
 * writes memory as a read and then a write; processors, and the machine, ask for a write at once: the fault is one of a
 * write, and the page was not accessed.
 */
REPLACES bool x86_cpu_tlb_fill_x86_64(void* cpu, uint64_t linear, int size, int access, int mode, bool probe,
                                      uintptr_t from) {
  static Original<bool(void*, uint64_t, int, int, int, bool, uintptr_t)> original("x86_cpu_tlb_fill_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator != nullptr) simulator->beforeFill(static_cast<uint32_t>(linear), access, from);
  if (simulator != nullptr && access == decouple::kAccessLoad && from != 0 &&
      simulator->faultsAsWrite(static_cast<uint32_t>(linear), mode == decouple::Tlb::kUserMode, from)) {
    access = decouple::kAccessStore;
  }
  if (simulator != nullptr) simulator->fills(static_cast<uint32_t>(linear), access, mode == decouple::Tlb::kUserMode);
  return original(cpu, linear, size, access, mode, probe, from);
}

/** A mark in an entry of a page table: of an access that faults, the machine leaves none. */
REPLACES void x86_stl_phys_notdirty_x86_64(void* cpu, uint64_t address, uint32_t value) {
  static Original<void(void*, uint64_t, uint32_t)> original("x86_stl_phys_notdirty_x86_64");
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  if (simulator == nullptr || !simulator->fillFaults()) original(cpu, address, value);
}

/** A page is entered in a cache of page walks. `attributes`: of the access, passed on. */
REPLACES void tlb_set_page_with_attrs_x86_64(void* cpu, uint64_t linear, uint64_t physical, uint64_t attributes,
                                             int access, int mode, uint64_t size) {
  static Original<void(void*, uint64_t, uint64_t, uint64_t, int, int, uint64_t)> original(
      "tlb_set_page_with_attrs_x86_64");
  constexpr uint64_t kPaging = 0x80000000;
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  constexpr int kPageWrite = 2;
  if (simulator != nullptr) {
    // What an instruction on trial writes is seen before it is written, after a read of the same page too.
    if (simulator->onTrial()) access &= ~kPageWrite;
    simulator->tlb().entered(linear, mode, (Env(Cpu(cpu).env()).cr(0) & kPaging) != 0);
  }
  original(cpu, linear, physical, attributes, access, mode, size);
}

namespace {

/** An entry of a page table; the library finds its way to RAM by much longer ways. */
template <typename Entry>
Entry readEntry(void* cpu, uint64_t address, Original<Entry(void*, uint64_t)>& original) {
  Simulator* simulator = Simulator::of(Cpu(cpu).env());
  const uint8_t* bytes = simulator == nullptr ? nullptr : simulator->ram().at(address, sizeof(Entry));
  if (bytes == nullptr) return original(cpu, address);
  Entry entry;
  std::memcpy(&entry, bytes, sizeof entry);
  simulator->tlb().sawEntry(entry);
  return entry;
}

}  // namespace

REPLACES uint32_t x86_ldl_phys_x86_64(void* cpu, uint64_t address) {
  static Original<uint32_t(void*, uint64_t)> original("x86_ldl_phys_x86_64");
  return readEntry(cpu, address, original);
}

REPLACES uint64_t x86_ldq_phys_x86_64(void* cpu, uint64_t address) {
  static Original<uint64_t(void*, uint64_t)> original("x86_ldq_phys_x86_64");
  return readEntry(cpu, address, original);
}

/** The library's number for a byte of RAM. */
REPLACES uint64_t qemu_ram_addr_from_host_x86_64(uc_struct* uc, void* host) {
  static Original<uint64_t(uc_struct*, void*)> original("qemu_ram_addr_from_host_x86_64");
  Simulator* simulator = Simulator::running();
  if (simulator != nullptr) {
    for (const decouple::Region& region : simulator->ram().regions()) {
      const uint64_t offset = static_cast<uint64_t>(static_cast<uint8_t*>(host) - region.host);
      if (offset < region.size) return region.start + region.engineShift + offset;
    }
  }
  return original(uc, host);
}
