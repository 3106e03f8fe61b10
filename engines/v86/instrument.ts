/**
 * Adds exact instruction counting and event hooks to v86.wasm, by wrapping functions by the names in its name section.
 * Nothing is changed inside a function; the un-instrumented module serves for recording and plain replay.
 *
 * Counting (see instruction-count.ts): `d_count` is the number of instructions begun. Each outermost call of the
 * interpreter is one; `sti` runs its successor inside itself and tells so in the engine's own counter; a JIT module
 * adds to that counter when it is left. REP string instructions run in chunks and are begun again for each: the wrapper
 * takes back what is not finished.
 *
 * An engine made for stepping has one hook more, before every instruction of the interpreter: what it costs is paid by
 * whoever asks for it.
 */
import binaryen from 'binaryen';
import { IOAPIC_ADDRESS, LAYOUT, LOCAL_APIC_ADDRESS } from './layout.js';

const { i32, i64, none } = binaryen;
type Module = binaryen.Module;
type Expr = binaryen.ExpressionRef;

/** Hooks that the instrumented module imports from `env`. */
export const HOOKS = {
  /** (vector, software, hasError, error), before delivery */
  d_vector: [i32, i32, i32, i32],
  /** after delivery, or after what came of it */
  d_delivered: [],
  /** (port, value) */
  d_in8: [i32, i32],
  /** (address, value) of a 32-bit register of the local APIC or the IOAPIC */
  d_apic: [i32, i32],
  /** (value) */
  d_tsc: [i64],
  /** (index) after; the value is in EDX:EAX */
  d_msr: [i32],
  /** (leaf, subleaf) after; the results are in the registers */
  d_cpuid: [i32, i32],
  /** (eflags) */
  d_flags: [i32],
  /** (opcode) after */
  d_x87: [i32],
  /** (kind: 0 FSTENV/FSAVE, 1 FXSAVE) before: this is what will be stored */
  d_environment: [i32],
  /** after: it was stored */
  d_stored: [],
  /** after FNSTSW */
  d_status: [],
  /** after an instruction that begins with DD or DF, in the interpreter */
  d_interpreted: [],
  /** (table index, pointer to the basic blocks) before a module is generated */
  d_blocks: [i32, i32],
  /** (serial) a JIT module was left in a way that needs a look */
  d_left: [i32],
} as const;

const GLOBALS: [string, binaryen.Type][] = [
  ['d_count', i64],
  ['d_depth', i32],
  ['d_base', i32],
  ['d_in_jit', i32],
  ['d_look', i32],
  ['d_vectors', i32],
  ['d_acknowledged', i32],
  ['d_quiet', i32],
  ['d_rep_count', i64],
  ['d_rep_eip', i32],
  ['d_rep_fresh', i32],
];

/** Imported by an engine made for stepping: before an instruction begins, while the global `d_stepping` is not 0. */
const STEP_HOOK = 'd_step';
const STEPPING = 'd_stepping';
/** The outermost instruction is STI, which runs the next one inside itself. */
const IN_STI = 'd_in_sti';

const STI = 0xfb;

/** @throws Error when a function is missing or has another signature than expected: another build of v86 */
export function instrument(wasm: Uint8Array, { stepping = false } = {}): Uint8Array {
  const module = binaryen.readBinary(wasm);
  try {
    const names = functionNames(module);
    for (const [name, type] of GLOBALS) {
      module.addGlobal(name, type, true, type === i64 ? module.i64.const(0n) : module.i32.const(0));
      module.addGlobalExport(name, name);
    }
    for (const [name, params] of Object.entries(HOOKS)) {
      module.addFunctionImport(name, 'env', name, binaryen.createType([...params]), none);
    }
    if (stepping) {
      module.addGlobal(STEPPING, i32, true, module.i32.const(0));
      module.addGlobalExport(STEPPING, STEPPING);
      module.addGlobal(IN_STI, i32, true, module.i32.const(0));
      module.addFunctionImport(STEP_HOOK, 'env', STEP_HOOK, none, none);
    }
    const wrapper = new Wrapper(module, names);
    wrapInterpreter(wrapper, stepping);
    wrapStrings(wrapper);
    wrapVectors(wrapper);
    wrapValues(wrapper);
    wrapFloatingPoint(wrapper);
    wrapper.before(/3jit19jit_generate_module$/, 7, (m, arg) => m.call('d_blocks', [arg(5), arg(2)], none));
    addJitBoundary(module);
    if (!module.validate()) throw new Error('the instrumented module is not valid');
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function functionNames(module: Module): string[] {
  const names: string[] = [];
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.module === '') names.push(info.name);
  }
  return names;
}

