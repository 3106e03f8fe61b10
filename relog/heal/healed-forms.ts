/** Counts instructions whose effect the relog states, by form. */
import { formText } from '../exceptions-of-the-machine.js';
import type { HealedForm } from '../api.js';

export class HealedForms {
  private readonly counts = new Map<string, { code: Uint8Array; bits: 16 | 32; count: number }>();

  add(code: Uint8Array, bits: 16 | 32): void {
    const key = `${bits}:${Buffer.from(code.buffer, code.byteOffset, code.length).toString('hex')}`;
    const known = this.counts.get(key);
    if (known !== undefined) known.count++;
    else this.counts.set(key, { code, bits, count: 1 });
  }

  /** Often first. */
  list(): HealedForm[] {
    const forms = new Map<string, number>();
    for (const { code, bits, count } of this.counts.values()) {
      const form = formText(code, bits);
      forms.set(form, (forms.get(form) ?? 0) + count);
    }
    return [...forms]
      .map(([instruction, count]) => ({ instruction, count }))
      .sort((a, b) => b.count - a.count || (a.instruction < b.instruction ? -1 : 1));
  }
}
