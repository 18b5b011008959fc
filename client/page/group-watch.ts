/**
 * A running consumer in its group: hears what becomes of its partitions while its handlers work, tells it, and lets go of
 * what is leaving as soon as nothing of that is at work and what was handled is committed.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type {
  ConsumerOptions,
  GroupNews,
  GroupOptions,
  GroupView,
  HandledTo,
  OwnedPartition,
  RefusedCommit,
} from "../calls/consumer-calls.ts";
import type { AutoCommit } from "./auto-commit.ts";
import type { Commits } from "./commits.ts";
import type { ConsumerPayloads } from "./consumer-events.ts";
import type { ConsumerLink } from "./consumer-link.ts";
import { FencedRanges } from "./fenced-ranges.ts";
import { GroupEvents } from "./group-events.ts";
import type { ShareChange } from "./group-share.ts";
import { nameOf, type Line } from "./line-position.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { PositionBook } from "./position-book.ts";

const RETRY_MS = 1_000;
/** So often at most a handler that calls `heartbeat` lets the page hear what the worker has to tell. */
const YIELD_MS = 50;

export interface GroupWatchDeps {
  readonly link: ConsumerLink;
  readonly book: PositionBook;
  readonly autoCommit: AutoCommit;
  readonly clock: Clock;
  readonly commits: Commits;
  readonly options: Pick<ConsumerOptions, "groupId">;
  readonly group: GroupOptions;
  readonly tell: <Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]) => void;
}

export class GroupWatch {
  readonly #deps: GroupWatchDeps;
  readonly #groupId: string;
  readonly #events: GroupEvents;
  /** How many runs of a partition the handlers are at. */
  readonly #atWork = new Map<string, number>();
  /** By ownership. */
  readonly #releasing = new Set<number>();
  readonly #ranges: FencedRanges;
  readonly #waiting = new Set<() => void>();
  /** Which of the link's sessions is watched; 0: none. */
  #session = 0;
  /** When that was asked for which was heard last. */
  #heardAt: number;
  #yieldedAt = 0;
  #rebalancingSince: number;
  #asking: Promise<void> | null = null;
  #worked = false;
  #stopping = false;

  constructor(deps: GroupWatchDeps) {
    this.#deps = deps;
    this.#groupId = deps.options.groupId ?? "";
    this.#events = new GroupEvents(deps, this.#groupId);
    this.#ranges = new FencedRanges(deps, this.#groupId);
    this.#heardAt = deps.clock.now();
    this.#rebalancingSince = this.#heardAt;
  }

