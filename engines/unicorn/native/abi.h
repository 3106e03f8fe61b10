/**
 * What this addon knows of libunicorn beyond its public API: the layout of a few of its structures, and functions of
 * QEMU's CPU that the shared library exports. Nothing here is promised by the library, so `self_test.cpp` proves every
 * field at load and the addon refuses to work where one of them is not as described.
 *
 * Structures are reached through offsets and never declared: an `Env` is a view of QEMU's CPU state, a `Cpu` of the
 * object around it, a `TranslatedBlock` of the header of one piece of generated code.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

struct uc_struct;

namespace decouple {

/** Bits of EFLAGS (SDM vol. 1, 3.4.3). */
enum Flag : uint32_t {
  kCarry = 0x1,
  kParity = 0x4,
  kAdjust = 0x10,
  kZero = 0x40,
  kSign = 0x80,
  kTrap = 0x100,
  kInterrupt = 0x200,
  kDirection = 0x400,
  kOverflow = 0x800,
  kNestedTask = 0x4000,
  kResume = 0x10000,
  kVirtual8086 = 0x20000,
  kAlignmentCheck = 0x40000,
  kIdentification = 0x200000,
  kStatusFlags = kCarry | kParity | kAdjust | kZero | kSign | kOverflow,
  /** Every bit of EFLAGS that means something up to ID; bit 1 is always set. */
  kDefinedFlags = 0x3f7fd7,
};

enum GeneralRegister { kEax, kEcx, kEdx, kEbx, kEsp, kEbp, kEsi, kEdi };
enum SegmentRegister { kEs, kCs, kSs, kDs, kFs, kGs };

/** Bits of the translation context ("hflags") that this addon sets itself. */
enum ContextFlag : uint32_t {
  kContextCpl = 0x3,
  kContextInhibitInterrupts = 0x8,
  kContextCode32 = 0x10,
  kContextStack32 = 0x20,
  kContextAddSegment = 0x40,
  /** CR4.OSFXSR: the machine does not ask for it. */
  kContextSse = 1 << 22,
};

/** How the status flags are kept until somebody asks for them ("cc_op"); each kind spans four operand widths. */
enum LazyFlags : int {
  kLazyDynamic = 0,
  kLazyNone = 1,
  kLazyMultiply = 2,
  kLazyLogic = 22,
  kLazyShiftLeft = 34,
  kLazyShiftRight = 38,
  kLazyBitField = 42,
  /** Of a register that was cleared by XOR with itself; the same for all widths. */
  kLazyClear = 49,
};

/** Words of CPUID as the engine numbers them. */
enum FeatureWord {
  kFeatures1Edx = 0,
  kFeatures1Ecx = 1,
  kFeatures7Ebx = 2,
  kFeatures7Ecx = 3,
  kFeaturesExtendedEdx = 6,
  kFeaturesExtendedEcx = 7,
};

template <typename T>
inline T& fieldAt(void* object, size_t offset) {
  return *reinterpret_cast<T*>(static_cast<char*>(object) + offset);
}

/** One segment register with its hidden part. */
class SegmentCache {
 public:
  explicit SegmentCache(void* at) : at_(at) {}
  uint32_t& selector() const { return fieldAt<uint32_t>(at_, 0); }
  uint64_t& base() const { return fieldAt<uint64_t>(at_, 8); }
  uint32_t& limit() const { return fieldAt<uint32_t>(at_, 16); }
  /** The upper half of the descriptor. */
  uint32_t& flags() const { return fieldAt<uint32_t>(at_, 20); }
  static constexpr size_t kSize = 24;

 private:
  void* at_;
};

/** A view of the CPU's architectural state. */
class Env {
 public:
  Env() = default;
  explicit Env(void* at) : at_(at) {}
  void* raw() const { return at_; }
  explicit operator bool() const { return at_ != nullptr; }

