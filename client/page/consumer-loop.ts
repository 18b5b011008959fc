/**
 * Polls the worker and hands runs to the handlers until stopped. While they work on one answer the next is fetched,
 * and no more than that: two answers are all that the page holds. A worker that died is replaced and the consumer
 * opened again; a handler that throws gets the same record again after a pause. What fails for good ends it.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { HandledTo, PollAnswer, PollOptions, SeekPosition } from "../calls/consumer-calls.ts";
import { AutoCommit } from "./auto-commit.ts";
import { Commits, type CommitsDeps } from "./commits.ts";
import { ConsumerLink } from "./consumer-link.ts";
import type { Calling } from "./exactly-once.ts";
import { GroupWatch } from "./group-watch.ts";
import { deliverAll, HandlerFailure } from "./lanes.ts";
import { named } from "./line-position.ts";
import type { LoopDeps } from "./loop-deps.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import { transactionsOn } from "./transactions-on.ts";

/** The first answer is small, a row of the log or a few, so that the first record comes as soon from a long log as from a short one. */
const FIRST_BYTES_MAX = 8 * 1024;
/** What is read ahead meanwhile; each answer from there on is four times the one before. */
const SECOND_BYTES_MAX = 64 * 1024;

interface Fetched extends PollAnswer {
  /** What the worker was told with the poll. */
  readonly seeks: readonly SeekPosition[];
  readonly rejoins: readonly TopicPartition[];
}

export class ConsumerLoop {
  readonly #deps: LoopDeps;
  readonly #stopping = new AbortController();
  readonly #link: ConsumerLink;
  readonly #autoCommit: AutoCommit;
  readonly #commits: Commits;
  #polling = false;
  #bytesMax: number;
  #failures = 0;
  /** Null: of no group. */
  readonly #group: GroupWatch | null;
  #next: Promise<Fetched> | null = null;
  /** A poll that was not answered may have taken records. */
  #unheard = false;
  /** Handlers, and whether one is being called. */
  readonly calling: Calling = { now: false };
  readonly #opening = new AbortController();
  /** Resolves when it was opened on the worker, or could not be: then it tries again, or has ended. */
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#opening.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  /** Why it has ended by itself; null: it has not. */
  #failure: StrandlineError | null = null;
  /** Resolves when no handler will be called any more. */
  readonly ended: Promise<void>;

