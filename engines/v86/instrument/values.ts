/** Hooks where vectors are delivered, and where values come to the CPU that it does not compute. */
import binaryen from 'binaryen';
import { IOAPIC_ADDRESS, LAYOUT, LOCAL_APIC_ADDRESS } from '../layout.js';
import { load, type Expr, type Wrapper } from './wrapper.js';

const { i32, i64, none } = binaryen;
type Module = binaryen.Module;

export function wrapVectors(wrapper: Wrapper): void {
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

export function wrapValues(wrapper: Wrapper): void {
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

/** Repairs look where an access would go before the engine goes there. */
export function wrapWalks(wrapper: Wrapper): void {
  const EFFECTS = 4;
  for (const name of wrapper.matching(/3cpu3cpu12do_page_walk(\$original)?$/)) {
    wrapper.wrap(name, 5, [i32], ({ m, arg, local, call, result }) => {
      const add = (amount: Expr): Expr => m.global.set('d_looking', m.i32.add(m.global.get('d_looking', i32), amount));
      const looks = (): Expr => m.i32.eqz(arg(EFFECTS));
      return m.block(
        null,
        [add(looks()), m.local.set(local, call()), add(m.i32.sub(m.i32.const(0), looks())), m.local.get(local, i32)],
        result,
      );
    });
  }
}

export function wrapFloatingPoint(wrapper: Wrapper): void {
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
