/** Waits that an `AbortSignal` ends. */
import { StrandlineError, type ErrorDetails } from "../../shared/strandline-error.ts";

export interface WaitOptions {
  /** Ends the wait, not what is waited for: the call rejects with `ABORTED`, whose `cause` is the signal's reason. */
  readonly signal?: AbortSignal;
}

export function aborted(said: string, signal: AbortSignal, details: ErrorDetails = {}): StrandlineError {
  return new StrandlineError("ABORTED", said, details, signal.reason);
}

/** Settles with the promise, or rejects when the signal fires first. What the promise does then nobody hears. */
export function untilAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
  error: (signal: AbortSignal) => StrandlineError,
): Promise<Value> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(error(signal));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Asks nothing where the signal has fired; where it fires later, what was asked may or may not happen. */
export async function askUntilAborted<Value>(
  ask: () => Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  throwIfAborted(signal, "nothing was asked");
  return await untilAborted(ask(), signal, (fired) => aborted("it may or may not have happened", fired));
}

export function throwIfAborted(signal: AbortSignal | undefined, said: string): void {
  if (signal?.aborted === true) throw aborted(said, signal);
}

export function notStored(signal: AbortSignal): StrandlineError {
  return aborted("nothing was stored", signal, { stored: false });
}

/** Settles with the promise, or rejects where the signal fires before the send has left for the disk. */
export function unlessAborted<Value>(
  sent: Promise<Value>,
  signal: AbortSignal,
  hasLeft: () => boolean,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      if (!hasLeft()) reject(notStored(signal));
    };
    signal.addEventListener("abort", abort, { once: true });
    sent.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

export function checkTimeoutMs(timeout: unknown): number | null {
  if (timeout === undefined) return null;
  if (typeof timeout === "number" && timeout >= 0) return timeout;
  throw new StrandlineError("INVALID_ARGUMENT", `timeout ${JSON.stringify(timeout)}: milliseconds, 0 or more`);
}
