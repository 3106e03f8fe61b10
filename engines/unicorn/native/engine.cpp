#include "engine.h"

#include "originals.h"

namespace decouple {

namespace {

/** Room for translated code; when it is full all of it is translated anew. */
uint32_t translationBytes = 64 << 20;

}  // namespace

void setTranslationBytes(uint32_t bytes) { translationBytes = bytes; }

void check(uc_err error, const char* call) {
  if (error != UC_ERR_OK) throw EngineError(std::string(call) + ": " + uc_strerror(error));
}

uc_engine* openEngine() {
  uc_engine* uc = nullptr;
  check(uc_open(UC_ARCH_X86, UC_MODE_32, &uc), "uc_open");
  uc_err error = uc_ctl_set_cpu_model(uc, UC_CPU_X86_QEMU64);
  // All of it is cleared at once: of the default, 1 GiB, seconds for every engine.
  if (error == UC_ERR_OK) error = uc_ctl_set_tcg_buffer_size(uc, translationBytes);
  // No address ends a run: only this addon does.
  if (error == UC_ERR_OK) error = uc_ctl_exits_enable(uc);
  if (error != UC_ERR_OK) uc_close(uc);
  check(error, "uc_ctl");
  return uc;
}

Cpu findCpu(uc_engine* uc, uint32_t mappedAddress) {
  probe = Probe();
  uc_tb block;
  check(uc_ctl_request_cache(uc, static_cast<uint64_t>(mappedAddress), &block), "uc_ctl_request_cache");
  if (probe.cpu == nullptr) throw EngineError("its functions cannot be replaced: another copy was loaded before");
  return Cpu(probe.cpu);
}

void setFeatures(Env env) {
  const auto bits = [](std::initializer_list<int> list) {
    uint32_t word = 0;
    for (int bit : list) word |= uint32_t{1} << bit;
    return word;
  };
  // FPU, PSE, TSC, MSR, PAE, CX8, APIC, SEP, PGE, CMOV, PAT, CLFLUSH, MMX, FXSR, SSE, SSE2
  env.feature(kFeatures1Edx) = bits({0, 3, 4, 5, 6, 8, 9, 11, 13, 15, 16, 19, 23, 24, 25, 26});
  // SSE3, POPCNT, RDRAND
  env.feature(kFeatures1Ecx) = bits({0, 23, 30});
  env.feature(kFeatures7Ebx) = 0;
  env.feature(kFeatures7Ecx) = 0;
  env.feature(kFeaturesExtendedEdx) = 0;
  env.feature(kFeaturesExtendedEcx) = 0;
}

Engine::Engine(Ram& ram, DeviceMemory& devices) {
  libraryInfo();
  uc_ = openEngine();
  try {
    mapRam(ram);
    uint64_t next = 0;
    for (const Region& region : ram.regions()) {
      mapGap(devices, next, region.start);
      next = region.end();
    }
    mapGap(devices, next, uint64_t{1} << 32);
    cpu_ = findCpu(uc_, ram.regions().front().start);
    env_ = Env(cpu_.env());
    setFeatures(env_);
  } catch (...) {
    uc_close(uc_);
    throw;
  }
}

Engine::~Engine() { uc_close(uc_); }

void Engine::mapRam(Ram& ram) {
  for (Region& region : ram.regions()) {
    check(uc_mem_map_ptr(uc_, region.start, region.size, UC_PROT_ALL, region.host), "uc_mem_map_ptr");
    region.engineShift = qemu_ram_addr_from_host_x86_64(uc_, region.host) - region.start;
  }
}

void Engine::mapGap(DeviceMemory& devices, uint64_t start, uint64_t end) {
  if (start >= end) return;
  gaps_.push_back(std::make_unique<Gap>(Gap{&devices, static_cast<uint32_t>(start)}));
  check(uc_mmio_map(uc_, start, end - start, readGap, gaps_.back().get(), writeGap, gaps_.back().get()), "uc_mmio_map");
}

uint64_t Engine::readGap(uc_engine*, uint64_t offset, unsigned size, void* opaque) {
  const Gap* gap = static_cast<Gap*>(opaque);
  return gap->devices->readDevice(gap->start + static_cast<uint32_t>(offset), size);
}

void Engine::writeGap(uc_engine*, uint64_t offset, unsigned size, uint64_t value, void* opaque) {
  const Gap* gap = static_cast<Gap*>(opaque);
  gap->devices->writeDevice(gap->start + static_cast<uint32_t>(offset), value, size);
}

namespace {

/** Where a hook keeps what it passes to its callback: found by looking for it. */
void** findUserData(uc_hook hook, const void* value) {
  void** fields = reinterpret_cast<void**>(hook);
  constexpr int kFieldsOfHook = 12;
  for (int i = 0; i < kFieldsOfHook; ++i) {
    if (fields[i] == value) return &fields[i];
  }
  throw EngineError("a hook does not keep its user data");
}

constexpr uint32_t kInvalidOpcode = 6;

}  // namespace

void Engine::hookBlocks(uc_cb_hookcode_t callback) {
  // There may be one already: both would be called.
  if (blockHook_ != 0) check(uc_hook_del(uc_, blockHook_), "uc_hook_del");
  // No address is all: begin > end.
  check(uc_hook_add(uc_, &blockHook_, UC_HOOK_BLOCK, reinterpret_cast<void*>(callback), this, 1, 0), "uc_hook_add");
  blockRecord_ = findUserData(blockHook_, this);
  flush();
}

void Engine::hookExceptions(uc_cb_hookintr_t callback, void* owner) {
  onException_ = callback;
  exceptionOwner_ = owner;
  check(uc_hook_add(uc_, &interruptHook_, UC_HOOK_INTR, reinterpret_cast<void*>(callback), owner, 1, 0), "uc_hook_add");
  check(uc_hook_add(uc_, &invalidHook_, UC_HOOK_INSN_INVALID, reinterpret_cast<void*>(onInvalidOpcode), this, 1, 0),
        "uc_hook_add");
}

/**
 * An invalid opcode is an exception like any other: without this hook it would end the run. With it, later versions of
 * the library take the exception for handled; the first goes on to the hook for exceptions.
 */
bool Engine::onInvalidOpcode(uc_engine* uc, void* opaque) {
  const Engine& engine = *static_cast<Engine*>(opaque);
  if (libraryInfo().invalidOpcodesEnd) engine.onException_(uc, kInvalidOpcode, engine.exceptionOwner_);
  return true;
}

void Engine::invalidate(const Region& region, uint32_t address, size_t size) {
  const uint64_t start = address + region.engineShift;
  tb_invalidate_phys_range_x86_64(uc_, start, start + size);
}

void Engine::flush() {
  check(uc_ctl_flush_tb(uc_), "uc_ctl_flush_tb");
  tlb_flush_x86_64(cpu_.raw());
}

}  // namespace decouple
