/**
 * Decides, while a relog is simulated, which forms of instructions the simulator runs otherwise than the machine, and gets
 * the effects of all instructions of such forms.
 */
import { compareState, type Simulator } from '../../engines/unicorn/index.js';
import { PAGE_BYTES } from '../../formats/pages.js';
import { encodeEffect, type Effect, type RelogHeader } from '../../formats/relog.js';
import type { CpuState } from '../../formats/state.js';
import type { Answer, Oracle } from './oracle.js';

/** An effect, and how many events of the relog are before it. */
export interface PlacedEffect extends Effect {
  position: number;
  events: number;
  bits: 16 | 32;
}

/** Of a form that was never found wrong, so many instructions are tried. */
const TRIES = 4;
/** Code is translated anew for forms found fine, at most this often. */
const FORGET_EVERY = 2_000_000n;

const BIG = 0x4000;
const CODE_SEGMENT = 1;

function bitsOf({ segments }: CpuState): 16 | 32 {
  return (segments[CODE_SEGMENT]!.attributes & BIG) !== 0 ? 32 : 16;
}

export class Judge {
  effects: PlacedEffect[] = [];
  private forgotten = 0n;
  private found = false;

  constructor(
    private readonly oracle: Oracle,
    /** Forms by verdict: how often they were tried, or wrong. Kept from one simulation to the next. */
    private readonly forms: Map<bigint, number | 'wrong'>,
    private readonly simulator: Simulator,
    private readonly header: RelogHeader,
  ) {
    simulator.lookAtForms(true);
    for (const [form, known] of forms) {
      if (known === 'wrong') simulator.judgeForm(form, 'wrong');
      else if (known >= TRIES) simulator.judgeForm(form, 'fine');
    }
  }

  /** An instruction of this form is about to run: runs it, or what the machine made of it, unless it is as well to go on. */
  look(form: bigint): void {
    const { simulator } = this;
    const known = this.forms.get(form) ?? 0;
    if (this.isInterrupted()) return;
    const answer = this.oracle.ask(simulator);
    if (known === 'wrong') {
      if (answer !== null) this.heal(answer);
      return;
    }
    this.forms.set(form, known + 1);
    if (answer !== null && !this.agrees(answer)) {
      this.forms.set(form, 'wrong');
      simulator.judgeForm(form, 'wrong');
      simulator.formsChanged();
      return;
    }
    if (known + 1 < TRIES) return;
    simulator.judgeForm(form, 'fine');
    this.found = true;
    if (simulator.position - this.forgotten > FORGET_EVERY) this.forget();
  }

  /** Forms found fine cost nothing from now on. */
  forget(): void {
    if (!this.found) return;
    this.found = false;
    this.forgotten = this.simulator.position;
    this.simulator.formsChanged();
  }

  /** A string instruction that does not run to its end now. */
  private isInterrupted(): boolean {
    const [next] = this.simulator.situation().after;
    return next !== undefined && next.startsWith(`${this.simulator.position} `) && / rep=/.test(next);
  }

  /** Runs the instruction and compares; where it is wrong, makes it right. */
  private agrees(answer: Answer): boolean {
    const { simulator } = this;
    const { position } = simulator;
    const events = simulator.counts.events;
    const stop = simulator.run(1);
    if (stop.reason !== 'diverged') {
      if (stop.reason !== 'limit' || simulator.position !== position + 1n) return true;
      const { differences } = compareState(answer.after, simulator.readState(), this.header);
      const same = [...answer.pages].every(
        ([number, bytes]) => Buffer.compare(simulator.readPage(number)!, bytes) === 0,
      );
      if (differences.length === 0 && same) return true;
    }
    this.place(answer, Number(position), events);
    this.apply(answer, position);
    return false;
  }

  private heal(answer: Answer): void {
    const { position } = this.simulator;
    this.place(answer, Number(position), this.simulator.counts.events);
    this.apply(answer, position);
  }

  private place({ code, before, after, writes }: Answer, position: number, events: number): void {
    this.effects.push({ ...encodeEffect(code, before, after, writes), position, events, bits: bitsOf(before) });
  }

  private apply({ after, pages }: Answer, position: bigint): void {
    const data = new Uint8Array(pages.size * PAGE_BYTES);
    [...pages.values()].forEach((bytes, i) => data.set(bytes, i * PAGE_BYTES));
    if (pages.size > 0) this.simulator.writePages(Uint32Array.from(pages.keys()), data);
    this.simulator.loadState(after, position + 1n);
  }
}