  /** The link has opened a session; its first word is awaited from now on. */
  follow(session: number): void {
    if (this.#session === session) return;
    this.#session = session;
    this.#heardAt = this.#deps.clock.now();
    void this.#watch(session);
  }

  /** No handler is begun any more: nothing waits for that. */
  stopping(): void {
    this.#stopping = true;
    this.#goOn();
  }

  /** The consumer stops: `close` commits and ends its session. */
  async end(close: () => Promise<void>): Promise<void> {
    this.#session = 0;
    this.#goOn();
    await close();
    const revoked = this.#deps.book.share.owned();
    if (revoked.length > 0) this.#events.partitions("partitions_revoked", revoked);
    this.#deps.book.share.lose();
    this.#goOn();
  }

  /** The worker has died: nothing is its own until another session tells. */
  lost(): void {
    this.#session = 0;
    const { gone } = this.#deps.book.share.lose();
    for (const each of [this.#releasing, this.#ranges]) each.clear();
    if (gone.length > 0) this.#events.partitions("partitions_lost", gone);
    this.#goOn();
  }

  /** `askedAt`: an answer that a freeze has held up says nothing of what is now. */
  heard(view: GroupView | null, askedAt: number): void {
    const { book } = this.#deps;
    this.#heardAt = Math.max(this.#heardAt, askedAt);
    const change = view === null ? null : book.share.heard(view);
    if (change !== null) this.#apply(change);
    this.#goOn();
    this.#letGo();
  }

  /** Another member has them, whatever the worker has told so far. */
  refused(refused: readonly RefusedCommit[], offsets: readonly HandledTo[]): void {
    if (refused.length === 0) return;
    const { book } = this.#deps;
    const names = new Set(refused.map(nameOf));
    const theirs = offsets.filter((each) => names.has(nameOf(each)));
    for (const each of refused) {
      const { ownership } = theirs.find((one) => nameOf(one) === nameOf(each)) ?? {};
      // Nobody has handled anything of it here.
      if (ownership !== undefined) this.#ranges.refused(each, ownership);
    }
    this.#apply(book.share.refuse(new Set(theirs.flatMap(({ ownership }) => ownership ?? []))));
  }

  /** The session may be over: it was not heard of for as long as one lasts, as after a freeze, or the worker says so. */
  get holding(): boolean {
    const { view } = this.#deps.book.share;
    return view !== null && !this.#stopping && (view.holding || this.#silent());
  }

  /** Resolves when it is known who has the partitions. */
  async free(): Promise<void> {
    while (this.holding) {
      if (this.#silent()) await (this.#asking ??= this.#ask().finally(() => (this.#asking = null)));
      else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** A handler's: rejects where the partition is another's by now. */
  async heartbeat(line: Line): Promise<void> {
    const { clock, book } = this.#deps;
    const groupId = this.#groupId;
    this.#worked = true;
    const now = clock.now();
    if (Math.abs(now - this.#yieldedAt) >= YIELD_MS) {
      await clock.sleep(0);
      this.#yieldedAt = clock.now();
    }
    const { topic, partition } = line;
    if (book.share.counts(line)) return;
    const said = `${topic}-${partition} is another consumer's by now`;
    throw new StrandlineError("ILLEGAL_GENERATION", said, { groupId, topic, partition });
  }

  /** A handler got on with something. */
  worked(): void {
    this.#worked = true;
  }

  #hasWorked(): boolean {
    const worked = this.#worked;
    this.#worked = false;
    return worked;
  }

  began(of: TopicPartition): void {
    this.#atWork.set(nameOf(of), (this.#atWork.get(nameOf(of)) ?? 0) + 1);
  }

  ended(of: TopicPartition): void {
    const left = (this.#atWork.get(nameOf(of)) ?? 1) - 1;
    if (left > 0) this.#atWork.set(nameOf(of), left);
    else this.#atWork.delete(nameOf(of));
    this.#letGo();
  }

  #silent(): boolean {
    const { clock, group } = this.#deps;
    const silentMs = clock.now() - this.#heardAt;
    if (silentMs < 0) this.#heardAt = clock.now();
    return silentMs > group.sessionTimeoutMs;
  }

  async #watch(session: number): Promise<void> {
    const { link, book, clock } = this.#deps;
    while (this.#session === session) {
      const askedAt = clock.now();
      try {
        const answer = await link.on((api, id) =>
          api.watchGroup(id, book.share.view?.version ?? -1, this.#hasWorked()),
        );
        if (this.#session !== session) return;
        // It is closed.
        if (answer === null) return this.lost();
        this.#take(answer, askedAt);
      } catch (error) {
        if (this.#session !== session) return;
        if (isOver(error)) return this.lost();
        await clock.sleep(RETRY_MS);
      }
    }
  }

  async #ask(): Promise<void> {
    const session = this.#session;
    const askedAt = this.#deps.clock.now();
    try {
      const answer = await this.#deps.link.on((api, id) => api.watchGroup(id, null, this.#hasWorked()));
      if (this.#session === session && answer !== null) this.#take(answer, askedAt);
      else if (this.#session === session) this.lost();
    } catch (error) {
      if (this.#session !== session) return;
      if (isOver(error)) this.lost();
      else await this.#deps.clock.sleep(RETRY_MS);
    }
  }

  #take({ view, news }: { readonly view: GroupView; readonly news: readonly GroupNews[] }, askedAt: number): void {
    this.heard(view, askedAt);
    this.#events.news(news);
  }

  #apply({ joined, assigned, leaving, gone }: ShareChange): void {
    const { book, clock, tell } = this.#deps;
    const groupId = this.#groupId;
    const memberId = book.share.view?.memberId ?? null;
    const lost = gone.filter(({ ownership }) => !this.#releasing.delete(ownership));
    if (lost.length > 0 || leaving.length > 0) {
      this.#rebalancingSince = clock.now();
      tell("rebalancing", { groupId, memberId });
    }
    for (const each of lost) this.#ranges.lost(each);
    for (const of of gone) book.drop(of);
    if (lost.length > 0) this.#events.partitions("partitions_lost", lost);
    if (assigned.length > 0) this.#events.partitions("partitions_assigned", assigned);
    if (assigned.length > 0 || joined) this.#events.join(this.#rebalancingSince);
  }

  #letGo(): void {
    const { book } = this.#deps;
    const free = book.share
      .owned()
      .filter((each) => each.leaving && !this.#releasing.has(each.ownership) && !this.#atWork.has(nameOf(each)));
    if (free.length === 0) return;
    for (const { ownership } of free) this.#releasing.add(ownership);
    void this.#release(free);
  }

  async #release(free: readonly OwnedPartition[]): Promise<void> {
    const { link, book, autoCommit, commits } = this.#deps;
    const names = new Set(free.map(nameOf));
    const commit = autoCommit.all().filter((each) => names.has(nameOf(each)));
    book.committing(commit);
    const session = this.#session;
    for (const of of free) this.#ranges.sent(of);
    try {
      const refused = await link.on((api, id) => api.releasePartitions(id, commit, free));
      commits.committed(commit, refused);
    } catch {
      if (this.#session !== session) return;
      // What is still there when the worker tells next is let go of then.
      const gone = free.filter((of) => !this.#releasing.delete(of.ownership));
      for (const of of gone) this.#ranges.lost(of);
      if (gone.length > 0) this.#events.partitions("partitions_lost", gone);
      return;
    }
    this.#events.partitions("partitions_revoked", free);
    this.#events.join(this.#rebalancingSince);
  }

  #goOn(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** The worker, or the session on it, is no more; after another error it is asked again. */
function isOver(error: unknown): boolean {
  return error instanceof StrandlineError && (error.code === "WORKER_DIED" || error.code === "CLOSED");
}
