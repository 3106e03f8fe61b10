/** A piece of what came from outside, which is replaced as a whole or kept as a whole. */
export interface Payload {
  kind: 'line' | 'tcp' | 'udp';
  /** How it got to the CPU: a serial port, `dma`, or a port of a network card. */
  source: string;
  /** Of a packet, address and port that it came from. */
  peer: string | null;
  /** Where it began to arrive. */
  position: number;
  /** Bytes. */
  length: number;
  /** Numbers of its first and last event in the relog, from 0. Not all between need be its own. */
  first: number;
  last: number;
  /** Its first bytes as they came, for finding them elsewhere; null when it is too short. */
  sample: Uint8Array | null;
  /**
   * Puts the filler into one of its events.
   * @param event number of any event that is a port read or a DMA
   * @param data what the event gives to the CPU; changed in place
   * @param replaced all payloads that are replaced and have begun to arrive
   * @returns false when it is not one of its events
   */
  fill(event: number, data: Uint8Array, replaced: readonly Payload[]): boolean;
}

/** In the order in which they begin to arrive. */
export function byArrival(a: Payload, b: Payload): number {
  return a.first - b.first || a.last - b.last;
}
