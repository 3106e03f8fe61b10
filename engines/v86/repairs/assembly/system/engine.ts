/** Functions of v86 that repairs call. Those that return a number return 0 where all went well. */

// @ts-ignore: decorator
@external('v86', 'cpu::trigger_ud') export declare function undefinedOpcode(): void;
// @ts-ignore: decorator
@external('v86', 'cpu::trigger_gp') export declare function generalProtection(code: i32): void;
/** (vector, whether INT n, whether with an error code, error code) */
// @ts-ignore: decorator
@external('v86', 'cpu::call_interrupt_vector')
export declare function interrupt(vector: i32, software: i32, hasError: i32, error: i32): void;
/** A page's entry with flags in its lower 12 bits; 0 where it faulted: with `effects`, the page fault is delivered. */
// @ts-ignore: decorator
@external('v86', 'cpu::do_page_walk')
export declare function walk(address: i32, write: i32, user: i32, jit: i32, effects: i32): i32;
/** (where the result goes: a byte that is not 0 where it faulted, then the value at 4 or, of 16 bits, at 2; address) */
// @ts-ignore: decorator
@external('v86', 'cpu::safe_write16') export declare function write16(address: i32, value: i32): i32;
// @ts-ignore: decorator
@external('v86', 'cpu::safe_write32') export declare function write32(address: i32, value: i32): i32;
// @ts-ignore: decorator
@external('v86', 'cpu::safe_write8') export declare function write8(address: i32, value: i32): i32;
/** By guest physical address, whatever is there. */
// @ts-ignore: decorator
@external('v86', 'read8') export declare function physical8(address: i32): i32;
// @ts-ignore: decorator
@external('v86', 'read16') export declare function physical16(address: i32): i32;
// @ts-ignore: decorator
@external('v86', 'read32s') export declare function physical32(address: i32): i32;
// @ts-ignore: decorator
@external('v86', 'cpu::switch_seg') export declare function loadSegment(segment: i32, selector: i32): i32;
// @ts-ignore: decorator
@external('v86', 'update_eflags') export declare function updateFlags(value: i32): void;
// @ts-ignore: decorator
@external('v86', 'get_eflags') export declare function allFlags(): i32;
// @ts-ignore: decorator
@external('v86', 'update_state_flags') export declare function updateState(): void;
// @ts-ignore: decorator
@external('v86', 'handle_irqs') export declare function handleIrqs(): void;
// @ts-ignore: decorator
@external('v86', 'clear_tlb') export declare function clearTlb(): void;
// @ts-ignore: decorator
@external('v86', 'full_clear_tlb') export declare function clearWholeTlb(): void;
// @ts-ignore: decorator
@external('v86', 'cpu::load_pdpte') export declare function loadPdptes(cr3: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::interpreter::run') export declare function run(opcode: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::interpreter0f::run') export declare function run0f(opcode: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::analyzer::analyzer')
export declare function analyze(opcode: i32, cpu: i32, analysis: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::analyzer0f::analyzer')
export declare function analyze0f(opcode: i32, cpu: i32, analysis: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::jit::jit') export declare function generate(opcode: i32, context: i32, flags: i32): void;
// @ts-ignore: decorator
@external('v86', 'gen::jit0f::jit') export declare function generate0f(opcode: i32, context: i32, flags: i32): void;
