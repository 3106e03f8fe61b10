{
  "variables": {
    "include%": "<!(node unicorn-library.cjs include)",
    "lib%": "<!(node unicorn-library.cjs lib)"
  },
  "targets": [
    {
      "target_name": "simulator",
      "sources": [
        "abi.cpp",
        "addon.cpp",
        "classify.cpp",
        "counting.cpp",
        "coverage.cpp",
        "cursor.cpp",
        "decode.cpp",
        "delivery.cpp",
        "divergence.cpp",
        "engine.cpp",
        "event_text.cpp",
        "extent.cpp",
        "fault.cpp",
        "flags.cpp",
        "guest_memory.cpp",
        "interpose_cpu.cpp",
        "interpose_memory.cpp",
        "interpose_sse.cpp",
        "interpose_translate.cpp",
        "interpose_x87.cpp",
        "mmx.cpp",
        "node_simulator.cpp",
        "operand.cpp",
        "position.cpp",
        "ram.cpp",
        "replaced.cpp",
        "run.cpp",
        "self_test.cpp",
        "sse.cpp",
        "state.cpp",
        "strings.cpp",
        "sync.cpp",
        "tlb.cpp",
        "translations.cpp",
        "walk.cpp",
        "x87.cpp",
        "x87_decode.cpp",
        "x87_environment.cpp",
        "x87_events.cpp",
        "x87_host.cpp",
        "x87_instruction.cpp",
        "x87_quick.cpp"
      ],
      "include_dirs": [
        "<(include)",
        "<!(node -p \"require('node-addon-api').include_dir\")"
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "cflags!": ["-O3"],
      "cflags_cc!": ["-O3", "-fno-exceptions", "-std=gnu++17"],
      "cflags_cc": ["-O2", "-std=c++17", "-fexceptions", "-Wall", "-Wextra", "-Wno-cast-function-type", "-fvisibility=hidden", "-ftls-model=initial-exec"],
      "libraries": ["-L<(lib)", "-lunicorn", "-ldl"],
      "ldflags": ["-Wl,-rpath,<(lib)"]
    }
  ]
}
