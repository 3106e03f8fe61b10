import iced from 'iced-x86';

/** The processor has no TZCNT and no LZCNT: it runs BSF and BSR in their place. */
export const DECODER_OPTIONS = iced.DecoderOptions.NoMPFX_0FBC | iced.DecoderOptions.NoMPFX_0FBD;

/**
 * One instruction in NASM's syntax, with its address; what is none, as its bytes.
 * @param code at least the instruction's bytes; fewer give null
 */
export function disassemble(code: Uint8Array, address: number, bits: 16 | 32): string | null {
  if (code.length === 0) return null;
  const decoder = new iced.Decoder(bits, code, DECODER_OPTIONS);
  decoder.ip = BigInt(address >>> 0);
  const instruction = decoder.decode();
  const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm);
  try {
    const at = (address >>> 0).toString(16).padStart(8, '0');
    if (instruction.code !== iced.Code.INVALID) return `${at}: ${formatter.format(instruction)}`;
    if (decoder.lastError === iced.DecoderError.NoMoreBytes) return null;
    return `${at}: (bad) ${Buffer.from(code.subarray(0, instruction.length)).toString('hex')}`;
  } finally {
    instruction.free();
    formatter.free();
    decoder.free();
  }
}
