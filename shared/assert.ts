/** Raised when our own code breaks a rule of its own. Never for bad input: that gets a `StrandlineError`. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

export function assert(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new AssertionError(rule);
}
