/** Raised when our own code breaks a rule of its own. Never for bad input: that gets a `StrandlineError`. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AssertionError(rule);
}

/** The end of an exhaustive `switch`: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
