/** One Unicorn engine: opened, given its memory, and with its CPU state found. */
#pragma once

#include <unicorn/unicorn.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "abi.h"
#include "ram.h"

namespace decouple {

/** The library is not one this addon can work with. */
class EngineError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** Throws an EngineError naming the call that failed. */
void check(uc_err error, const char* call);

/** Reads of physical addresses that are not RAM. */
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  virtual uint64_t readDevice(uint32_t address, unsigned size) = 0;
  virtual void writeDevice(uint32_t address, uint64_t value, unsigned size) = 0;
};

/** Of engines from now on: to clear less takes less time, for who needs many and runs each for a moment. */
void setTranslationBytes(uint32_t bytes);

class Engine {
 public:
  /** Maps `ram`, and everything between it up to 4 GiB to `devices`. Both must outlive the engine. */
  Engine(Ram& ram, DeviceMemory& devices);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  uc_engine* raw() const { return uc_; }
  Cpu cpu() const { return cpu_; }
  Env env() const { return env_; }
  /** Installs the block hook with `callback`. Blocks translated from now on pass their record to it. */
  void hookBlocks(uc_cb_hookcode_t callback);
  void hookExceptions(uc_cb_hookintr_t callback, void* owner);
  /** Sets what the block hook passes in the block to be translated next. */
  void setBlockRecord(void* record) { *blockRecord_ = record; }
  /** Code translated from these physical bytes is dropped. */
  void invalidate(const Region& region, uint32_t address, size_t size);
  /** Drops all translated code and all cached page walks. */
  void flush();

 private:
  struct Gap {
    DeviceMemory* devices;
    uint32_t start;
  };
  static uint64_t readGap(uc_engine*, uint64_t offset, unsigned size, void* gap);
  static bool onInvalidOpcode(uc_engine*, void* engine);
  static void writeGap(uc_engine*, uint64_t offset, unsigned size, uint64_t value, void* gap);
  void mapRam(Ram& ram);
  void mapGap(DeviceMemory& devices, uint64_t start, uint64_t end);

  uc_engine* uc_ = nullptr;
  Cpu cpu_;
  Env env_;
  uc_hook blockHook_ = 0, interruptHook_ = 0, invalidHook_ = 0;
  void** blockRecord_ = nullptr;
  uc_cb_hookintr_t onException_ = nullptr;
  void* exceptionOwner_ = nullptr;
  std::vector<std::unique_ptr<Gap>> gaps_;
};

/** Opens an engine that is a CPU of the kind this project uses: IA-32 with SSE2. */
uc_engine* openEngine();
/** The CPU object of an engine; found by having it translate, so its first page must be mapped. Throws. */
Cpu findCpu(uc_engine* uc, uint32_t mappedAddress);
/** Sets the CPUID bits that decide which instructions exist. */
void setFeatures(Env env);

/** "2.1.1", and which layout of its structures was proven. Throws when the library cannot be used. */
struct LibraryInfo {
  std::string version;
  std::string layout;
  /** After the hook for invalid opcodes it does not call the one for exceptions. */
  bool invalidOpcodesEnd = false;
};
const LibraryInfo& libraryInfo();

}  // namespace decouple
