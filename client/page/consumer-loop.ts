/**
 * Polls the worker and hands runs to the handlers until stopped. A worker that died is replaced and the consumer
 * opened again; a handler that throws gets the same record again after a pause.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions, PolledRun, TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { RunConfig } from "./consumer-events.ts";
import type { PositionBook, TopicPartition } from "./position-book.ts";
import { deliverRun, type Delivery } from "./run-delivery.ts";

const POLL_WAIT_MS = 5_000;
/** A poll answers after its wait; the rest is for a busy disk. */
const POLL_MS_MAX = POLL_WAIT_MS + 30_000;
const CALL_MS_MAX = 30_000;
const POLL_BYTES_MAX = 4 * 1024 * 1024;

export type CallWorker = <Result>(
  ask: (api: WorkerCalls, generation: number) => Promise<Result>,
  deadlineMs: number | null,
) => Promise<Result>;

export interface LoopDeps {
  readonly call: CallWorker;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: { readonly initialRetryTimeMs: number; readonly maxRetryTimeMs: number };
  readonly options: ConsumerOptions;
  readonly config: RunConfig;
  readonly book: PositionBook;
  readonly onFetch: (runs: readonly PolledRun[]) => void;
  readonly onCommitted: (offsets: readonly TopicPartitionOffset[]) => void;
  readonly onDamage: Delivery["onDamage"];
  readonly read: Delivery["read"];
  readonly onCrash: (error: unknown, at: Partial<TopicPartition>, retryInMs: number) => void;
}

interface OpenSession {
  readonly id: number;
  readonly generation: number;
}

export class ConsumerLoop {
  readonly #deps: LoopDeps;
  readonly #stopping = new AbortController();
  #session: OpenSession | null = null;
  #opened = false;
  #polling = false;
  #failures = 0;
  /** Resolves when no handler will be called any more. */
  readonly ended: Promise<void>;

  constructor(deps: LoopDeps) {
    this.#deps = deps;
    this.ended = this.#run();
  }

