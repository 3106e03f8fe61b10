#include "node_simulator.h"

#include <memory>

#include "node_ram.h"
#include "node_values.h"
#include "simulator.h"

namespace decouple {

namespace {

const char* stopName(Stop stop) {
  switch (stop) {
    case Stop::kStarved:
      return "starved";
    case Stop::kKeyframe:
      return "keyframe";
    case Stop::kState:
      return "state";
    case Stop::kEnd:
      return "end";
    case Stop::kLimit:
      return "limit";
    case Stop::kEffect:
      return "effect";
    case Stop::kForm:
      return "form";
    case Stop::kPause:
      return "pause";
    default:
      return "diverged";
  }
}

class SimulatorObject : public Napi::ObjectWrap<SimulatorObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Simulator",
                       {
                           InstanceMethod("loadState", &SimulatorObject::loadState),
                           InstanceMethod("readState", &SimulatorObject::readState),
                           InstanceMethod("takeFlags", &SimulatorObject::takeFlags),
                           InstanceMethod("writePages", &SimulatorObject::writePages),
                           InstanceMethod("copyRamFrom", &SimulatorObject::copyRamFrom),
                           InstanceMethod("copyRamTo", &SimulatorObject::copyRamTo),
                           InstanceMethod("compareRam", &SimulatorObject::compareRam),
                           InstanceMethod("compareBytes", &SimulatorObject::compareBytes),
                           InstanceMethod("readPhysical", &SimulatorObject::readPhysical),
                           InstanceMethod("translate", &SimulatorObject::translate),
                           InstanceMethod("feed", &SimulatorObject::feed),
                           InstanceMethod("finish", &SimulatorObject::finish),
                           InstanceMethod("dropEvents", &SimulatorObject::dropEvents),
                           InstanceMethod("bytesHeld", &SimulatorObject::bytesHeld),
                           InstanceMethod("run", &SimulatorObject::run),
                           InstanceMethod("stopAtCheck", &SimulatorObject::stopAtCheck),
                           InstanceMethod("setStepping", &SimulatorObject::setStepping),
                           InstanceMethod("readStep", &SimulatorObject::readStep),
                           InstanceMethod("setExactFloat", &SimulatorObject::setExactFloat),
                           InstanceMethod("setOwnValues", &SimulatorObject::setOwnValues),
                           InstanceMethod("takeOwnValues", &SimulatorObject::takeOwnValues),
                           InstanceMethod("setComparing", &SimulatorObject::setComparing),
                           InstanceMethod("disagreements", &SimulatorObject::disagreements),
                           InstanceMethod("plantFault", &SimulatorObject::plantFault),
                           InstanceMethod("spoilForm", &SimulatorObject::spoilForm),
                           InstanceMethod("lookAtForms", &SimulatorObject::lookAtForms),
                           InstanceMethod("judgeForm", &SimulatorObject::judgeForm),
                           InstanceMethod("formsChanged", &SimulatorObject::formsChanged),
                           InstanceMethod("form", &SimulatorObject::form),
                           InstanceMethod("healedCode", &SimulatorObject::healedCode),
                           InstanceMethod("position", &SimulatorObject::position),
                           InstanceMethod("keyframeIndex", &SimulatorObject::keyframeIndex),
                           InstanceMethod("newState", &SimulatorObject::newState),
                           InstanceMethod("divergence", &SimulatorObject::divergence),
                           InstanceMethod("situation", &SimulatorObject::situation),
                           InstanceMethod("counts", &SimulatorObject::counts),
                           InstanceMethod("forgiven", &SimulatorObject::forgiven),
                           InstanceMethod("enableCoverage", &SimulatorObject::enableCoverage),
                           InstanceMethod("takeCoverage", &SimulatorObject::takeCoverage),
                           InstanceMethod("close", &SimulatorObject::close),
                       });
  }

  explicit SimulatorObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    try {
      simulator_ = std::make_unique<Simulator>(regionsFrom(info[0]));
    } catch (const EngineError& error) {
      fail(info.Env(), "simulator-unavailable", error.what());
    } catch (const std::bad_alloc&) {
      fail(info.Env(), "simulator-unavailable", "there is not enough memory for the guest's RAM");
    }
  }

 private:
  using Info = const Napi::CallbackInfo&;

  Simulator& simulator(Info info) {
    if (!simulator_) fail(info.Env(), "internal", "The simulator is closed.");
    return *simulator_;
  }

  Napi::Value loadState(Info info) {
    const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
    if (bytes.ByteLength() != sizeof(CpuState)) fail(info.Env(), "internal", "A CPU state has another size.");
    CpuState state;
    std::memcpy(&state, bytes.Data(), sizeof state);
    simulator(info).loadState(state, uint64From(info[1]));
    return info.Env().Undefined();
  }

  Napi::Value readState(Info info) {
    const CpuState state = simulator(info).readState();
    Napi::Uint8Array bytes = Napi::Uint8Array::New(info.Env(), sizeof state);
    std::memcpy(bytes.Data(), &state, sizeof state);
    return bytes;
  }

  Napi::Value takeFlags(Info info) {
    simulator(info).setFlagsTaken(info[0].As<Napi::Boolean>());
    return info.Env().Undefined();
  }

  Napi::Value writePages(Info info) {
    Simulator& target = simulator(info);
    decouple::writePages(info,
                         [&target](uint32_t number, const uint8_t* bytes) { return target.writePage(number, bytes); });
    return info.Env().Undefined();
  }

  Ram& expectedRam(Info info) {
    Ram* ram = ExpectedRamObject::Unwrap(info[0].As<Napi::Object>())->ram();
    const auto& mine = simulator(info).ram().regions();
    bool same = ram != nullptr && ram->regions().size() == mine.size();
    for (size_t i = 0; same && i < mine.size(); ++i) {
      same = ram->regions()[i].start == mine[i].start && ram->regions()[i].size == mine[i].size;
    }
    if (!same) fail(info.Env(), "internal", "The expected RAM has other regions.");
    return *ram;
  }

  Napi::Value copyRamFrom(Info info) {
    simulator(info).copyRamFrom(expectedRam(info));
    return info.Env().Undefined();
  }

  Napi::Value copyRamTo(Info info) {
    simulator(info).copyRamTo(expectedRam(info));
    return info.Env().Undefined();
  }

  Napi::Value compareRam(Info info) {
    std::vector<Difference> found;
    const uint32_t most = info[1].As<Napi::Number>().Uint32Value();
    const uint64_t differing = decouple::compareRam(expectedRam(info), simulator(info).ram(), most, found);
    return comparison(info.Env(), differing, found);
  }

  /** (physical address, bytes that should be there, most) */
  Napi::Value compareBytes(Info info) {
    std::vector<Difference> found;
    const uint32_t start = info[0].As<Napi::Number>().Uint32Value();
    const Napi::Uint8Array expected = info[1].As<Napi::Uint8Array>();
    const uint32_t most = info[2].As<Napi::Number>().Uint32Value();
    const size_t size = expected.ByteLength();
    if (size % 4 != 0 || !simulator(info).ram().contains(start, size)) {
      fail(info.Env(), "internal", "Bytes to compare are not whole words of RAM.");
    }
    const uint64_t differing = decouple::compareBytes(expected.Data(), simulator(info).ram(), start, size, most, found);
    return comparison(info.Env(), differing, found);
  }

  static Napi::Object comparison(Napi::Env env, uint64_t differing, const std::vector<Difference>& found) {
    Napi::Uint32Array words = Napi::Uint32Array::New(env, found.size() * 3);
    for (size_t i = 0; i < found.size(); ++i) {
      words[3 * i] = found[i].address;
      words[3 * i + 1] = found[i].expected;
      words[3 * i + 2] = found[i].got;
    }
    Napi::Object result = Napi::Object::New(env);
    result["differingWords"] = Napi::Number::New(env, static_cast<double>(differing));
    result["words"] = words;
    return result;
  }

  Napi::Value readPhysical(Info info) {
    const double address = info[0].As<Napi::Number>().DoubleValue(), size = info[1].As<Napi::Number>().DoubleValue();
    const bool valid = address >= 0 && address < 4294967296.0 && size >= 0 && size <= 4294967296.0;
    const uint8_t* bytes =
        valid ? simulator(info).ram().at(static_cast<uint64_t>(address), static_cast<size_t>(size)) : nullptr;
    if (bytes == nullptr) return info.Env().Null();
    Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), static_cast<size_t>(size));
    std::memcpy(copy.Data(), bytes, static_cast<size_t>(size));
    return copy;
  }

  Napi::Value translate(Info info) {
    const PageWalk walk = simulator(info).walk(info[0].As<Napi::Number>().Uint32Value());
    if (!walk.present) return info.Env().Null();
    return Napi::Number::New(info.Env(), static_cast<double>(walk.physical));
  }

  Napi::Value feed(Info info) {
    const Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
    std::string why;
    if (!simulator(info).feed(bytes.Data(), bytes.ByteLength(), why)) fail(info.Env(), "relog-malformed", why);
    return info.Env().Undefined();
  }

  Napi::Value finish(Info info) {
    simulator(info).finish();
    return info.Env().Undefined();
  }

  Napi::Value dropEvents(Info info) {
    simulator(info).dropEvents();
    return info.Env().Undefined();
  }

  Napi::Value bytesHeld(Info info) {
    return Napi::Number::New(info.Env(), static_cast<double>(simulator(info).bytesHeld()));
  }

  Napi::Value run(Info info) {
    return Napi::String::New(info.Env(), stopName(simulator(info).run(uint64From(info[0]))));
  }

  Napi::Value stopAtCheck(Info info) {
    simulator(info).stopAtCheck(uint64From(info[0]));
    return info.Env().Undefined();
  }

  Napi::Value setStepping(Info info) {
    simulator(info).setStepping(info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  /** Fills in: position, events consumed without keyframe marks and effects, linear address, EFLAGS, general registers.
   */
  Napi::Value readStep(Info info) {
    const Simulator& from = simulator(info);
    const Napi::Float64Array out = info[0].As<Napi::Float64Array>();
    constexpr size_t kFields = 12;
    if (out.ElementLength() < kFields) fail(info.Env(), "internal", "A step has more fields.");
    double* fields = const_cast<double*>(out.Data());
    const StepState state = from.stepState();
    fields[0] = static_cast<double>(from.position());
    fields[1] = static_cast<double>(from.eventsConsumed() - from.counts().marks - from.counts().healed);
    fields[2] = state.linear;
    fields[3] = state.eflags;
    for (int i = 0; i < 8; ++i) fields[4 + i] = state.gpr[i];
    return info.Env().Undefined();
  }

  Napi::Value setExactFloat(Info info) {
    simulator(info).setExactFloat(info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  Napi::Value setOwnValues(Info info) {
    simulator(info).setOwnValues(info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  Napi::Value takeOwnValues(Info info) {
    return typedArray<Napi::Uint32Array>(info.Env(), simulator(info).takeOwnValues());
  }

  Napi::Value setComparing(Info info) {
    simulator(info).setComparing(info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  Napi::Value disagreements(Info info) {
    const Napi::Env env = info.Env();
    const auto& all = simulator(info).disagreements().all();
    Napi::Array result = Napi::Array::New(env, all.size());
    for (uint32_t i = 0; i < all.size(); ++i) {
      const Disagreement& from = all[i];
      Napi::Object one = Napi::Object::New(env);
      one["vector"] = Napi::Number::New(env, from.vector);
      one["raised"] = Napi::Number::New(env, from.raised);
      one["bits"] = Napi::Number::New(env, from.code32 ? 32 : 16);
      Napi::Uint8Array code = Napi::Uint8Array::New(env, from.size);
      std::memcpy(code.Data(), from.code, from.size);
      one["code"] = code;
      one["count"] = Napi::Number::New(env, static_cast<double>(from.count));
      result[i] = one;
    }
    return result;
  }

  Napi::Value plantFault(Info info) {
    simulator(info).plantFault({uint64From(info[0]), info[1].As<Napi::Number>().Int32Value()});
    return info.Env().Undefined();
  }

  /** (opcode, digit or -1, target) */
  Napi::Value spoilForm(Info info) {
    const auto number = [&](size_t i) { return info[i].As<Napi::Number>().Int32Value(); };
    simulator(info).forms().spoil({static_cast<unsigned>(number(0)), number(1), number(2)});
    return info.Env().Undefined();
  }

  Napi::Value lookAtForms(Info info) {
    simulator(info).forms().lookAtAll(info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  /** (form, whether it is wrong) */
  Napi::Value judgeForm(Info info) {
    const bool wrong = info[1].As<Napi::Boolean>().Value();
    simulator(info).forms().set(uint64From(info[0]), wrong ? Forms::Verdict::kWrong : Forms::Verdict::kFine);
    return info.Env().Undefined();
  }

  Napi::Value formsChanged(Info info) {
    simulator(info).formsChanged();
    return info.Env().Undefined();
  }

  Napi::Value form(Info info) { return Napi::BigInt::New(info.Env(), simulator(info).form()); }

  Napi::Value healedCode(Info info) { return typedArray<Napi::Uint8Array>(info.Env(), simulator(info).healedCode()); }

  Napi::Value position(Info info) { return Napi::BigInt::New(info.Env(), simulator(info).position()); }

  Napi::Value keyframeIndex(Info info) {
    return Napi::Number::New(info.Env(), static_cast<double>(simulator(info).keyframeIndex()));
  }

  Napi::Value newState(Info info) {
    const std::vector<uint8_t>& bytes = simulator(info).newState();
    Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), bytes.size());
    if (!bytes.empty()) std::memcpy(copy.Data(), bytes.data(), bytes.size());
    return copy;
  }

  static Napi::Object situationObject(Napi::Env env, const Situation& from) {
    Napi::Object result = Napi::Object::New(env);
    result["position"] = Napi::BigInt::New(env, from.position);
    result["linear"] = Napi::Number::New(env, from.linear);
    result["before"] = textArray(env, from.before);
    result["after"] = textArray(env, from.after);
    return result;
  }

  Napi::Value situation(Info info) { return situationObject(info.Env(), simulator(info).situation()); }

  Napi::Value divergence(Info info) {
    const Divergence& from = simulator(info).divergence();
    Napi::Object result = situationObject(info.Env(), from);
    result["what"] = Napi::String::New(info.Env(), from.what);
    result["expected"] = Napi::String::New(info.Env(), from.expected);
    result["got"] = Napi::String::New(info.Env(), from.got);
    return result;
  }

  Napi::Value counts(Info info) {
    const Counts& from = simulator(info).counts();
    Napi::Object result = Napi::Object::New(info.Env());
    const auto set = [&](const char* name, uint64_t value) {
      result[name] = Napi::Number::New(info.Env(), static_cast<double>(value));
    };
    set("events", simulator(info).eventsConsumed());
    set("interrupts", from.interrupts);
    set("exceptions", from.exceptions);
    set("softwareInterrupts", from.softwareInterrupts);
    set("dma", from.dma);
    set("checks", from.checks);
    set("marks", from.marks);
    set("translations", from.translations);
    set("splits", from.splits);
    set("healed", from.healed);
    return result;
  }

  Napi::Value forgiven(Info info) {
    Napi::Object result = Napi::Object::New(info.Env());
    for (int row = 0; row < kForgivenRows; ++row) {
      const uint64_t times = simulator(info).forgiven()[row];
      if (times != 0) result[forgivenName(row)] = Napi::Number::New(info.Env(), static_cast<double>(times));
    }
    return result;
  }

  Napi::Value enableCoverage(Info info) {
    simulator(info).enableCoverage();
    return info.Env().Undefined();
  }

  Napi::Value takeCoverage(Info info) {
    const CoverageBatch batch = simulator(info).takeCoverage();
    const Napi::Env env = info.Env();
    Napi::Object result = Napi::Object::New(env);
    result["space"] = typedArray<Napi::Uint32Array>(env, batch.space);
    result["address"] = typedArray<Napi::Uint32Array>(env, batch.address);
    result["size"] = typedArray<Napi::Uint32Array>(env, batch.size);
    result["instructions"] = typedArray<Napi::Uint32Array>(env, batch.instructions);
    result["executions"] = typedArray<Napi::Float64Array>(env, batch.executions);
    result["hash"] = typedArray<Napi::BigUint64Array>(env, batch.hash);
    result["lengths"] = typedArray<Napi::Uint8Array>(env, batch.lengths);
    result["code"] = typedArray<Napi::Uint8Array>(env, batch.code);
    return result;
  }

  Napi::Value close(Info info) {
    simulator_.reset();
    return info.Env().Undefined();
  }

  std::unique_ptr<Simulator> simulator_;
};

}  // namespace

Napi::Function defineSimulator(Napi::Env env) { return SimulatorObject::define(env); }

}  // namespace decouple
