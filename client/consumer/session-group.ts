/** A session in its group: which of its partitions are its own, what its page is told of that, and what it commits. */
import { offset as toOffset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type {
  ConsumerOptions,
  GroupNews,
  GroupView,
  HandledTo,
  OwnedPartition,
  RefusedCommit,
} from "../calls/consumer-calls.ts";
import type {
  GroupMembership,
  JoinGroup,
  MembershipEvents,
  OwnedOffset,
  Ownership,
} from "../group/group-membership.ts";
import { Wake } from "../wake.ts";
import { noting, partitionName, type AssignedPartition } from "./assigned-partition.ts";
import type { Assignment } from "./assignment.ts";

/** A page that hears nothing for longer than its session asks whether that is over; and it says with each that it works. */
const WATCH_MS = 3_000;

export interface SessionGroupDeps {
  readonly join: JoinGroup;
  readonly options: ConsumerOptions;
  readonly assignment: Assignment;
  readonly clock: Clock;
  /** What may be read is another. */
  readonly onChange: () => void;
}

export class SessionGroup {
  readonly #deps: SessionGroupDeps;
  readonly #wake: Wake;
  readonly membership: GroupMembership;
  readonly #released = new WeakSet<Ownership>();
  #news: GroupNews[] = [];
  #version = 0;
  #subscribed: string | null = null;
  /** As polls told it. */
  #told = -1;
  #closed = false;
  /** It ended for good. */
  failure: StrandlineError | null = null;

  constructor(deps: SessionGroupDeps) {
    this.#deps = deps;
    this.#wake = new Wake(deps.clock);
    this.membership = deps.join(deps.options, this.#events());
    deps.assignment.membership = this.membership;
  }

  /** To be called whenever the topics' partitions may be others. */
  subscribed(): void {
    const refs = this.#deps.assignment.refs();
    if (refs === this.#subscribed) return;
    this.#subscribed = refs;
    const partitions = [...this.#deps.assignment.partitions.values()].filter(({ ref }) => ref.partition >= 0);
    this.membership.subscribed(partitions.map(({ topic, ref }) => ({ topic, ref })));
    this.#changed();
  }

  async watch(
    version: number | null,
    worked: boolean,
  ): Promise<{ readonly view: GroupView; readonly news: readonly GroupNews[] } | null> {
    const { clock, options } = this.#deps;
    if (worked) this.membership.polled();
    // The page has slept.
    if (version === null) await this.membership.confirm?.();
    const watchMs = Math.min(WATCH_MS, Math.ceil((options.group?.maxPollIntervalMs ?? Infinity) / 3));
    const until = clock.now() + watchMs;
    while (!this.#closed && version === this.#version && this.#news.length === 0) {
      const leftMs = until - clock.now();
      if (leftMs <= 0 || leftMs > watchMs) break;
      await this.#wake.wait(leftMs);
    }
    return this.#closed ? null : { view: this.#view(), news: this.#news.splice(0) };
  }

  /** Null: as the polls before told it. */
  untold(): GroupView | null {
    if (this.#told === this.#version) return null;
    this.#told = this.#version;
    return this.#view();
  }

  /** What is another's by now, or under another ownership, is refused; the rest is committed. */
  async commit(offsets: readonly HandledTo[]): Promise<RefusedCommit[]> {
    const refused: RefusedCommit[] = [];
    const owned = new Map<Ownership, { readonly commit: OwnedOffset; readonly assigned: AssignedPartition }>();
    for (const { topic, partition, offset, readFrom, metadata, ownership } of offsets) {
      const assigned = this.#deps.assignment.partitions.get(partitionName(topic, partition));
      const of = assigned?.ownership ?? null;
      if (assigned === undefined) refused.push({ topic, partition, offset, code: "UNKNOWN_TOPIC_OR_PARTITION" });
      else if (of === null || of.state === "lost" || (ownership ?? assigned.ownedAs) !== assigned.ownedAs)
        refused.push({ topic, partition, offset, code: "ILLEGAL_GENERATION" });
      else {
        const needed = readFrom === undefined ? {} : { readFrom: toOffset(readFrom) };
        const told = metadata === undefined ? {} : { metadata };
        owned.set(of, { commit: { of, offset: toOffset(offset), ...needed, ...told }, assigned });
      }
    }
    if (owned.size > 0) refused.push(...(await this.#commitOwned([...owned.values()])));
    return refused;
  }

  async #commitOwned(
    owned: readonly { readonly commit: OwnedOffset; readonly assigned: AssignedPartition }[],
  ): Promise<RefusedCommit[]> {
    const noted = owned.map(({ commit, assigned }) => ({ commit, note: noting(assigned) }));
    const refusals = await this.membership.commit(owned.map(({ commit }) => commit));
    const codes = new Map(refusals.map(({ of, code }) => [of, code]));
    const refused: RefusedCommit[] = [];
    for (const { commit, note } of noted) {
      const code = codes.get(commit.of);
      const { topic, ref } = commit.of;
      if (code === undefined) note(commit.offset);
      else refused.push({ topic, partition: ref.partition, offset: commit.offset, code });
    }
    return refused;
  }

  release(released: readonly Pick<OwnedPartition, "topic" | "partition" | "ownership">[]): void {
    const gone = released.flatMap(({ topic, partition, ownership }) => {
      const assigned = this.#deps.assignment.partitions.get(partitionName(topic, partition));
      return assigned?.ownedAs === ownership && assigned.ownership?.state === "leaving" ? [assigned.ownership] : [];
    });
    this.#letGo(gone);
    this.#changed();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake.ring();
    await this.membership.close();
  }

  #events(): MembershipEvents {
    const tell = (news: GroupNews): void => {
      this.#news.push(news);
      this.#wake.ring();
    };
    return {
      changed: () => this.#changed(),
      fenced: ({ of: { topic, ref }, from, to, code }) =>
        tell({ type: "fenced", topic, partition: ref.partition, from, to, code }),
      failed: (error, final) => {
        if (!final) return tell({ type: "failed", error: error.toBody() });
        this.failure = error;
        this.#deps.onChange();
      },
      heartbeat: (facts) => tell({ type: "heartbeat", ...facts }),
    };
  }

  #changed(): void {
    if (this.#closed) return;
    const owned = this.membership.owned().filter((of) => !this.#released.has(of));
    const unknown = this.#deps.assignment.own(owned);
    this.#version += 1;
    this.#wake.ring();
    this.#deps.onChange();
    // Nobody works on what is not known here.
    this.#letGo(unknown.filter(({ state }) => state === "leaving"));
  }

  #letGo(gone: readonly Ownership[]): void {
    if (gone.length === 0) return;
    for (const of of gone) this.#released.add(of);
    this.membership.release(gone);
  }

  #view(): GroupView {
    const { memberId, joined, protocol, holding } = this.membership;
    const owned: OwnedPartition[] = [];
    for (const { topic, ref, ownership, ownedAs } of this.#deps.assignment.partitions.values())
      if (ownership !== null && ownership.state !== "lost")
        owned.push({ topic, partition: ref.partition, ownership: ownedAs, leaving: ownership.state === "leaving" });
    return { version: this.#version, memberId, joined, protocol, holding, owned };
  }
}
