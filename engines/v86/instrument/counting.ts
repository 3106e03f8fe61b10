/**
 * Exact counting of instructions. `d_count` is the number of instructions begun. Each outermost call of the
 * interpreter is one; `sti` runs its successor inside itself and tells so in the engine's own counter; a JIT module
 * adds to that counter when it is left. REP string instructions run in chunks and are begun again for each: the wrapper
 * takes back what is not finished.
 */
import binaryen from 'binaryen';
import { LAYOUT } from '../layout.js';
import { IN_STI, STEP_HOOK, STEPPING, STORES_STATUS } from './hooks.js';
import { load, type Expr, type Wrapper } from './wrapper.js';

const { i32, i64, none } = binaryen;
type Module = binaryen.Module;

const STI = 0xfb;
const ECX = 1;
const EDI = 7;
const NEAR = 64;

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

export function wrapInterpreter(wrapper: Wrapper, stepping: boolean): void {
  wrapper.wrap(/3gen11interpreter3run$/, 1, [i32, i32], ({ m, arg, local, call }) => {
    const opcode = (value: number): Expr => m.i32.eq(m.i32.and(arg(0), m.i32.const(0xff)), m.i32.const(value));
    const completed = (): Expr => m.i32.eq(m.local.get(local, i32), m.global.get('d_vectors', i32));
    const storesStatus = local + 1;
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
      // FNSTSW is inlined here. Which of these instructions it is is seen from the code, which it may store to.
      m.if(m.i32.or(opcode(0xdd), opcode(0xdf)), m.local.set(storesStatus, m.call(STORES_STATUS, [], i32))),
      call(),
      m.if(m.i32.and(m.local.get(storesStatus, i32), completed()), m.call('d_status', [], none)),
      m.global.set('d_depth', m.i32.sub(depth(), m.i32.const(1))),
      m.if(m.i32.eqz(depth()), takeEngineCounter(m)),
    ]);
  });
}

/**
 * What a string instruction stores to next is less than 64 bytes from it (no instruction and element are longer), or would be were
 * its page the instruction's: it may be the same memory.
 */
function nearItself(m: Module): Expr {
  const target = m.i32.add(load(m, LAYOUT.segmentBase), load(m, LAYOUT.gpr + 4 * EDI));
  const distance = m.i32.add(m.i32.sub(target, load(m, LAYOUT.eip)), m.i32.const(NEAR));
  return m.i32.lt_u(m.i32.and(distance, m.i32.const(0xfff)), m.i32.const(2 * NEAR));
}

/** As many bits of a value as addresses have. */
function addressed(m: Module, value: Expr, address32: Expr): Expr {
  return m.i32.and(value, m.select(address32, m.i32.const(-1), m.i32.const(0xffff)));
}

/** A string instruction that stands where it began has more to do and will be begun again. */
export function wrapStrings(wrapper: Wrapper): void {
  const names = wrapper.matching(/^(movs|stos|lods|scas|cmps|ins|outs)[bwd]_rep(n?z)?$/);
  if (names.length !== 27) throw new Error(`v86.wasm has ${names.length} REP string functions, not 27`);
  for (const name of names) {
    wrapper.wrap(name, /^(movs|lods|cmps|outs)/.test(name) ? 2 : 1, [i32], ({ m, arg, local, call }) =>
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
            m.global.set('d_rep_left', addressed(m, load(m, LAYOUT.gpr + 4 * ECX), arg(0))),
            /^(movs|stos|ins)/.test(name) ? m.if(nearItself(m), m.call('d_rewritten', [], none)) : m.nop(),
          ]),
        ),
      ]),
    );
  }
}

/** What the wrapper around a JIT module calls: see `jitWrapper`. */
export function addJitBoundary(m: Module): void {
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
