/** `Simulator` of JavaScript. */
#pragma once

#include <napi.h>

namespace decouple {

Napi::Function defineSimulator(Napi::Env env);

}  // namespace decouple
