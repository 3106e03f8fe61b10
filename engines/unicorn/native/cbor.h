/** The subset of CBOR (RFC 8949) that relog events are made of: unsigned integers, byte strings, arrays and null. */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace decouple {

class CborReader {
 public:
  CborReader(const uint8_t* bytes, size_t size, size_t offset = 0) : bytes_(bytes), size_(size), at_(offset) {}
  size_t offset() const { return at_; }
  bool atEnd() const { return at_ >= size_; }

  bool readUnsigned(uint64_t most, uint64_t& value) { return readHead(kUnsigned, value) && value <= most; }
  bool readArray(uint64_t& items) { return readHead(kArray, items); }
  /** A byte string; `data` points into the bytes read. */
  bool readBytes(const uint8_t*& data, size_t& length) {
    uint64_t value;
    if (!readHead(kBytes, value) || value > size_ - at_) return false;
    data = bytes_ + at_;
    length = static_cast<size_t>(value);
    at_ += length;
    return true;
  }
  /** True, and the offset moved on, when a null comes next. */
  bool skipNull() {
    if (atEnd() || bytes_[at_] != kNull) return false;
    ++at_;
    return true;
  }

 private:
  enum Major : uint8_t { kUnsigned = 0, kBytes = 2, kArray = 4 };
  static constexpr uint8_t kNull = 0xf6;

  bool readHead(Major major, uint64_t& value) {
    if (atEnd() || bytes_[at_] >> 5 != major) return false;
    const uint8_t info = bytes_[at_] & 0x1f;
    if (info < 24) {
      value = info;
      at_ += 1;
      return true;
    }
    if (info > 27) return false;
    const size_t width = size_t{1} << (info - 24);
    if (size_ - at_ - 1 < width) return false;
    value = 0;
    for (size_t i = 0; i < width; ++i) value = value << 8 | bytes_[at_ + 1 + i];
    at_ += 1 + width;
    return true;
  }

  const uint8_t* bytes_;
  size_t size_;
  size_t at_;
};

}  // namespace decouple
