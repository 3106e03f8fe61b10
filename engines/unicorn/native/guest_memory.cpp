#include "guest_memory.h"

#include <algorithm>

#include "simulator.h"

namespace decouple {

namespace {

/** The widest access of 8, 4, 2 or 1 bytes that fits. */
unsigned pieceOf(unsigned left) { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

}  // namespace

void GuestMemory::loadSlowly(uint32_t linear, uint8_t* to, unsigned size) const {
  for (unsigned done = 0; done < size;) {
    const unsigned piece = pieceOf(size - done);
    const uint32_t at = linear + done;
    uint64_t value;
    switch (piece) {
      case 8:
        value = cpu_ldq_data_ra_x86_64(env_.raw(), at, from_);
        break;
      case 4:
        value = cpu_ldl_data_ra_x86_64(env_.raw(), at, from_);
        break;
      case 2:
        value = cpu_lduw_data_ra_x86_64(env_.raw(), at, from_);
        break;
      default:
        value = cpu_ldub_data_ra_x86_64(env_.raw(), at, from_);
    }
    std::memcpy(to + done, &value, piece);
    done += piece;
  }
}

void GuestMemory::storeSlowly(uint32_t linear, const uint8_t* bytes, unsigned size) const {
  if (Simulator* simulator = Simulator::of(env_.raw())) simulator->beforeStore(linear, size, from_);
  for (unsigned done = 0; done < size;) {
    const unsigned piece = pieceOf(size - done);
    const uint32_t at = linear + done;
    uint64_t value = 0;
    std::memcpy(&value, bytes + done, piece);
    const uint32_t narrow = static_cast<uint32_t>(value);
    switch (piece) {
      case 8:
        cpu_stq_data_ra_x86_64(env_.raw(), at, value, from_);
        break;
      case 4:
        cpu_stl_data_ra_x86_64(env_.raw(), at, narrow, from_);
        break;
      case 2:
        cpu_stw_data_ra_x86_64(env_.raw(), at, narrow, from_);
        break;
      default:
        cpu_stb_data_ra_x86_64(env_.raw(), at, narrow, from_);
    }
    done += piece;
  }
}

}  // namespace decouple
