/** Where a session begins with a partition, and with the device's own pending records of one. */
import type { LocalSequence, Offset, TopicKey } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerNews } from "../calls/consumer-calls.ts";
import type { GroupMembership } from "../group/group-membership.ts";
import type { PartitionRef, Replica, TopicCatalog } from "../log/device-log.ts";
import type { OwnRecords } from "../log/own-log.ts";
import type { PartitionRow } from "../log/rows.ts";
import { noting, type AssignedPartition, type TimeLookup } from "./assigned-partition.ts";

export interface StartDeps {
  readonly replica: Replica;
  readonly own: OwnRecords;
  readonly catalog: TopicCatalog;
  /** Null: of no group. */
  readonly membership: () => GroupMembership | null;
  readonly fromBeginning: (topic: string) => boolean;
  readonly onMore: (refs: readonly PartitionRef[]) => void;
  readonly onNews: (news: ConsumerNews) => void;
}

export class Starts {
  readonly #deps: StartDeps;
  /** Where a consumer of a topic that was not known began to show what waits. */
  readonly #waitingStarts = new Map<TopicKey, LocalSequence>();

  constructor(deps: StartDeps) {
    this.#deps = deps;
  }

  async startOf(assigned: AssignedPartition): Promise<Offset | null> {
    const { ref, source, topic, start } = assigned;
    const wanted = "at" in start && start.at === "group" ? this.#groupStart(assigned) : start;
    if (typeof wanted === "number") return wanted;
    assigned.start = wanted;
    const [row] = await source.rows([ref]);
    if ("at" in wanted && wanted.at === "earliest") return row?.logStartOffset ?? (0 as Offset);
    if ("timestamp" in wanted) {
      if (source.offsetForTime === undefined)
        throw new StrandlineError("UNSUPPORTED_OPERATION", `${topic} is read through: it has no seek by time`, {
          topic,
        });
      if (!source.local) return row?.leaderEpoch == null ? null : this.#lookedUp(assigned, wanted.timestamp, row);
      const found = await source.offsetForTime(ref, wanted.timestamp);
      if (found !== null) return found;
      // The record may be among those that are still to come to the replica.
      if (row !== undefined && row.replicatedTo < row.highWatermark) return null;
    }
    const topicRow = await this.#deps.catalog.byName(topic);
    if (topicRow?.local === true) return row?.highWatermark ?? (0 as Offset);
    // Not heard of yet: `latest` is decided when the edge first tells where the log ends.
    return row === undefined || row.leaderEpoch === null ? null : row.highWatermark;
  }

  /** Null: it is told once it is here. The other partitions are read meanwhile, and offline they may be all there is. */
  #lookedUp(assigned: AssignedPartition, timestamp: number, { highWatermark: end }: PartitionRow): Offset | null {
    const { ref, source, seeks } = assigned;
    if (assigned.lookup?.seeks === seeks) {
      const { answer, end: before } = assigned.lookup;
      if (answer === null) return null;
      assigned.lookup = null;
      if ("error" in answer) throw answer.error;
      return answer.offset ?? before;
    }
    const lookup: TimeLookup = { seeks, end, answer: null };
    assigned.lookup = lookup;
    const tell = (answer: TimeLookup["answer"]): void => {
      lookup.answer = answer;
      this.#deps.onMore([ref]);
    };
    void source.offsetForTime?.(ref, timestamp).then(
      (offset) => tell({ offset }),
      (error: unknown) => tell({ error }),
    );
    return null;
  }

  async join(assigned: AssignedPartition): Promise<void> {
    const { ownership, joins } = assigned;
    const note = noting(assigned);
    const start = ownership === null ? null : ((await this.#deps.membership()?.position(ownership)) ?? null);
    note(start?.offset ?? null);
    if (assigned.joins === joins) assigned.groupStart = start;
  }

  /** The group's committed offset; without one the beginning or, as Kafka's `latest`, the end as far as it is known. */
  #groupStart(assigned: AssignedPartition): Offset | { readonly at: "latest" | "earliest" } {
    const { topic, groupStart } = assigned;
    if (groupStart === null) return this.#otherwise(assigned);
    const { offset: to, readFrom, cutFrom: from } = groupStart;
    const { partition } = assigned.ref;
    if (from !== undefined) this.#deps.onNews({ type: "reset", topic, partition, from, to, reason: "truncated" });
    // A message that was not whole when the group committed is read from its first chunk.
    if (readFrom === undefined || readFrom >= to) return to;
    assigned.handledTo = to;
    return readFrom;
  }

  /** What comes before the next owner begins would else be nobody's: the end is another one by then. */
  #otherwise(assigned: AssignedPartition): { readonly at: "latest" | "earliest" } {
    const fromBeginning = this.#deps.fromBeginning(assigned.topic);
    assigned.startsGroup = assigned.ownership !== null && !fromBeginning;
    return { at: fromBeginning || assigned.grown ? "earliest" : "latest" };
  }

  /** A consumer that begins at the end sees what is appended from now on. */
  async ownStartOf(assigned: AssignedPartition): Promise<LocalSequence> {
    const [row] = await this.#deps.replica.rows([assigned.ref]);
    const fromBeginning = this.#deps.fromBeginning(assigned.topic);
    // What is committed and readable is passed by.
    if (fromBeginning || (assigned.committed ?? null) !== null) return 0 as LocalSequence;
    const { topicKey, partition } = assigned.ref;
    const end = row?.nextLocalSequence ?? (0 as LocalSequence);
    const waitingStart = this.#waitingStarts.get(topicKey);
    if (partition < 0) this.#waitingStarts.set(topicKey, end);
    if (partition < 0 || waitingStart === undefined) return end;
    const moved = await this.#deps.own.moved(topicKey, { from: waitingStart, to: Infinity as LocalSequence });
    return (moved.find((range) => range.partition === partition)?.from as LocalSequence | undefined) ?? end;
  }
}
