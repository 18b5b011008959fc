/** What a member of a group at the edge was granted in one life, and what became of it. */
import type { AssignedTopic, TopicPartitions } from "../../shared/api/groups.ts";
import type { LeaderEpoch, Offset, Partition, TopicId } from "../../shared/brands.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { TopicRow } from "../log/rows.ts";
import { positionOf } from "./edge-metadata.ts";
import type { GroupPosition, Ownership } from "./group-membership.ts";

type Owned = { -readonly [Key in keyof Ownership]: Ownership[Key] };

export interface Share {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly partition: number;
  /** Null: the device does not know the topic yet, so that nobody here can work on it. */
  of: Owned | null;
  /** The group's offset as it stands for this member: at the partition, or kept on the device. Null: none. */
  position: GroupPosition | null;
  /** Under which leader epoch it was committed. */
  leaderEpoch: LeaderEpoch | null;
  /** What the partition is known to hold. Null: nothing. */
  acked: Offset | null;
  /** No heartbeat was answered yet that named it. */
  fresh: boolean;
}

export class EdgeShares {
  readonly #byName = new Map<string, Share>();
  readonly #byOwnership = new WeakMap<Ownership, Share>();

  owned(): readonly Ownership[] {
    return [...this.#byName.values()].flatMap(({ of }) => of ?? []);
  }

  /** Also of one that is lost. */
  get(of: Ownership): Share | undefined {
    return this.#byOwnership.get(of);
  }

  /** As a heartbeat says it. */
  named(): TopicPartitions[] {
    const topics = new Map<TopicId, number[]>();
    for (const { topicId, partition } of this.#byName.values())
      topics.set(topicId, [...(topics.get(topicId) ?? []), partition]);
    return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions }));
  }

  /** What the heartbeat that named `named` was answered. Answers what is to be let go of from now on. */
  assign(assignment: readonly AssignedTopic[], named: readonly TopicPartitions[]): Ownership[] {
    for (const name of namesOf(named)) {
      const share = this.#byName.get(name);
      if (share !== undefined) share.fresh = false;
    }
    const granted = new Set<string>();
    for (const { topicId, topic, partitions } of assignment)
      for (const { partition, committed } of partitions) {
        const name = nameOf(topicId, partition);
        granted.add(name);
        this.#grant(name, { topicId, topic, partition }, committed);
      }
    const leaving: Ownership[] = [];
    for (const [name, share] of this.#byName) {
      if (granted.has(name)) continue;
      // Nobody has worked on it.
      if (share.of === null) this.#byName.delete(name);
      else if (share.of.state === "theirs") {
        share.of.state = "leaving";
        leaving.push(share.of);
      }
    }
    return leaving;
  }

  /**
   * One that is not told where the group is, and is not here, was granted before and not heard of: it is told again with
   * the next heartbeat, which does not name it.
   */
  #grant(
    name: string,
    place: Pick<Share, "topicId" | "topic" | "partition">,
    committed: AssignedTopic["partitions"][number]["committed"],
  ): void {
    const held = this.#byName.get(name);
    if (committed === undefined) return;
    // Somebody else has gone on with it since: it was taken away meanwhile, and what is known of it here is old.
    const isOvertaken = held !== undefined && !held.fresh && (committed?.offset ?? 0) > (held.position?.offset ?? 0);
    if (held !== undefined && !isOvertaken) return;
    if (held !== undefined) this.#lose(name, held);
    this.#byName.set(name, {
      ...place,
      of: null,
      position: committed === null ? null : positionOf(committed),
      leaderEpoch: committed?.leaderEpoch ?? null,
      acked: committed === null ? null : (committed.offset as Offset),
      fresh: true,
    });
  }

  /** Names of topics that are still to become known. */
  resolve(topics: readonly TopicRow[]): string[] {
    const unknown = new Set<string>();
    for (const share of this.#byName.values()) {
      if (share.of !== null) continue;
      const { topicId, topic, partition } = share;
      const row = topics.find((one) => one.topicId === topicId && !one.retired);
      if (row === undefined || partition >= (row.partitionCount ?? 0)) {
        unknown.add(topic);
        continue;
      }
      share.of = { topic, ref: { topicKey: row.topicKey, partition: partition as Partition }, state: "theirs" };
      this.#byOwnership.set(share.of, share);
    }
    return [...unknown];
  }

  /** True: some of it was there to be let go of. */
  release(of: readonly Ownership[]): boolean {
    return of.filter((each) => each.state === "leaving" && this.lose(each)).length > 0;
  }

  /** True: it was not lost before. */
  lose(of: Ownership): boolean {
    const share = this.#byOwnership.get(of);
    if (share?.of !== of || of.state === "lost") return false;
    this.#lose(nameOf(share.topicId, share.partition), share);
    return true;
  }

  loseAll(): void {
    for (const [name, share] of [...this.#byName]) this.#lose(name, share);
  }

  #lose(name: string, share: Share): void {
    if (share.of !== null) share.of.state = "lost";
    this.#byName.delete(name);
  }
}

/** Of what was refused while it was kept. */
export interface FencedRange {
  readonly of: Ownership;
  readonly from: Offset | null;
  readonly to: Offset;
  readonly code: ErrorCode;
}

function nameOf(topicId: TopicId, partition: number): string {
  return `${topicId}/${partition}`;
}

function namesOf(named: readonly TopicPartitions[]): string[] {
  return named.flatMap(({ topicId, partitions }) => partitions.map((partition) => nameOf(topicId, partition)));
}
