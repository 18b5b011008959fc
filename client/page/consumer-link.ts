/** A consumer's session on whichever worker there is: opened when it is first needed, and again when that worker died. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions, HandledTo, PollAnswer, PollOptions, RefusedCommit } from "../calls/consumer-calls.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";

const CALL_MS_MAX = 30_000;

export type CallWorker = <Result>(
  ask: (api: WorkerCalls, generation: number) => Promise<Result>,
  deadlineMs: number | null,
) => Promise<Result>;

interface OpenSession {
  readonly id: number;
  readonly generation: number;
}

export class ConsumerLink {
  readonly #call: CallWorker;
  readonly #options: ConsumerOptions;
  #session: OpenSession | null = null;
  /** How many sessions there have been. */
  opened = 0;

  constructor(call: CallWorker, options: ConsumerOptions) {
    this.#call = call;
    this.#options = options;
  }

  /** True: another session than before, which knows nothing of it. */
  async open(): Promise<boolean> {
    if (this.#session !== null) return false;
    this.#session = await this.#call(
      async (api, generation) => ({ id: await api.openConsumer(this.#options), generation }),
      CALL_MS_MAX,
    );
    this.opened += 1;
    return this.opened > 1;
  }

  poll(options: PollOptions): Promise<PollAnswer> {
    // A poll answers after its wait; the rest is for a busy disk.
    return this.on((api, id) => api.poll(id, options), options.waitMs + CALL_MS_MAX);
  }

  /** A call to a session of a worker that is no more is not made to the next one. */
  on<Result>(
    ask: (api: WorkerCalls, id: number) => Promise<Result>,
    deadlineMs: number = CALL_MS_MAX,
  ): Promise<Result> {
    const session = this.#session;
    if (session === null)
      return Promise.reject(new StrandlineError("WORKER_DIED", "the consumer is being opened again"));
    return this.#call((api, generation) => {
      if (generation !== session.generation)
        return Promise.reject(new StrandlineError("WORKER_DIED", "the consumer was open on another worker"));
      return ask(api, session.id);
    }, deadlineMs);
  }

  /** The worker that held it is no more. */
  lost(): void {
    this.#session = null;
  }

  /** Answers what was refused. Null: the commit may not have been made. */
  async close(commit: readonly HandledTo[]): Promise<readonly RefusedCommit[] | null> {
    if (this.#session === null) return null;
    const closing = this.on((api, id) => api.closeConsumer(id, commit));
    this.#session = null;
    return await closing.catch(() => null);
  }
}
