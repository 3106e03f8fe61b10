/** `ExpectedRam` of JavaScript. */
#pragma once

#include <memory>

#include "node_values.h"

namespace decouple {

class ExpectedRamObject : public Napi::ObjectWrap<ExpectedRamObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "ExpectedRam",
        {InstanceMethod("writePages", &ExpectedRamObject::writePages),
         InstanceMethod("readPage", &ExpectedRamObject::readPage), InstanceMethod("close", &ExpectedRamObject::close)});
  }
  explicit ExpectedRamObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info), ram_(std::make_unique<Ram>(regionsFrom(info[0]))) {}
  Ram* ram() const { return ram_.get(); }

 private:
  Napi::Value writePages(const Napi::CallbackInfo& info) {
    decouple::writePages(info, [this](uint32_t number, const uint8_t* bytes) {
      uint8_t* page = number < 1u << 20 && ram_ ? ram_->at(uint64_t{number} << 12, kPageSize) : nullptr;
      if (page == nullptr) return false;
      std::memcpy(page, bytes, kPageSize);
      return true;
    });
    return info.Env().Undefined();
  }
  Napi::Value readPage(const Napi::CallbackInfo& info) {
    const uint32_t number = info[0].As<Napi::Number>().Uint32Value();
    const uint8_t* page = number < 1u << 20 && ram_ ? ram_->at(uint64_t{number} << 12, kPageSize) : nullptr;
    if (page == nullptr) return info.Env().Null();
    Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), kPageSize);
    std::memcpy(copy.Data(), page, kPageSize);
    return copy;
  }
  Napi::Value close(const Napi::CallbackInfo& info) {
    ram_.reset();
    return info.Env().Undefined();
  }
  std::unique_ptr<Ram> ram_;
};

}  // namespace decouple