type Arg = (i: number) => Expr;
interface Parts {
  m: Module;
  arg: Arg;
  /** Index of the first local that `locals` adds. */
  local: number;
  /** Calls the wrapped function with its own arguments. */
  call: () => Expr;
  result: binaryen.Type;
}

class Wrapper {
  constructor(
    readonly module: Module,
    private readonly names: string[],
  ) {}

  matching(pattern: RegExp): string[] {
    return this.names.filter((name) => pattern.test(name));
  }

  /** Wraps the one function that matches. `params` is its number of parameters, checked. */
  wrap(pattern: RegExp | string, params: number, locals: binaryen.Type[], body: (parts: Parts) => Expr): void {
    const found = typeof pattern === 'string' ? this.names.filter((name) => name === pattern) : this.matching(pattern);
    const name = found[0];
    if (name === undefined || found.length > 1)
      throw new Error(`${found.length} functions of v86.wasm match ${String(pattern)}`);
    const m = this.module;
    const info = binaryen.getFunctionInfo(m.getFunction(name));
    const types = binaryen.expandType(info.params);
    if (types.length !== params) throw new Error(`${name} has ${types.length} parameters, not ${params}`);
    const inner = `${name}$inner`;
    m.addFunction(inner, info.params, info.results, info.vars, m.copyExpression(info.body));
    m.removeFunction(name);
    const arg: Arg = (i) => m.local.get(i, types[i]!);
    const call = (): Expr =>
      m.call(
        inner,
        types.map((_, i) => arg(i)),
        info.results,
      );
    const expression = body({ m, arg, local: params, call, result: info.results });
    m.addFunction(name, info.params, info.results, locals, expression);
  }

  before(pattern: RegExp | string, params: number, hook: (m: Module, arg: Arg) => Expr): void {
    this.wrap(pattern, params, [], ({ m, arg, call, result }) => m.block(null, [hook(m, arg), call()], result));
  }

  /** Runs `hook` after the function, unless a vector was delivered meanwhile: then the instruction did not complete. */
  after(pattern: RegExp | string, params: number, hook: (m: Module, arg: Arg) => Expr): void {
    this.around(pattern, params, (m) => m.nop(), hook);
  }

  around(
    pattern: RegExp | string,
    params: number,
    first: (m: Module) => Expr,
    then: (m: Module, arg: Arg) => Expr,
  ): void {
    this.wrap(pattern, params, [i32], ({ m, arg, local, call }) =>
      m.block(null, [
        first(m),
        m.local.set(local, m.global.get('d_vectors', i32)),
        call(),
        m.if(m.i32.eq(m.local.get(local, i32), m.global.get('d_vectors', i32)), then(m, arg)),
      ]),
    );
  }
}

const load = (m: Module, address: number): Expr => m.i32.load(0, 4, m.i32.const(address));
const addCount = (m: Module, amount: Expr): Expr =>
  m.global.set('d_count', m.i64.add(m.global.get('d_count', i64), amount));

/**
 * d_count += engine counter - d_base; d_base = engine counter. Only now is the position of a string instruction known
 * that was left half done.
 */
const takeEngineCounter = (m: Module): Expr =>
  m.block(null, [
    addCount(m, m.i64.extend_u(m.i32.sub(load(m, LAYOUT.instructionCounter), m.global.get('d_base', i32)))),
    m.global.set('d_base', load(m, LAYOUT.instructionCounter)),
    m.if(
      m.global.get('d_rep_fresh', i32),
      m.block(null, [
        m.global.set('d_rep_fresh', m.i32.const(0)),
        m.global.set('d_rep_count', m.global.get('d_count', i64)),
      ]),
    ),
  ]);

function wrapInterpreter(wrapper: Wrapper, stepping: boolean): void {
  wrapper.wrap(/3gen11interpreter3run$/, 1, [i32], ({ m, arg, local, call }) => {
    const opcode = (value: number): Expr => m.i32.eq(m.i32.and(arg(0), m.i32.const(0xff)), m.i32.const(value));
    const completed = (): Expr => m.i32.eq(m.local.get(local, i32), m.global.get('d_vectors', i32));
    const depth = (): Expr => m.global.get('d_depth', i32);
    const step = (): Expr => m.if(m.global.get(STEPPING, i32), m.call(STEP_HOOK, [], none));
    const begin = m.block(null, [
      stepping ? m.block(null, [m.global.set(IN_STI, opcode(STI)), step()]) : m.nop(),
      addCount(m, m.i64.const(1n)),
      m.global.set('d_base', load(m, LAYOUT.instructionCounter)),
    ]);
    const within = (): Expr =>
      m.if(m.global.get(IN_STI, i32), m.block(null, [m.global.set(IN_STI, m.i32.const(0)), step()]));
    return m.block(null, [
      m.if(m.i32.eqz(depth()), begin, stepping ? within() : m.nop()),
      m.global.set('d_depth', m.i32.add(depth(), m.i32.const(1))),
      m.local.set(local, m.global.get('d_vectors', i32)),
      call(),
      // FNSTSW is inlined here; which of these instructions it was is seen from the code.
      m.if(m.i32.and(m.i32.or(opcode(0xdd), opcode(0xdf)), completed()), m.call('d_interpreted', [], none)),
      m.global.set('d_depth', m.i32.sub(depth(), m.i32.const(1))),
      m.if(m.i32.eqz(depth()), takeEngineCounter(m)),
    ]);
  });
}

