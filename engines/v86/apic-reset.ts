/**
 * v86's reset forgets the local APIC and the IOAPIC: they would go on interrupting a processor in real mode, and a guest
 * that uses them could not boot again. Here a reset makes them what they were at power-on (SDM vol. 3A, 10.4.7.1).
 */
import type { EngineExports } from './seam.js';

/** Bytes of the engine's structures, as its own snapshots take them. */
const APIC_BYTES = 4 * 46;
const IOAPIC_BYTES = 4 * 52;

export class ApicReset {
  private readonly parts: { address: number; atPowerOn: Uint8Array }[];

  /** @param exports of an engine that nothing has used yet */
  constructor(private readonly exports: EngineExports) {
    const part = (get: string, bytes: number): ApicReset['parts'][number] => {
      const address = (exports[get] as () => number)();
      return { address, atPowerOn: new Uint8Array(exports.memory.buffer, address, bytes).slice() };
    };
    this.parts = [part('get_apic_addr', APIC_BYTES), part('get_ioapic_addr', IOAPIC_BYTES)];
  }

  reset(): void {
    for (const { address, atPowerOn } of this.parts) new Uint8Array(this.exports.memory.buffer).set(atPowerOn, address);
  }
}
