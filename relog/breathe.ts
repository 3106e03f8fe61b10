/**
 * Lets the process breathe between two stretches of work: signals and messages come in.
 * @throws what the signal was aborted with
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