  constructor(deps: LoopDeps) {
    const { call, options, config, book, clock, limits } = deps;
    this.#deps = deps;
    this.#link = new ConsumerLink(call, options);
    const autoCommit = new AutoCommit(config, { book, clock, groupId: options.groupId });
    const link = this.#link;
    this.#autoCommit = autoCommit;
    const stopping = this.#stopping.signal;
    const onRefused: CommitsDeps["onRefused"] = (...told) => this.#group?.refused(...told);
    this.#commits = new Commits({ ...deps, link, autoCommit, stopping, onRefused });
    this.#bytesMax = Math.min(FIRST_BYTES_MAX, limits.bytesMax);
    this.#group =
      options.group === null
        ? null
        : new GroupWatch({ ...deps, link, autoCommit, commits: this.#commits, group: options.group });
    this.ended = this.#run();
  }

  get failure(): StrandlineError | null {
    return this.#failure;
  }

  get running(): boolean {
    return !this.#stopping.signal.aborted;
  }

  /** Resolves when the handler at work has ended and what was handled is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.nudge();
    this.#group?.stopping();
    await this.ended;
    const close = async (): Promise<void> => {
      const commit = this.#autoCommit.all();
      const refused = await this.#link.close(commit);
      if (refused !== null) this.#commits.committed(commit, refused);
    };
    await (this.#group === null ? close() : this.#group.end(close));
  }

  commit(wanted: readonly HandledTo[]): Promise<void> {
    return this.#commits.commit(wanted);
  }

  /** The page is parked, or goes: what was handled is committed while it is this consumer's. */
  parting(): void {
    this.#commits.parting();
  }

  /** Ends a poll that waits: what it was asked for has changed. */
  nudge(): void {
    if (this.#polling) this.#link.on((api, id) => api.nudge(id)).catch(() => {});
  }

  async #run(): Promise<void> {
    // The caller has the loop before it begins to work.
    await Promise.resolve();
    while (this.running) {
      try {
        const fetched = await (this.#next ?? this.#fetch());
        this.#next = null;
        this.#take(fetched);
        if (!this.running) break;
        // Also where what was handled before is due while nothing comes.
        if (fetched.runs.length > 0 || this.#autoCommit.dueInMs !== null) this.#prefetch();
        await this.#deliver(fetched);
        if (this.#next !== null) await this.#commits.whileIdle(this.#next, () => this.#polling && this.running);
        this.#failures = 0;
      } catch (error) {
        await this.#dropPrefetched();
        if (!this.running || (error instanceof StrandlineError && error.code === "CLOSED")) break;
        if (this.#isForGood(error)) this.#failure = error;
        if (this.#failure !== null) break;
        this.#opening.abort();
        await this.#recover(error);
      }
    }
    this.#stopping.abort();
    this.#opening.abort();
    this.#next?.catch(() => {});
  }

  #prefetch(): void {
    this.#next = this.#fetch();
    // Told where it is awaited.
    this.#next.catch(() => {});
  }

  async #fetch(): Promise<Fetched> {
    const { book, options, onFetch, clock } = this.#deps;
    if (await this.#link.open()) book.reopened(options.groupId !== null);
    this.#group?.follow(this.#link.opened);
    this.#opening.abort();
    const [rejoins, seeks] = [book.fenced(), book.seeks()];
    this.#commits.beside();
    const told = onFetch();
    this.#polling = true;
    const askedAt = clock.now();
    const again = this.#unheard;
    this.#unheard = true;
    try {
      const answer = await this.#link.poll({ ...this.#pollOptions({ rejoins, seeks, commit: [] }), again });
      this.#unheard = false;
      this.#group?.heard(answer.group, askedAt);
      told(answer);
      return { ...answer, runs: answer.runs.map(named), rejoins, seeks };
    } finally {
      this.#polling = false;
    }
  }

  #pollOptions(told: Pick<PollOptions, "rejoins" | "seeks" | "commit">): PollOptions {
    const { book, limits } = this.#deps;
    const paused = book.paused.all();
    // The first record from a new place is waited for as well.
    if (told.seeks.length > 0) this.#bytesMax = Math.min(FIRST_BYTES_MAX, limits.bytesMax);
    return { ...limits, bytesMax: this.#bytesMax, ...told, paused };
  }

  /** Only now: while the answer was under way the runs before it were handled, under the seeks that it answers. */
  #take({ rejoins, seeks, news, runs }: Fetched): void {
    const { book, onNews, limits } = this.#deps;
    book.startOver();
    for (const rejoined of rejoins) book.rejoined(rejoined);
    for (const position of seeks) book.sought(position);
    for (const each of news) {
      if (each.type === "start") {
        this.#autoCommit.started(each);
        continue;
      }
      if (each.type === "reset" && each.reason === "truncated") book.truncated(each, each.to);
      onNews(each);
    }
    if (runs.length > 0) this.#bytesMax = Math.min(limits.bytesMax, Math.max(SECOND_BYTES_MAX, this.#bytesMax * 4));
  }

  async #deliver({ runs }: Fetched): Promise<void> {
    const { book, shown, config, options, clock, random, packing, onDamage, onBatch, onFenced, read } = this.#deps;
    if (runs.length === 0) return;
    for (const topic of new Set(runs.filter(({ partition }) => partition >= 0).map(({ topic }) => topic)))
      await this.#whereMoved(topic);
    await deliverAll(runs, {
      book,
      shown,
      config,
      calling: this.calling,
      isRunning: () => this.running,
      group: this.#group,
      commit: (offsets) => (offsets === null ? this.#commits.commitDue() : this.commit(offsets)),
      stepwise: this.#autoCommit.stepwise,
      handled: this.#autoCommit.paced ? () => this.#commits.soon() : () => {},
      resumed: () => this.nudge(),
      onBatch,
      onDamage,
      onFenced: (run) => {
        onFenced(run);
        this.nudge();
      },
      transactions:
        options.group?.coordinator === "device" ? transactionsOn(this.#link, { clock, random, packing }) : null,
      read,
    });
  }

  /** What was handled while the topic's partitions were not known is not shown again in them. */
  async #whereMoved(topic: string): Promise<void> {
    const { shown } = this.#deps;
    const waiting = shown.waiting(topic);
    if (waiting === null) return;
    const { from, to } = waiting;
    shown.moved(topic, await this.#link.on((api, id) => api.movedRecords(id, topic, { from, to })));
  }

  /** It was read ahead of a record that was not handled. */
  async #dropPrefetched(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    if (next === null) return;
    this.nudge();
    const fetched = await next.catch(() => null);
    if (fetched === null) return;
    this.#take(fetched);
    for (const run of fetched.runs) this.#deps.book.rewindUndelivered(run);
  }

  async #recover(error: unknown): Promise<void> {
    const { retry, random, clock, onCrash } = this.#deps;
    const died = error instanceof StrandlineError && error.code === "WORKER_DIED";
    if (died) {
      this.#link.lost();
      this.#group?.lost();
    }
    const most = Math.min(retry.maxRetryTimeMs, retry.initialRetryTimeMs * 2 ** Math.min(this.#failures, 30));
    const retryInMs = died && this.#failures === 0 ? 0 : Math.round(most * (0.5 + random.next() / 2));
    this.#failures += 1;
    if (!died)
      onCrash(
        error instanceof HandlerFailure ? error.cause : error,
        error instanceof HandlerFailure ? error.at : {},
        retryInMs,
      );
    await clock.sleep(retryInMs, this.#stopping.signal);
  }

  /** Not what a handler throws: that is the handler's, and says nothing of the consumer. */
  #isForGood(error: unknown): error is StrandlineError {
    return error instanceof StrandlineError && !error.retriable;
  }
}
