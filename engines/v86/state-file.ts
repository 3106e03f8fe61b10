/** v86's saved states, as far as a device's own part is to be read from outside: header, JSON, buffers. */

const MAGIC = 0x86768676 | 0;
const HEADER_BYTES = 16;
/** Number in the state of the CPU. */
const PACKED_RAM = 77;

type Plain = number | boolean | string | null | Uint8Array | Int32Array | Plain[];

interface StateInfo {
  /** Places of buffers, from `buffersAt` on. */
  buffers: { offset: number; length: number }[];
  buffersAt: number;
  state: unknown[];
}

/** @throws Error when the file is not as this version of the engine writes it */
function stateInfo(file: Uint8Array): StateInfo {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getInt32(0, true) !== MAGIC) throw new Error('not a state of v86');
  const infoBytes = view.getInt32(12, true);
  const info = JSON.parse(new TextDecoder().decode(file.subarray(HEADER_BYTES, HEADER_BYTES + infoBytes))) as {
    buffer_infos: { offset: number; length: number }[];
    state: unknown[];
  };
  return { buffers: info.buffer_infos, buffersAt: (HEADER_BYTES + infoBytes + 3) & ~3, state: info.state };
}

/**
 * Where pages of RAM begin in a state: the pages of guest RAM that are not all zeros lie there one after another.
 * @throws Error when the file is not as this version of the engine writes it
 */
export function ramOffset(file: Uint8Array): number {
  const { buffers, buffersAt, state } = stateInfo(file);
  const place = buffers[(state[PACKED_RAM] as { buffer_id?: number } | undefined)?.buffer_id ?? -1];
  if (place === undefined) throw new Error('the state has no RAM');
  return buffersAt + place.offset;
}

/**
 * The state of one device, as its `get_state` lists it.
 * @param index of the device in the state of the CPU
 * @throws Error when the file is not as this version of the engine writes it
 */
export function deviceState(file: Uint8Array, index: number): Plain[] {
  const { buffers, buffersAt, state } = stateInfo(file);
  const plain = (value: unknown): Plain => {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== 'object' || value === null) return value as Plain;
    const { __state_type__: type, buffer_id: id } = value as { __state_type__: string; buffer_id?: number };
    const place = id === undefined ? undefined : buffers[id];
    if (place === undefined) return null;
    const start = buffersAt + place.offset;
    const bytes = file.slice(start, start + place.length);
    return type === 'Int32Array' ? new Int32Array(bytes.buffer) : bytes;
  };
  const device = state[index];
  if (!Array.isArray(device)) throw new Error(`the state has no device ${index}`);
  return device.map(plain);
}