  uint64_t& gpr(int index) const { return fieldAt<uint64_t>(at_, 8 * static_cast<size_t>(index)); }
  uint32_t gpr32(int index) const { return static_cast<uint32_t>(gpr(index)); }
  uint64_t& eip() const { return fieldAt<uint64_t>(at_, 128); }
  /** Without the status flags and DF, which are kept apart. */
  uint64_t& eflags() const { return fieldAt<uint64_t>(at_, 136); }
  uint64_t& lazyResult() const { return fieldAt<uint64_t>(at_, 144); }
  uint64_t& lazySource() const { return fieldAt<uint64_t>(at_, 152); }
  uint64_t& lazySource2() const { return fieldAt<uint64_t>(at_, 160); }
  uint32_t& lazyKind() const { return fieldAt<uint32_t>(at_, 168); }
  /** 1 or -1. */
  int32_t& direction() const { return fieldAt<int32_t>(at_, 172); }
  uint32_t& context() const { return fieldAt<uint32_t>(at_, 176); }
  SegmentCache segment(int index) const { return cacheAt(184 + SegmentCache::kSize * static_cast<size_t>(index)); }
  SegmentCache ldtr() const { return cacheAt(328); }
  SegmentCache tr() const { return cacheAt(352); }
  SegmentCache gdtr() const { return cacheAt(376); }
  SegmentCache idtr() const { return cacheAt(400); }
  uint64_t& cr(int index) const { return fieldAt<uint64_t>(at_, 424 + 8 * static_cast<size_t>(index)); }

  uint32_t& x87Top() const { return tail<uint32_t>(572); }
  uint16_t& x87Status() const { return tail<uint16_t>(576); }
  uint16_t& x87Control() const { return tail<uint16_t>(578); }
  /** One byte a physical register: 1 for empty. */
  uint8_t* x87Empty() const { return &tail<uint8_t>(580); }
  /** Physical register; 16 bytes, of which ten count. */
  uint8_t* x87Register(unsigned index) const { return &tail<uint8_t>(592 + 16 * (index & 7)); }
  uint16_t& x87Opcode() const { return tail<uint16_t>(720); }
  uint16_t& x87CodeSelector() const { return tail<uint16_t>(722); }
  uint16_t& x87DataSelector() const { return tail<uint16_t>(724); }
  uint64_t& x87CodeOffset() const { return tail<uint64_t>(728); }
  uint64_t& x87DataOffset() const { return tail<uint64_t>(736); }
  uint32_t& mxcsr() const { return tail<uint32_t>(784); }
  uint8_t* xmm(int index) const { return &tail<uint8_t>(792 + 64 * static_cast<size_t>(index)); }
  uint32_t& sysenterCs() const { return tail<uint32_t>(4768); }
  uint64_t& sysenterEsp() const { return tail<uint64_t>(4776); }
  uint64_t& sysenterEip() const { return tail<uint64_t>(4784); }
  int32_t& errorCode() const { return tail<int32_t>(5352); }
  int32_t& exceptionIsSoftware() const { return tail<int32_t>(5356); }
  uint64_t& exceptionNextEip() const { return tail<uint64_t>(5360); }
  uint64_t& dr(int index) const { return tail<uint64_t>(5368 + 8 * static_cast<size_t>(index)); }
  /** The exception being delivered, for double faults; -1 for none. */
  int32_t& exceptionInFlight() const { return tail<int32_t>(5464); }
  /** CPUID words that decide what the translator accepts. */
  uint64_t& feature(int word) const { return tail<uint64_t>(5600 + 8 * static_cast<size_t>(word)); }
  uc_struct* engine() const { return tail<uc_struct*>(6968); }
  /** Bytes from its beginning that hold all that an instruction can change. */
  static size_t architecturalSize() { return 5600 + tailShift; }

  /** Later versions have this many bytes more before `x87Top` and all that follows. */
  static inline size_t tailShift = 0;

 private:
  template <typename T>
  T& tail(size_t offset) const {
    return fieldAt<T>(at_, offset + tailShift);
  }
  SegmentCache cacheAt(size_t offset) const { return SegmentCache(static_cast<char*>(at_) + offset); }
  void* at_ = nullptr;
};

/** One of the engine's caches of page walks; there is one for each way of accessing memory. Lies in front of an `Env`.
 */
