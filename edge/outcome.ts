/** What crosses between Worker and objects: an error class does not survive the call, so refusals are values. */
import { StrandlineError, type ErrorBody } from "../shared/strandline-error.ts";
import { asStrandlineError } from "./http-error.ts";

export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: ErrorBody };

export function attempt<Value>(body: () => Value): Outcome<Value> {
  try {
    return { ok: true, value: body() };
  } catch (thrown) {
    return { ok: false, error: asStrandlineError(thrown).toBody() };
  }
}

/** The value, or the refusal thrown on the caller's side. */
export function take<Value>(outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  throw StrandlineError.fromBody(outcome.error);
}
