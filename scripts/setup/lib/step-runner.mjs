/**
 * A step says whether it is done already and how to do it. `run` gets a function for lines about what takes long.
 *
 * @typedef {{ isDone: () => Promise<boolean>, run: (report: (line: string) => void) => Promise<void> }} Step
 */
export class StepRunner {
  #quiet;
  #started = performance.now();

  /** @param {boolean} quiet no lines for steps that were done already */
  constructor(quiet) {
    this.#quiet = quiet;
  }

  /**
   * @param {string} name
   * @param {Step} step
   */
  async run(name, step) {
    const started = performance.now();
    const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    if (await step.isDone()) {
      if (!this.#quiet) console.log(`${name.padEnd(20)} was done  ${seconds()}`);
      return;
    }
    if (process.stdout.isTTY) process.stdout.write(`${name.padEnd(20)} ...\r`);
    await step.run((line) => console.log(`  ${line}`.padEnd(24)));
    console.log(`${name.padEnd(20)} done      ${seconds()}`);
  }

  summary() {
    if (!this.#quiet) console.log(`ready in ${((performance.now() - this.#started) / 1000).toFixed(1)} s`);
  }
}