class Tlb {
 public:
  static constexpr int kModes = 3;
  /** The one for privilege level 3. */
  static constexpr int kUserMode = 1;
  /** The one for the others, as long as CR4.SMAP is not used. */
  static constexpr int kSupervisorMode = 2;
  Tlb(Env env, int mode) : description_(before(env, 2160 - 696 * mode)), table_(before(env, 64 - 16 * mode)) {}

  size_t entries() const { return (fieldAt<uint64_t>(table_, 0) >> kEntryBits) + 1; }
  /** Entries that hold something. */
  size_t used() const;
  bool holds(size_t index) const { return pageOf(index) != ~uint64_t{0}; }
  /** Linear address of the page of an entry, with flags in the low bits; all ones for an empty entry. */
  uint64_t pageOf(size_t index) const {
    const uint64_t* pages = entry(index);
    return pages[0] != ~uint64_t{0} ? pages[0] : pages[1] != ~uint64_t{0} ? pages[1] : pages[2];
  }
  /** Pages that may be read, written and executed through an entry, with flags in the low bits; all ones for none. */
  const uint64_t* entry(size_t index) const {
    return reinterpret_cast<const uint64_t*>(fieldAt<char*>(table_, 8) + (index << kEntryBits));
  }
  /**
   * Host address of `linear` for reading or writing (kAccessLoad, kAccessStore); null when no entry allows to do so
   * directly: it is device memory, code, another privilege level's, or was not walked to yet.
   */
  uint8_t* direct(uint32_t linear, int access) const {
    constexpr int kAddend = 4;
    const uint64_t* pages = entry((linear >> 12) & (entries() - 1));
    // Flags in the low bits ask for special care; there must be none.
    if (pages[access] != (linear & 0xfffff000)) return nullptr;
    return reinterpret_cast<uint8_t*>(linear + pages[kAddend]);
  }
  /** Where the page at `linear` may be written, code or not; null when no entry says so. */
  uint8_t* writable(uint32_t linear) const {
    constexpr uint64_t kPage = 0xfffffffffffff000;
    constexpr int kAddend = 4, kWrite = 1;
    const uint64_t* pages = entry((linear >> 12) & (entries() - 1));
    if (pages[kWrite] == ~uint64_t{0} || (pages[kWrite] & kPage) != (linear & 0xfffff000)) return nullptr;
    return reinterpret_cast<uint8_t*>((linear & 0xfffff000) + pages[kAddend]);
  }
  void forget(size_t index) const { std::memset(const_cast<uint64_t*>(entry(index)), 0xff, size_t{1} << kEntryBits); }
  /** Empties the small second cache, of entries that had to make room. */
  void forgetVictims() const { std::memset(&fieldAt<char>(description_, 48), 0xff, 8 << kEntryBits); }
  /** Whether this page lies in what is known of large pages: dropping it empties the whole cache. */
  bool inLargePage(uint64_t page) const {
    return (page & fieldAt<uint64_t>(description_, 8)) == fieldAt<uint64_t>(description_, 0);
  }
  /** When the engine began to watch how full the cache becomes, in nanoseconds of the wall clock. */
  int64_t& watchedSince() const { return fieldAt<int64_t>(description_, 16); }
  /** The most entries in use since then, and those now in use, as the engine counts them. */
  uint64_t& mostCounted() const { return fieldAt<uint64_t>(description_, 24); }
  uint64_t& counted() const { return fieldAt<uint64_t>(description_, 32); }

 private:
  static constexpr int kEntryBits = 6;
  static void* before(Env env, int bytes) { return static_cast<char*>(env.raw()) - bytes; }
  void* description_;
  void* table_;
};

/** The CPU object around an `Env`. */
class Cpu {
 public:
  Cpu() = default;
  explicit Cpu(void* at) : at_(at) {}
  void* raw() const { return at_; }
  /** Options of the next translation alone: its low bits are the number of instructions; -1 for none. */
  uint32_t& nextTranslationFlags() const { return fieldAt<uint32_t>(at_, 24); }
  void* env() const { return fieldAt<void*>(at_, 296); }
  /** The blocks found last, by a hash of their address. Null for none. */
  void** recentBlocks() const { return &fieldAt<void*>(at_, 312); }
  static constexpr size_t kRecentBlocks = 4096;
  /** Host address in generated code of the memory access under way. */
  uintptr_t& accessReturnAddress() const { return fieldAt<uintptr_t>(at_, 33144); }
  int32_t& exceptionIndex() const { return fieldAt<int32_t>(at_, 33184); }

