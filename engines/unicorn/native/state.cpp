#include "state.h"

#include <unicorn/unicorn.h>

#include <cstring>

namespace decouple {

namespace {

/** Bits of a descriptor's upper half that `attributes` has: access byte, AVL, L, D/B, G. */
constexpr uint32_t kAttributes = 0xf0ff;
constexpr uint32_t kBusy = 0x2, kPresent = 0x80;
constexpr uint16_t kTopMask = 0x3800;

void loadSegment(SegmentCache to, const SegmentState& from) {
  to.selector() = from.selector & 0xffff;
  to.base() = from.base;
  to.limit() = from.limit;
  to.flags() = (from.attributes & kAttributes) << 8;
}

SegmentState readSegment(SegmentCache from) {
  return {from.selector() & 0xffff, static_cast<uint32_t>(from.base()), from.limit(), from.flags() >> 8 & kAttributes};
}

/** A code or stack segment that is 32 bits wide. */
bool isBig(SegmentCache segment) {
  constexpr uint32_t kBig = 0x400000;
  return (segment.flags() & kBig) != 0;
}

}  // namespace

void refreshContext(Env env, uint32_t cpl) {
  constexpr uint32_t kProtected = 1;
  const bool code32 = isBig(env.segment(kCs));
  uint32_t context = env.context();
  context &= ~uint32_t{kContextCpl | kContextInhibitInterrupts | kContextCode32 | kContextStack32 | kContextAddSegment};
  context |= cpl & kContextCpl;
  if (code32) context |= kContextCode32;
  if (isBig(env.segment(kSs))) context |= kContextStack32;
  const bool flat = (env.cr(0) & kProtected) != 0 && (env.eflags() & kVirtual8086) == 0 && code32 &&
                    (env.segment(kDs).base() | env.segment(kEs).base() | env.segment(kSs).base()) == 0;
  if (!flat) context |= kContextAddSegment;
  context |= kContextSse;
  env.context() = context;
}

uint16_t x87Tags(Env env) {
  uint16_t tags = 0;
  for (unsigned i = 0; i < 8; ++i) {
    uint64_t mantissa;
    uint16_t exponent;
    std::memcpy(&mantissa, env.x87Register(i), sizeof mantissa);
    std::memcpy(&exponent, env.x87Register(i) + 8, sizeof exponent);
    exponent &= 0x7fff;
    enum : uint16_t { kValid, kZero, kSpecial, kEmpty };
    uint16_t tag = kValid;
    if (env.x87Empty()[i] != 0) {
      tag = kEmpty;
    } else if (exponent == 0 && mantissa == 0) {
      tag = kZero;
    } else if (exponent == 0 || exponent == 0x7fff || mantissa >> 63 == 0) {
      tag = kSpecial;
    }
    tags = static_cast<uint16_t>(tags | tag << 2 * i);
  }
  return tags;
}

namespace {

void loadX87(const CpuState& state, Env env, uc_struct* uc) {
  const uint16_t control = static_cast<uint16_t>(state.fcw);
  uc_reg_write(uc, UC_X86_REG_FPCW, &control);
  env.x87Status() = static_cast<uint16_t>(state.fsw & ~kTopMask);
  env.x87Top() = state.fsw >> 11 & 7;
  for (unsigned i = 0; i < 8; ++i) {
    env.x87Empty()[i] = (state.ftw >> 2 * i & 3) == 3 ? 1 : 0;
    std::memset(env.x87Register(i), 0, 16);
  }
  for (unsigned i = 0; i < 8; ++i) std::memcpy(env.x87Register(env.x87Top() + i), state.st + 10 * i, 10);
  env.x87Opcode() = static_cast<uint16_t>(state.fop);
  env.x87CodeSelector() = static_cast<uint16_t>(state.fcs);
  env.x87DataSelector() = static_cast<uint16_t>(state.fds);
  env.x87CodeOffset() = state.fip;
  env.x87DataOffset() = state.fdp;
  uc_reg_write(uc, UC_X86_REG_MXCSR, &state.mxcsr);
  for (int i = 0; i < 8; ++i) std::memcpy(env.xmm(i), state.xmm + 16 * i, 16);
}

void readX87(CpuState& state, Env env) {
  state.fcw = env.x87Control();
  state.fsw = (env.x87Status() & ~uint32_t{kTopMask}) | (env.x87Top() & 7) << 11;
  state.ftw = x87Tags(env);
  state.fop = env.x87Opcode();
  state.fip = static_cast<uint32_t>(env.x87CodeOffset());
  state.fcs = env.x87CodeSelector();
  state.fdp = static_cast<uint32_t>(env.x87DataOffset());
  state.fds = env.x87DataSelector();
  for (unsigned i = 0; i < 8; ++i) std::memcpy(state.st + 10 * i, env.x87Register(env.x87Top() + i), 10);
  state.mxcsr = env.mxcsr();
  for (int i = 0; i < 8; ++i) std::memcpy(state.xmm + 16 * i, env.xmm(i), 16);
}

SegmentCache segmentAt(Env env, int index) {
  if (index == 6) return env.ldtr();
  if (index == 7) return env.tr();
  return env.segment(index);
}

}  // namespace

void loadCpuState(const CpuState& state, Env env, void* cpu) {
  for (int i = 0; i < 8; ++i) env.gpr(i) = state.gpr[i];
  env.eip() = state.eip;
  for (int i = 0; i < 8; ++i) loadSegment(segmentAt(env, i), state.segments[i]);
  // The engine keeps a task's descriptor as it was before the task became busy.
  env.tr().flags() &= ~(kBusy << 8);
  env.gdtr().base() = state.gdtBase;
  env.gdtr().limit() = state.gdtLimit;
  env.idtr().base() = state.idtBase;
  env.idtr().limit() = state.idtLimit;
  writeFlags(env, state.eflags);
  // The engine begins a run by taking the lazily kept flags from here.
  env.eflags() |= state.eflags & (kStatusFlags | kDirection);
  cpu_x86_update_cr4_x86_64(env.raw(), state.cr4);
  env.cr(2) = state.cr2;
  cpu_x86_update_cr3_x86_64(env.raw(), state.cr3);
  cpu_x86_update_cr0_x86_64(env.raw(), state.cr0);
  // It sets ET, which a loader of the machine's may have left clear.
  env.cr(0) = state.cr0;
  const bool virtual8086 = (state.eflags & kVirtual8086) != 0;
  const bool protectedMode = (state.cr0 & 1) != 0;
  refreshContext(env, virtual8086 ? 3 : protectedMode ? state.segments[kSs].attributes >> 5 & 3 : 0);
  for (int i = 0; i < 8; ++i) env.dr(i) = state.dr[i];
  env.sysenterCs() = state.sysenter[0];
  env.sysenterEsp() = state.sysenter[1];
  env.sysenterEip() = state.sysenter[2];
  env.exceptionInFlight() = -1;
  loadX87(state, env, env.engine());
  tlb_flush_x86_64(cpu);
}

CpuState readCpuState(Env env) {
  CpuState state{};
  for (int i = 0; i < 8; ++i) state.gpr[i] = env.gpr32(i);
  state.eip = static_cast<uint32_t>(env.eip());
  state.eflags = readFlags(env);
  for (int i = 0; i < 8; ++i) state.segments[i] = readSegment(segmentAt(env, i));
  if ((state.segments[7].attributes & kPresent) != 0) state.segments[7].attributes |= kBusy;
  state.gdtBase = static_cast<uint32_t>(env.gdtr().base());
  state.gdtLimit = env.gdtr().limit();
  state.idtBase = static_cast<uint32_t>(env.idtr().base());
  state.idtLimit = env.idtr().limit();
  state.cr0 = static_cast<uint32_t>(env.cr(0));
  state.cr2 = static_cast<uint32_t>(env.cr(2));
  state.cr3 = static_cast<uint32_t>(env.cr(3));
  state.cr4 = static_cast<uint32_t>(env.cr(4));
  for (int i = 0; i < 8; ++i) state.dr[i] = static_cast<uint32_t>(env.dr(i));
  state.sysenter[0] = env.sysenterCs();
  state.sysenter[1] = static_cast<uint32_t>(env.sysenterEsp());
  state.sysenter[2] = static_cast<uint32_t>(env.sysenterEip());
  readX87(state, env);
  return state;
}

}  // namespace decouple
