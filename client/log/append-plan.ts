/**
 * Which batches a group of appends becomes: those of one partition that are small are written into one, in the order
 * in which they were asked for. Numbers within a plan count from where each partition will stand.
 */
import { UNASSIGNED } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import type { CheckedAppend } from "./append-check.ts";
import { mergeBatches, type CountedBatch } from "./batch-codec.ts";
import type { PartitionRef } from "./device-log.ts";
import { PartitionSplit } from "./partition-split.ts";
import type { PendingRow, TopicRow } from "./rows.ts";

/** Larger ones go as they are: writing them again costs more than a value of their own. */
const MERGE_BYTES_MAX = LIMITS.batchBytesMax / 4;
/** What a record may grow by when its offset and timestamp count from another base. */
const GROWTH_BYTES_PER_RECORD = 12;

/** Records that were appended without a partition and got one at once: `moved-map.ts`. */
export interface PlannedMap {
  /** Among those that `PartitionPlan` counts. */
  readonly first: number;
  readonly partitions: Uint16Array<ArrayBuffer>;
  readonly bases: readonly { readonly plan: PartitionPlan; readonly first: number }[];
}

export interface PartitionPlan {
  readonly ref: PartitionRef;
  readonly topic: TopicRow;
  readonly batches: (CountedBatch & Pick<PendingRow, "named">)[];
  readonly maps: PlannedMap[];
  count: number;
  /** Some were placed by a partition count that is no more: they go before what is appended later. */
  old: boolean;
}

/** Where one append's records stand: from `first` of the plan on. */
export interface Placed {
  readonly plan: PartitionPlan;
  readonly first: number;
  readonly count: number;
}

interface Open {
  readonly plan: PartitionPlan;
  small: CheckedAppend[];
  bytes: number;
}

export class AppendPlan {
  readonly #open = new Map<string, Open>();

  /** While the count is not known all records of a topic wait in one line, also those whose partition is named: they would overtake. */
  add(append: CheckedAppend, topic: TopicRow): Placed {
    if (topic.partitionCount === null) return this.#place(this.#at(topic, UNASSIGNED), append);
    if (append.partition === UNASSIGNED) return this.#assign(append, topic, topic.partitionCount);
    return this.#place(this.#at(topic, append.partition), append);
  }

  finish(): PartitionPlan[] {
    for (const open of this.#open.values()) flush(open);
    return [...this.#open.values()].map(({ plan }) => plan);
  }

  #at(topic: TopicRow, partition: number): Open {
    const name = `${topic.topicKey}/${partition}`;
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const ref = { topicKey: topic.topicKey, partition } as PartitionRef;
    const made: Open = { plan: { ref, topic, batches: [], maps: [], count: 0, old: false }, small: [], bytes: 0 };
    this.#open.set(name, made);
    return made;
  }

  #place(open: Open, append: CheckedAppend): Placed {
    const { plan } = open;
    const placed = { plan, first: plan.count, count: append.count };
    plan.count += append.count;
    plan.old ||= (append.partitionCount ?? Infinity) < (plan.topic.partitionCount ?? 0);
    const bytes = append.bytes.byteLength + append.count * GROWTH_BYTES_PER_RECORD;
    const merges = append.plain && bytes <= MERGE_BYTES_MAX;
    const sameLine = open.small.every(({ partition }) => partition === append.partition);
    if (!merges || !sameLine || open.bytes + bytes > LIMITS.batchBytesMax) flush(open);
    open.small.push(append);
    open.bytes += bytes;
    if (!merges) flush(open);
    return placed;
  }

  /** The append keeps a number under partition -1 as well: its caller knows no other. */
  #assign(append: CheckedAppend, topic: TopicRow, partitionCount: number): Placed {
    const waiting = this.#at(topic, UNASSIGNED).plan;
    const placed = { plan: waiting, first: waiting.count, count: append.count };
    const split = new PartitionSplit(partitionCount);
    split.add(append);
    const bases: { plan: PartitionPlan; first: number }[] = [];
    for (const { partition, batches } of split.finish()) {
      const open = this.#at(topic, partition);
      bases.push({ plan: open.plan, first: open.plan.count });
      for (const { bytes, count } of batches) this.#place(open, { ...append, bytes, count });
    }
    waiting.maps.push({ first: placed.first, partitions: split.assigned(), bases });
    waiting.count += append.count;
    return placed;
  }
}

function flush(open: Open): void {
  const { small, plan } = open;
  const [first] = small;
  const named =
    plan.ref.partition === UNASSIGNED && first !== undefined && first.partition >= 0 ? { named: first.partition } : {};
  const merged = small.length > 1 ? mergeBatches(small) : null;
  if (merged !== null) plan.batches.push({ ...merged, ...named });
  else {
    for (const { bytes, count } of small) {
      writeCrc(bytes, 0);
      plan.batches.push({ bytes, count, ...named });
    }
  }
  open.small = [];
  open.bytes = 0;
}
