import type { Decoder } from 'iced-x86';
import { iced } from '../formats/iced.js';

/** The processor has no TZCNT and no LZCNT: it runs BSF and BSR in their place. */
export function newDecoder(bits: 16 | 32, code: Uint8Array): Decoder {
  const { Decoder, DecoderOptions } = iced();
  return new Decoder(bits, code, DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD);
}

/**
 * One instruction in NASM's syntax, with its address; what is none, as its bytes.
 * @param code at least the instruction's bytes; fewer give null
 */
export function disassemble(code: Uint8Array, address: number, bits: 16 | 32): string | null {
  if (code.length === 0) return null;
  const { Code, DecoderError, Formatter, FormatterSyntax } = iced();
  const decoder = newDecoder(bits, code);
  decoder.ip = BigInt(address >>> 0);
  const instruction = decoder.decode();
  const formatter = new Formatter(FormatterSyntax.Nasm);
  try {
    const at = (address >>> 0).toString(16).padStart(8, '0');
    if (instruction.code !== Code.INVALID) return `${at}: ${formatter.format(instruction)}`;
    if (decoder.lastError === DecoderError.NoMoreBytes) return null;
    return `${at}: (bad) ${Buffer.from(code.subarray(0, instruction.length)).toString('hex')}`;
  } finally {
    instruction.free();
    formatter.free();
    decoder.free();
  }
}