/** A string instruction that stands where it began has more to do and will be begun again. */
function wrapStrings(wrapper: Wrapper): void {
  const names = wrapper.matching(/^(movs|stos|lods|scas|cmps|ins|outs)[bwd]_rep(n?z)?$/);
  if (names.length !== 27) throw new Error(`v86.wasm has ${names.length} REP string functions, not 27`);
  for (const name of names) {
    wrapper.wrap(name, /^(movs|lods|cmps|outs)/.test(name) ? 2 : 1, [i32], ({ m, local, call }) =>
      m.block(null, [
        m.local.set(local, m.global.get('d_vectors', i32)),
        call(),
        m.if(
          m.i32.and(
            m.i32.eq(load(m, LAYOUT.eip), load(m, LAYOUT.previousEip)),
            m.i32.eq(m.local.get(local, i32), m.global.get('d_vectors', i32)),
          ),
          m.block(null, [
            addCount(m, m.i64.const(-1n)),
            m.global.set('d_rep_fresh', m.i32.const(1)),
            m.global.set('d_rep_eip', load(m, LAYOUT.eip)),
          ]),
        ),
      ]),
    );
  }
}

function wrapVectors(wrapper: Wrapper): void {
  wrapper.wrap(/3cpu3cpu21call_interrupt_vector$/, 4, [], ({ m, arg, call }) =>
    m.block(null, [
      m.global.set('d_vectors', m.i32.add(m.global.get('d_vectors', i32), m.i32.const(1))),
      m.call('d_vector', [arg(0), arg(1), arg(2), arg(3)], none),
      m.global.set('d_quiet', m.i32.add(m.global.get('d_quiet', i32), m.i32.const(1))),
      call(),
      m.global.set('d_quiet', m.i32.sub(m.global.get('d_quiet', i32), m.i32.const(1))),
      m.call('d_delivered', [], none),
    ]),
  );
  // What follows an interrupt controller's answer is an interrupt, whatever its number. Both return Option<u8> in memory.
  for (const name of [/3cpu3pic19pic_acknowledge_irq$/, /3cpu4apic15acknowledge_irq$/]) {
    wrapper.wrap(name, 1, [], ({ m, arg, call }) =>
      m.block(null, [call(), m.global.set('d_acknowledged', m.i32.load8_u(0, 1, arg(0)))]),
    );
  }
  // The flags as an instruction reads them (PUSHF, LAHF); delivery and task switches read them too, quietly.
  wrapper.wrap('get_eflags', 0, [i32], ({ m, local, call, result }) =>
    m.block(
      null,
      [
        m.local.set(local, call()),
        m.if(m.i32.eqz(m.global.get('d_quiet', i32)), m.call('d_flags', [m.local.get(local, i32)], none)),
        m.local.get(local, i32),
      ],
      result,
    ),
  );
  wrapper.wrap(/3cpu3cpu14do_task_switch$/, 4, [], ({ m, call }) =>
    m.block(null, [
      m.global.set('d_quiet', m.i32.add(m.global.get('d_quiet', i32), m.i32.const(1))),
      call(),
      m.global.set('d_quiet', m.i32.sub(m.global.get('d_quiet', i32), m.i32.const(1))),
    ]),
  );
}

