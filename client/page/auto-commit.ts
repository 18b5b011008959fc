/** When what was handled is committed without being asked for: KafkaJS's rules. */
import type { Clock } from "../../shared/clock.ts";
import type { ConsumerNews, HandledTo } from "../calls/consumer-calls.ts";
import type { RunConfig } from "./consumer-events.ts";
import { nameOf } from "./line-position.ts";
import type { PositionBook } from "./position-book.ts";

export class AutoCommit {
  readonly #book: PositionBook;
  readonly #clock: Clock;
  readonly #on: boolean;
  readonly #intervalMs: number | null;
  readonly #threshold: number | null;
  #committedAt: number;
  /** Where the group begins is not committed yet: that waits for nothing. */
  readonly #starts = new Set<string>();

  constructor(
    config: RunConfig,
    { book, clock, groupId }: { readonly book: PositionBook; readonly clock: Clock; readonly groupId: string | null },
  ) {
    this.#book = book;
    this.#clock = clock;
    this.#on = config.autoCommit !== false && groupId !== null;
    this.#intervalMs = config.autoCommitInterval ?? null;
    this.#threshold = config.autoCommitThreshold ?? null;
    this.#committedAt = clock.now();
  }

  /** Where its group begins is committed as well: whoever goes on would else begin at another end. */
  started(start: Extract<ConsumerNews, { type: "start" }>): void {
    if (!this.#on) return;
    this.#book.started(start);
    this.#starts.add(nameOf(start));
  }

  /** What is to be committed now. Without interval and threshold: all that was handled. */
  due(): HandledTo[] {
    if (!this.#on) return [];
    const starts = this.#starts.size > 0 && this.#book.uncommitted().some((each) => this.#starts.has(nameOf(each)));
    const always = starts || !this.stepwise;
    const passed = this.#intervalMs !== null && this.#elapsedMs() >= this.#intervalMs;
    const many = this.#threshold !== null && this.#book.uncommittedCount() >= this.#threshold;
    return always || passed || many ? this.#book.uncommitted() : [];
  }

  /** Worth asking after each record. */
  get stepwise(): boolean {
    return this.#on && (this.#intervalMs !== null || this.#threshold !== null);
  }

  /** Nothing more was said of when: soon. */
  get paced(): boolean {
    return this.#on && !this.stepwise;
  }

  /** At the end. */
  all(): HandledTo[] {
    return this.#on ? this.#book.uncommitted() : [];
  }

  /** How long what was handled may wait; null: until more was. */
  get dueInMs(): number | null {
    if (!this.#on || this.#intervalMs === null || this.#book.uncommitted().length === 0) return null;
    return Math.max(0, this.#intervalMs - this.#elapsedMs());
  }

  committed(offsets: readonly HandledTo[]): void {
    for (const each of offsets) this.#starts.delete(nameOf(each));
    this.#committedAt = this.#clock.now();
  }

  /** The clock may jump back: then the interval begins anew. */
  #elapsedMs(): number {
    const now = this.#clock.now();
    if (now < this.#committedAt) this.#committedAt = now;
    return now - this.#committedAt;
  }
}
