/** A set-up that cannot go on: a sentence saying what is wrong and one saying what to do. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} advice
   * @param {unknown} [cause]
   */
  constructor(message, advice, cause) {
    super(message, { cause });
    this.advice = advice;
  }
}