  get running(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** Resolves when the handler at work has ended and what was handled is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const session = this.#session;
    // A poll that waits is ended by closing what it waits for; it has committed before.
    if (this.#polling && session !== null) await this.#close(session, []);
    await this.ended;
    if (this.#session !== null) await this.#close(this.#session, this.#autoCommitted());
  }

  async commit(wanted: readonly TopicPartitionOffset[]): Promise<void> {
    if (wanted.length === 0) return;
    const offsets = this.#deps.book.committable(wanted);
    await this.#onSession((api, { id }) => api.commit(id, offsets));
    this.#deps.book.committed(offsets);
    this.#deps.onCommitted(offsets);
  }

  /** Ends a poll that waits: what it was asked for has changed. */
  nudge(): void {
    if (this.#session !== null && this.#polling) this.#onSession((api, { id }) => api.nudge(id)).catch(() => {});
  }

  async #run(): Promise<void> {
    while (this.running) {
      try {
        const runs = await this.#poll();
        if (runs.length > 0) this.#deps.onFetch(runs);
        await this.#deliver(runs);
        this.#failures = 0;
      } catch (error) {
        if (!this.running || (error instanceof StrandlineError && error.code === "CLOSED")) break;
        await this.#recover(error);
      }
    }
    this.#stopping.abort();
  }

  async #recover(error: unknown): Promise<void> {
    const { retry, random, clock, onCrash } = this.#deps;
    const died = error instanceof StrandlineError && error.code === "WORKER_DIED";
    if (died) this.#session = null;
    // Another tab has the group's turn: this consumer stands by again, and goes on where the group has come to.
    const over = error instanceof StrandlineError && error.code === "ILLEGAL_GENERATION";
    if (over && this.#session !== null) await this.#close(this.#session, []);
    const most = Math.min(retry.maxRetryTimeMs, retry.initialRetryTimeMs * 2 ** Math.min(this.#failures, 30));
    const retryInMs = (died || over) && this.#failures === 0 ? 0 : Math.round(most * (0.5 + random.next() / 2));
    this.#failures += 1;
    if (!died && !over)
      onCrash(
        error instanceof HandlerFailure ? error.cause : error,
        error instanceof HandlerFailure ? error.at : {},
        retryInMs,
      );
    await clock.sleep(retryInMs, this.#stopping.signal);
  }

  async #poll(): Promise<PolledRun[]> {
    const { book } = this.#deps;
    await this.#open();
    for (const position of book.seeks()) {
      await this.#onSession((api, { id }) => api.seek(id, position));
      book.sought(position);
    }
    const commit = this.#autoCommitted();
    const paused = [...book.pausedPartitions(), ...book.pausedTopics().map((topic) => ({ topic, partition: null }))];
    const options = { bytesMax: POLL_BYTES_MAX, waitMs: POLL_WAIT_MS, commit, paused };
    this.#polling = true;
    try {
      const runs = await this.#onSession((api, { id }) => api.poll(id, options), POLL_MS_MAX);
      book.committed(commit);
      if (commit.length > 0) this.#deps.onCommitted(commit);
      return runs;
    } finally {
      this.#polling = false;
    }
  }

  async #open(): Promise<void> {
    const { call, options, book } = this.#deps;
    if (this.#session !== null) return;
    const opening = await call(
      async (api, generation) => ({ id: await api.openConsumer(options), generation }),
      CALL_MS_MAX,
    );
    this.#session = opening;
    if (this.#opened) book.reopened(options.groupId !== null);
    this.#opened = true;
  }

  /** A call to a session of a worker that is no more is not made to the next one. */
  #onSession<Result>(
    ask: (api: WorkerCalls, session: OpenSession) => Promise<Result>,
    deadlineMs: number = CALL_MS_MAX,
  ): Promise<Result> {
    const session = this.#session;
    if (session === null)
      return Promise.reject(new StrandlineError("WORKER_DIED", "the consumer is being opened again"));
    return this.#deps.call((api, generation) => {
      if (generation !== session.generation)
        return Promise.reject(new StrandlineError("WORKER_DIED", "the consumer was open on another worker"));
      return ask(api, session);
    }, deadlineMs);
  }

  async #close(session: OpenSession, commit: readonly TopicPartitionOffset[]): Promise<void> {
    await this.#onSession((api, { id }) => api.closeConsumer(id, commit)).catch(() => {});
    if (this.#session === session) this.#session = null;
  }

  #autoCommitted(): TopicPartitionOffset[] {
    const { config, options, book } = this.#deps;
    return config.autoCommit === false || options.groupId === null ? [] : book.uncommitted();
  }

  /** Partitions side by side, as many as asked for; each in its order. */
  async #deliver(runs: readonly PolledRun[]): Promise<void> {
    const { book, config, onDamage, read } = this.#deps;
    let failed = false;
    const delivery = {
      book,
      config,
      isRunning: () => this.running && !failed,
      commit: () => this.commit(book.uncommitted()),
      resumed: () => this.nudge(),
      onDamage,
      read,
    };
    const waiting = runs.filter((run) => book.wanted(run));
    for (const run of runs) if (!waiting.includes(run)) book.rewindUndelivered(run);
    const next = async (): Promise<void> => {
      for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
        try {
          await deliverRun(run, delivery);
        } catch (error) {
          failed = true;
          throw new HandlerFailure(error, { topic: run.topic, partition: run.partition });
        } finally {
          book.rewind(run);
        }
        if (failed) break;
      }
    };
    const lanes = Math.max(1, Math.min(config.partitionsConsumedConcurrently ?? 1, waiting.length));
    const results = await Promise.allSettled(Array.from({ length: lanes }, next));
    for (const run of waiting) book.rewindUndelivered(run);
    const failure = results.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}

class HandlerFailure extends Error {
  readonly at: TopicPartition;

  constructor(cause: unknown, at: TopicPartition) {
    super("a handler failed", { cause });
    this.at = at;
  }
}
