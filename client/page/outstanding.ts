/** Promises of one worker that can be ended from outside, all at once, and each by its own deadline. */
import { TIMER_MS_MAX } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export class Outstanding {
  readonly #rejects = new Set<(error: StrandlineError) => void>();
  readonly #onEnd: (() => void)[] = [];
  #ended: StrandlineError | null = null;

  settle<Result>(answer: Promise<Result>, deadlineMs: number | null): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        answer.catch(() => {});
        return reject(this.#ended);
      }
      const timer =
        deadlineMs === null
          ? null
          : setTimeout(() => done(() => reject(timedOut(deadlineMs))), Math.min(deadlineMs, TIMER_MS_MAX));
      const done = (settle: () => void): void => {
        if (timer !== null) clearTimeout(timer);
        this.#rejects.delete(end);
        settle();
      };
      const end = (error: StrandlineError): void => done(() => reject(error));
      this.#rejects.add(end);
      answer.then(
        (result) => done(() => resolve(result)),
        (error: unknown) => done(() => reject(error)),
      );
    });
  }

  onEnd(listener: () => void): void {
    if (this.#ended === null) this.#onEnd.push(listener);
    else listener();
  }

  /** Rejects all, and every later call. */
  end(error: StrandlineError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    for (const reject of [...this.#rejects]) reject(error);
    for (const listener of this.#onEnd) listener();
  }
}

function timedOut(deadlineMs: number): StrandlineError {
  return new StrandlineError("REQUEST_TIMED_OUT", `the worker has not answered in ${deadlineMs} ms`, {
    timeoutMs: deadlineMs,
  });
}
