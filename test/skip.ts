/**
 * Skips the running test (or the suite, from a `before` hook) and says why; the reporter prints the reason.
 * Where CONCLAVE_NO_SKIP is 1, what cannot be tested is a failure instead.
 */
export function skip(context: Mocha.Context, reason: string): never {
  if (process.env.CONCLAVE_NO_SKIP === '1') throw new Error(`Not to be skipped here: ${reason}`);
  return cannotRunHere(context, reason);
}

/** Skips even where nothing may be skipped: for what no setting up of this machine can make run, and nothing else. */
export function cannotRunHere(context: Mocha.Context, reason: string): never {
  Object.assign(context.runnable(), { skipReason: reason });
  return context.skip();
}
