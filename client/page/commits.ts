/** What a running consumer commits: asked for by its user, or due by itself. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions, HandledTo, RefusedCommit, TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { AutoCommit } from "./auto-commit.ts";
import type { ConsumerLink } from "./consumer-link.ts";
import { nameOf } from "./line-position.ts";
import type { PositionBook } from "./position-book.ts";

/**
 * What is due by itself is sent so often at most: a quick handler's many small answers are committed together. At the edge
 * each is a request, and a row for each partition.
 */
const PACE_MS = { device: 100, edge: 250 } as const;

export interface CommitsDeps {
  readonly link: ConsumerLink;
  readonly book: PositionBook;
  readonly clock: Clock;
  readonly autoCommit: AutoCommit;
  readonly options: Pick<ConsumerOptions, "groupId" | "group">;
  /** Aborts when the consumer stops, which commits what is left. */
  readonly stopping: AbortSignal;
  readonly onCommitted: (offsets: readonly TopicPartitionOffset[]) => void;
  readonly onRefused: (refused: readonly RefusedCommit[], among: readonly HandledTo[]) => void;
}

export class Commits {
  readonly #deps: CommitsDeps;
  /** What is due by itself and under way: one at a time. */
  #due: Promise<void> | null = null;
  /** That one knows no more of what is handled from now on. */
  #isSent = false;
  /** More was handled since. */
  #again = false;
  /** When the last of those was sent. */
  #sentAt = -Infinity;
  /** What the last of those met. */
  #failure: Error | null = null;

  constructor(deps: CommitsDeps) {
    this.#deps = deps;
  }

  /** A caller's: rejects where a partition is another consumer's; the others are committed all the same. */
  async commit(wanted: readonly HandledTo[]): Promise<void> {
    const [refused] = await this.#commit(wanted);
    if (refused === undefined) return;
    const { code, topic, partition, offset } = refused;
    const { groupId } = this.#deps.options;
    const said =
      code === "OFFSET_OUT_OF_RANGE" || code === "TRUNCATED"
        ? `offset ${offset} of ${topic}-${partition}`
        : `${topic}-${partition} is not this consumer's, or was another's since it handled the record`;
    throw new StrandlineError(code, said, {
      ...{ groupId, topic, partition, offset },
    });
  }

  /** What is refused is told, and no failure: others go on with it. */
  async commitDue(): Promise<void> {
    await this.#commit(this.#deps.autoCommit.due());
  }

  /** All that was handled, at once: asked of the worker within this task. Where that fails it is handled again. */
  parting(): void {
    this.#commit(this.#deps.autoCommit.all()).catch(() => {});
  }

  /**
   * What is due is committed while more is read and handled: nobody waits for the edge. Throws what the one before met;
   * what that did not commit is due again.
   */
  beside(): void {
    this.#demandNoFailure();
    this.soon();
  }

  /** As `beside`; what the one before met is told to whoever polls next. */
  soon(): void {
    if (this.#due !== null) {
      this.#again ||= this.#isSent;
      return;
    }
    this.#due = this.#commitInTurn()
      .catch((error: unknown) => {
        // Whoever polls hears of a worker's end as well: told again, it would end the next one's session.
        const isOver = error instanceof StrandlineError && (error.code === "WORKER_DIED" || error.code === "CLOSED");
        if (!isOver) this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#due = null;
        const again = this.#again;
        this.#again = this.#isSent = false;
        if (again) this.soon();
      });
  }

  /** The next poll commits what was handled; where that one waits for news already (`waits`), this does. */
  async whileIdle(next: Promise<unknown>, waits: () => boolean): Promise<void> {
    const { autoCommit, clock } = this.#deps;
    if (autoCommit.all().length === 0 || !waits()) return;
    const over = new AbortController();
    const answered = next.then(
      () => over.abort(),
      () => over.abort(),
    );
    // One that is under way knows less.
    await Promise.race([this.#due, answered]);
    for (let waitMs: number | null = 0; waitMs !== null && waits(); waitMs = autoCommit.dueInMs) {
      if (waitMs > 0) await Promise.race([clock.sleep(waitMs, over.signal), answered]);
      if (!waits()) break;
      this.beside();
      await Promise.race([this.#due, answered]);
      this.#demandNoFailure();
    }
    over.abort();
  }

  committed(wanted: readonly HandledTo[], refused: readonly RefusedCommit[]): void {
    const { book, autoCommit, onCommitted, onRefused } = this.#deps;
    if (refused.length > 0) onRefused(refused, wanted);
    const names = new Set(refused.map(nameOf));
    const offsets = wanted.filter((each) => !names.has(nameOf(each)));
    if (offsets.length === 0) return;
    book.committed(offsets);
    autoCommit.committed(offsets);
    onCommitted(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
  }

  #demandNoFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure;
  }

  async #commitInTurn(): Promise<void> {
    const { clock, stopping, autoCommit, options } = this.#deps;
    const paceMs = PACE_MS[options.group?.coordinator ?? "device"];
    const sinceMs = clock.now() - this.#sentAt;
    // The clock may have jumped back. A caller's own interval or threshold is pace enough.
    const isSoon = sinceMs >= 0 && sinceMs < paceMs && !autoCommit.stepwise;
    if (isSoon) await clock.sleep(paceMs - sinceMs, stopping);
    if (stopping.aborted) return;
    const due = autoCommit.due();
    if (due.length > 0) this.#sentAt = clock.now();
    this.#isSent = true;
    await this.#commit(due);
  }

  async #commit(wanted: readonly HandledTo[]): Promise<readonly RefusedCommit[]> {
    if (wanted.length === 0) return [];
    const { book, link } = this.#deps;
    const offsets = book.committable(wanted);
    book.committing(offsets);
    const refused = await link.on((api, id) => api.commit(id, offsets));
    this.committed(offsets, refused);
    return refused;
  }
}