function wrapValues(wrapper: Wrapper): void {
  wrapper.wrap(/3cpu3cpu13io_port_read8$/, 1, [i32], ({ m, arg, local, call, result }) =>
    m.block(
      null,
      [m.local.set(local, call()), m.call('d_in8', [arg(0), m.local.get(local, i32)], none), m.local.get(local, i32)],
      result,
    ),
  );
  // The APICs are inside the engine; their registers are read whole whatever the size of the access.
  for (const [name, base] of [
    [/3cpu4apic6read32$/, LOCAL_APIC_ADDRESS],
    [/3cpu6ioapic6read32$/, IOAPIC_ADDRESS],
  ] as const) {
    wrapper.wrap(name, 1, [i32], ({ m, arg, local, call, result }) =>
      m.block(
        null,
        [
          m.local.set(local, call()),
          m.call('d_apic', [m.i32.add(arg(0), m.i32.const(base)), m.local.get(local, i32)], none),
          m.local.get(local, i32),
        ],
        result,
      ),
    );
  }
  // JIT modules call read_tsc; the interpreter has a copy of it inlined in the instruction.
  wrapper.wrap('read_tsc', 0, [i64], ({ m, local, call, result }) =>
    m.block(
      null,
      [m.local.set(local, call()), m.call('d_tsc', [m.local.get(local, i64)], none), m.local.get(local, i64)],
      result,
    ),
  );
  const edxEax = (m: Module): Expr =>
    m.i64.or(m.i64.extend_u(load(m, LAYOUT.gpr)), m.i64.shl(m.i64.extend_u(load(m, LAYOUT.gpr + 8)), m.i64.const(32n)));
  wrapper.after(/15instructions_0f10instr_0F31$/, 0, (m) => m.call('d_tsc', [edxEax(m)], none));
  wrapper.after('instr_0F32', 0, (m) => m.call('d_msr', [load(m, LAYOUT.gpr + 4)], none));
  wrapper.wrap('instr_0FA2', 0, [i32, i32], ({ m, local, call }) =>
    m.block(null, [
      m.local.set(local, load(m, LAYOUT.gpr)),
      m.local.set(local + 1, load(m, LAYOUT.gpr + 4)),
      call(),
      m.call('d_cpuid', [m.local.get(local, i32), m.local.get(local + 1, i32)], none),
    ]),
  );
}

function wrapFloatingPoint(wrapper: Wrapper): void {
  wrapper.after('instr16_D9_4_reg', 1, (m, arg) => m.call('d_x87', [m.i32.add(m.i32.const(0xd9e0), arg(0))], none));
  wrapper.after('instr16_D9_5_reg', 1, (m, arg) => m.call('d_x87', [m.i32.add(m.i32.const(0xd9e8), arg(0))], none));
  wrapper.after('instr16_D9_6_reg', 1, (m, arg) => m.call('d_x87', [m.i32.add(m.i32.const(0xd9f0), arg(0))], none));
  wrapper.after('instr16_D9_7_reg', 1, (m, arg) => m.call('d_x87', [m.i32.add(m.i32.const(0xd9f8), arg(0))], none));
  // JIT modules call these two for FNSTSW; the 32-bit form of the first is the same function.
  wrapper.after('instr16_DD_7_mem', 1, (m) => m.call('d_status', [], none));
  wrapper.wrap('fpu_load_status_word', 0, [], ({ m, call, result }) =>
    m.block(null, [m.call('d_status', [], none), call()], result),
  );
  for (const [name, kind] of [
    ['fpu_fstenv16', 0],
    ['fpu_fstenv32', 0],
    ['instr_0FAE_0_mem', 1],
  ] as const) {
    wrapper.around(
      name,
      1,
      (m) => m.call('d_environment', [m.i32.const(kind)], none),
      (m) => m.call('d_stored', [], none),
    );
  }
}

/** What the wrapper around a JIT module calls: see `jitWrapper`. */
function addJitBoundary(m: Module): void {
  m.addFunction(
    'd_enter',
    none,
    none,
    [],
    m.block(null, [
      m.global.set('d_base', load(m, LAYOUT.instructionCounter)),
      m.global.set('d_in_jit', m.i32.const(1)),
    ]),
  );
  m.addFunction(
    'd_leave',
    binaryen.createType([i32]),
    none,
    [],
    m.block(null, [
      takeEngineCounter(m),
      m.if(
        m.global.get('d_look', i32),
        m.block(null, [m.global.set('d_look', m.i32.const(0)), m.call('d_left', [m.local.get(0, i32)], none)]),
      ),
      m.global.set('d_in_jit', m.i32.const(0)),
    ]),
  );
  m.addFunctionExport('d_enter', 'd_enter');
  m.addFunctionExport('d_leave', 'd_leave');
}

/** A module `w(state)` that enters, calls `f(state)`, and leaves with the number in its global `serial`. */
export function jitWrapper(): Uint8Array {
  const m = new binaryen.Module();
  m.addFunctionImport('f', 'e', 'f', i32, none);
  m.addFunctionImport('enter', 'e', 'enter', none, none);
  m.addFunctionImport('leave', 'e', 'leave', i32, none);
  m.addGlobalImport('serial', 'e', 'serial', i32);
  m.addFunction(
    'w',
    i32,
    none,
    [],
    m.block(null, [
      m.call('enter', [], none),
      m.call('f', [m.local.get(0, i32)], none),
      m.call('leave', [m.global.get('serial', i32)], none),
    ]),
  );
  m.addFunctionExport('w', 'w');
  const bytes = m.emitBinary();
  m.dispose();
  return bytes;
}
