/** Architectural state as it crosses the border to TypeScript; mirrors formats/state.ts. Plain data, little-endian. */
#pragma once

#include <cstdint>

#include "abi.h"
#include "flags.h"

namespace decouple {

struct SegmentState {
  uint32_t selector, base, limit, attributes;
};

struct CpuState {
  uint32_t gpr[8];
  uint32_t eip, eflags;
  /** ES, CS, SS, DS, FS, GS, LDTR, TR. */
  SegmentState segments[8];
  uint32_t gdtBase, gdtLimit, idtBase, idtLimit;
  uint32_t cr0, cr2, cr3, cr4;
  uint32_t dr[8];
  uint32_t sysenter[3];
  uint32_t fcw, fsw, ftw, fop, fip, fcs, fdp, fds;
  uint32_t mxcsr;
  uint32_t halted;
  /** ST0 to ST7, ten bytes each. */
  uint8_t st[80];
  uint8_t xmm[128];
};

/** `cpu`: the engine's CPU object. */
void loadCpuState(const CpuState& state, Env env, void* cpu);
/** Works out the translation context from the segments and the privilege level. */
void refreshContext(Env env, uint32_t cpl);
CpuState readCpuState(Env env);
/** The full tag word of the x87 registers, two bits a physical register. */
uint16_t x87Tags(Env env);

}  // namespace decouple
