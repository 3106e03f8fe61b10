/** iced-x86, loaded when a first instruction is decoded: that takes a fifth of a second, and most runs decode none. */
import { createRequire } from 'node:module';
import type Iced from 'iced-x86';

let loaded: typeof Iced | null = null;

export function iced(): typeof Iced {
  loaded ??= createRequire(import.meta.url)('iced-x86') as typeof Iced;
  return loaded;
}
