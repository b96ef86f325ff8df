/**
 * Skips the running test (or the suite, from a `before` hook) and says why; the reporter prints the reason.
 * Where CONCLAVE_NO_SKIP is 1, what cannot be tested is a failure instead.
 */
export function skip(context: Mocha.Context, reason: string): never {
  if (process.env.CONCLAVE_NO_SKIP === '1') throw new Error(`Not to be skipped here: ${reason}`);
  Object.assign(context.runnable(), { skipReason: reason });
  return context.skip();
}