 private:
  void* at_ = nullptr;
};

/** Header of a piece of generated code. */
class TranslatedBlock {
 public:
  explicit TranslatedBlock(void* at) : at_(at) {}
  uint64_t address() const { return fieldAt<uint64_t>(at_, 0); }
  uint64_t codeBase() const { return fieldAt<uint64_t>(at_, 8); }
  uint32_t context() const { return fieldAt<uint32_t>(at_, 16); }
  uint16_t size() const { return fieldAt<uint16_t>(at_, 20); }
  uint16_t instructions() const { return fieldAt<uint16_t>(at_, 22); }
  uint32_t options() const { return fieldAt<uint32_t>(at_, 24); }
  const uint8_t* hostCode() const { return fieldAt<const uint8_t*>(at_, 32); }
  size_t hostSize() const { return fieldAt<size_t>(at_, 40); }
  /** Low bits of `options`: the instructions asked for, 0 for as many as fit. */
  static constexpr uint32_t kCountMask = 0x7fff;

 private:
  void* at_;
};

/** Kinds of memory access, as the page walk knows them. */
enum AccessKind : int { kAccessLoad, kAccessStore, kAccessFetch };

}  // namespace decouple

/** The exported functions that are called, or replaced (`interpose_*.cpp`). Pointers are to CPU, `Env` or blocks. */
extern "C" {
void cpu_abort_x86_64(void* cpu, const char* format, ...) __attribute__((noreturn));
void cpu_loop_exit_noexc_x86_64(void* cpu) __attribute__((noreturn));
void cpu_loop_exit_restore_x86_64(void* cpu, uintptr_t hostAddress) __attribute__((noreturn));
/** The page that a linear address is mapped to, all ones for none; changes nothing. */
bool cpu_restore_state_x86_64(void* cpu, uintptr_t hostAddress, bool willExit);
void cpu_x86_update_cr0_x86_64(void* env, uint32_t value);
void cpu_x86_update_cr3_x86_64(void* env, uint64_t value);
void cpu_x86_update_cr4_x86_64(void* env, uint32_t value);
uint32_t cpu_ldub_data_ra_x86_64(void* env, uint64_t address, uintptr_t hostAddress);
uint32_t cpu_lduw_data_ra_x86_64(void* env, uint64_t address, uintptr_t hostAddress);
uint32_t cpu_ldl_data_ra_x86_64(void* env, uint64_t address, uintptr_t hostAddress);
void cpu_stb_data_ra_x86_64(void* env, uint64_t address, uint32_t value, uintptr_t hostAddress);
void cpu_stl_data_ra_x86_64(void* env, uint64_t address, uint32_t value, uintptr_t hostAddress);
void cpu_stw_data_ra_x86_64(void* env, uint64_t address, uint32_t value, uintptr_t hostAddress);
void do_interrupt_x86_hardirq_x86_64(void* env, int vector, int isHardware);
uint64_t get_page_addr_code_hostp_x86_64(void* env, uint64_t address, void** host);
uint64_t helper_cc_compute_all_x86_64(uint64_t result, uint64_t source, uint64_t source2, int kind);
uint64_t qemu_ram_addr_from_host_x86_64(uc_struct* uc, void* host);
void raise_exception_err_ra_x86_64(void* env, int vector, int error, uintptr_t hostAddress) __attribute__((noreturn));
void tb_invalidate_phys_range_x86_64(uc_struct* uc, uint64_t start, uint64_t end);
void tlb_flush_x86_64(void* cpu);
void tlb_reset_dirty_x86_64(void* cpu, uint64_t hostStart, uint64_t length);
void x86_cpu_do_interrupt_x86_64(void* cpu);
}
