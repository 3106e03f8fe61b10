/** The addon's face to JavaScript. Thin: everything is in the classes behind. */
#include <napi.h>

#include "classify.h"
#include "decode.h"
#include "engine.h"
#include "node_ram.h"
#include "node_simulator.h"
#include "node_values.h"
#include "state.h"

namespace decouple {

namespace {

Napi::Value versionInfo(const Napi::CallbackInfo& info) {
  try {
    const LibraryInfo& library = libraryInfo();
    Napi::Object result = Napi::Object::New(info.Env());
    result["unicorn"] = Napi::String::New(info.Env(), library.version);
    result["layout"] = Napi::String::New(info.Env(), library.layout);
    return result;
  } catch (const EngineError& error) {
    fail(info.Env(), "simulator-unavailable", error.what());
  }
}

Instruction decoded(const Napi::CallbackInfo& info) {
  const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  return decodeInstruction(bytes.Data(), bytes.ByteLength(), info[1].As<Napi::Boolean>().Value());
}

/** Length of the instruction at the start of the bytes, 0 when they do not hold all of it. For tests. */
Napi::Value instructionLength(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), decoded(info).length);
}

/** See `isReadModifyWrite`; for tests. */
Napi::Value readsAndWrites(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), isReadModifyWrite(decoded(info)));
}

Napi::Value setTranslationBytes(const Napi::CallbackInfo& info) {
  decouple::setTranslationBytes(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports["Simulator"] = defineSimulator(env);
  exports["ExpectedRam"] = ExpectedRamObject::define(env);
  exports["versionInfo"] = Napi::Function::New(env, versionInfo);
  exports["instructionLength"] = Napi::Function::New(env, instructionLength);
  exports["readsAndWrites"] = Napi::Function::New(env, readsAndWrites);
  exports["setTranslationBytes"] = Napi::Function::New(env, setTranslationBytes);
  exports["stateSize"] = Napi::Number::New(env, sizeof(CpuState));
  return exports;
}

}  // namespace

}  // namespace decouple

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return decouple::init(env, exports); }
NODE_API_MODULE(simulator, initAddon)
