/** What a guest writes to ports, as text: bytes where a port is known for text, else a line for each write. */

/** Of Bochs and QEMU, and of SeaBIOS: what is written there is text. */
const TEXT_PORTS = [0xe9, 0x402];

/** @param bytes the size of the access */
export function portLine(port: number, value: number, bytes: number): Uint8Array {
  if (TEXT_PORTS.includes(port) && bytes === 1) return Uint8Array.of(value & 0xff);
  const digits = (value % 2 ** (8 * bytes)).toString(16).padStart(2 * bytes, '0');
  return Buffer.from(`port ${port.toString(16)}: ${digits}\n`);
}
