/** Wraps functions of the engine by their names. */
import binaryen from 'binaryen';

const { i32 } = binaryen;
type Module = binaryen.Module;
export type Expr = binaryen.ExpressionRef;

export const load = (m: Module, address: number): Expr => m.i32.load(0, 4, m.i32.const(address));

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

export class Wrapper {
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
