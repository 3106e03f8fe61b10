/**
 * Pages that are looked up, which marks them in their tables (SDM vol. 3A, 4.8): in the order that the machine does,
 * for what it accesses, and not where it does not come to that.
 */
#include "classify.h"
#include "guest_memory.h"
#include "hooks.h"
#include "simulator.h"
#include "vectors.h"

namespace decouple {

/** Whether an access that begins now would fault. */
bool Simulator::faultsHere(uint32_t linear, bool write) const {
  const Env env = engine_.env();
  return accessFaults(walkPages(ram_, env, linear), env, write, (env.context() & kContextCpl) == kContextCpl);
}

/** The machine read the bytes of the instruction here before it found a fault in it, which marks their pages. */
void Simulator::fetchHere() {
  const uint32_t linear = linearEip();
  const Instruction here = instructionHere();
  const uint32_t last = linear + (here.length == 0 ? 0 : here.length - 1);
  const auto fetch = [&](uint32_t address) {
    void* host;
    if (!faultsHere(address, false)) get_page_addr_code_hostp_x86_64(engine_.env().raw(), address, &host);
  };
  fetch(linear);
  if ((linear ^ last) >= kPageSize) fetch(last);
}

/**
 * A store is about to be done. Where the machine found the next page missing it had found this one good, which marks
 * it, and stored nothing or what the relog states. For the frame of a software interrupt it looks without marks.
 */
void Simulator::endTrialAtStore(uint32_t linear, uintptr_t from) {
  const Event& due = *cursor_.due();
  const uint32_t next = (linear | (kPageSize - 1)) + 1;
  const bool atBorder = due.vector == kPageFault && due.cr2.present && due.cr2.value == next;
  const bool marks = atBorder && !(tried_.opcode >= 0xcc && tried_.opcode <= 0xce);
  if (!marks || !faultsHere(next, true)) endTrial(Disagreement::kNothing);
  markingFirstPage_ = true;
  GuestMemory(engine_.env(), from).touch(linear, 1, kAccessStore);
  markingFirstPage_ = false;
  endTrial(kPageFault);
}

/**
 * The library reads ES:EDI first where CMPS reads two operands. The machine does so with REP where all is aligned and
 * of 32 bits, and else reads DS:ESI first. The order matters where a page is looked up.
 */
void Simulator::readSourceFirst(uint32_t linear, uintptr_t from) {
  const Env env = engine_.env();
  const uint32_t offset = linear - static_cast<uint32_t>(env.segment(kEs).base()), edi = env.gpr32(kEdi);
  if (offset != edi && offset != (edi & 0xffff)) return;
  settle(from);
  const Instruction here = instructionHere();
  if (here.length == 0 || (here.opcode & ~1u) != 0xa6) return;
  const bool wide = here.addressSize == 4;
  const int segment = here.segmentPrefix < 0 ? int{kDs} : here.segmentPrefix;
  const uint32_t esi = env.gpr32(kEsi) & (wide ? 0xffffffff : 0xffff);
  const uint32_t source = static_cast<uint32_t>(env.segment(segment).base()) + esi;
  const unsigned size = here.opcode == 0xa6 ? 1 : here.operandSize;
  const bool aligned = ((source | linear) & (size - 1)) == 0;
  if ((here.repeated && wide && aligned) || (source ^ linear) < kPageSize) return;
  GuestMemory(env, from).touch(source, size, kAccessLoad);
}

void Simulator::beforeFill(uint32_t linear, int access, uintptr_t from) {
  if (access == kAccessLoad && from != 0) readSourceFirst(linear, from);
  lastAccess_ = from;
  cr2Before_ = engine_.env().cr(2);
  // At a page's beginning, or so near to its end that an operand of four bytes reaches beyond.
  if (access == kAccessLoad && from != 0 && ((linear + 3) & (kPageSize - 1)) <= 3) readNarrowly(from);
  if (!trial_.running() || access == kAccessFetch) return;
  if (access == kAccessStore && !markingFirstPage_ && !faultsHere(linear, true)) endTrialAtStore(linear, from);
  trial_.remember(ram_, engine_.env(), linear);
}

bool Simulator::fillFaults() {
  const Env env = engine_.env();
  return accessFaults(walkPages(ram_, env, fill_.linear), env, fill_.access == kAccessStore, fill_.asUser);
}

}  // namespace decouple
