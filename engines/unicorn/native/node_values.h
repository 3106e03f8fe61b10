/** Values of JavaScript and what they are here. */
#pragma once

#include <napi.h>

#include <cstring>
#include <string>
#include <vector>

#include "ram.h"

namespace decouple {

/** Throws an error that has a code of the project's errors. */
[[noreturn]] inline void fail(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", code);
  throw error;
}

/** Pairs of start and size in an array; the TypeScript side has checked that they are pages, sorted and apart. */
inline std::vector<Region> regionsFrom(const Napi::Value& value) {
  const Napi::Float64Array numbers = value.As<Napi::Float64Array>();
  std::vector<Region> regions;
  for (size_t i = 0; i + 1 < numbers.ElementLength(); i += 2) {
    regions.push_back({static_cast<uint32_t>(numbers[i]), static_cast<uint64_t>(numbers[i + 1]), nullptr, 0});
  }
  return regions;
}

inline uint64_t uint64From(const Napi::Value& value) {
  bool lossless = false;
  return value.As<Napi::BigInt>().Uint64Value(&lossless);
}

inline Napi::Array textArray(Napi::Env env, const std::vector<std::string>& lines) {
  Napi::Array array = Napi::Array::New(env, lines.size());
  for (uint32_t i = 0; i < lines.size(); ++i) array[i] = Napi::String::New(env, lines[i]);
  return array;
}

template <typename Array, typename Element>
Array typedArray(Napi::Env env, const std::vector<Element>& values) {
  Array array = Array::New(env, values.size());
  if (!values.empty()) std::memcpy(array.Data(), values.data(), values.size() * sizeof(Element));
  return array;
}

/** Writes whole pages with `write(number, bytes)`; fails when one is not RAM. */
template <typename Write>
void writePages(const Napi::CallbackInfo& info, Write write) {
  const Napi::Uint32Array numbers = info[0].As<Napi::Uint32Array>();
  const Napi::Uint8Array data = info[1].As<Napi::Uint8Array>();
  if (data.ByteLength() != numbers.ElementLength() * kPageSize) {
    fail(info.Env(), "relog-malformed", "Pages and their contents do not match.");
  }
  for (size_t i = 0; i < numbers.ElementLength(); ++i) {
    if (write(numbers[i], data.Data() + i * kPageSize)) continue;
    fail(info.Env(), "relog-malformed", "Page " + std::to_string(numbers[i]) + " is not in RAM.");
  }
}

}  // namespace decouple
