/**
 * A step says whether it is done already and how to do it. `run` gets a function for lines about what takes long.
 *
 * @typedef {{ isDone: () => Promise<boolean>, run: (report: (line: string) => void) => Promise<void> }} Step
 */
export class StepRunner {
  #quiet;
  #out;
  #started = performance.now();

  /** @param {boolean} quiet no lines for steps that were done already, and stdout left to what comes after the set-up */
  constructor(quiet) {
    this.#quiet = quiet;
    this.#out = quiet ? process.stderr : process.stdout;
  }

  /**
   * @param {string} name
   * @param {Step} step
   */
  async run(name, step) {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (await step.isDone()) {
      if (!this.#quiet) this.#say(`${name.padEnd(20)} was done  ${seconds()}`);
      return;
    }
    if (this.#out.isTTY) this.#out.write(`${name.padEnd(20)} ...\r`);
    await step.run((line) => this.#say(`  ${line}`.padEnd(24)));
    this.#say(`${name.padEnd(20)} done      ${seconds()}`);
  }

  summary() {
    if (!this.#quiet) this.#say(`ready in ${((performance.now() - this.#started) / 1000).toFixed(1)} s`);
  }

  /** @param {string} line */
  #say(line) {
    this.#out.write(`${line}\n`);
  }
}
