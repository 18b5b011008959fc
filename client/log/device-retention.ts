/**
 * Retention on the device, as Kafka's: by partition, whole rows, and never so much that less than the policy's stays.
 * What was not consumed goes as well; whoever reads from below goes on where the device begins.
 */
import type { Clock } from "../../shared/clock.ts";
import type { Offset } from "../../shared/brands.ts";
import { readBounded } from "./bounded-read.ts";
import type { PartitionRef } from "./device-log.ts";
import { dropOldest, heldRow, type HeldRow } from "./held-rows.ts";
import { entriesBetween, partitionKey } from "./keys.ts";
import type { LogRow, PartitionRow, TopicRetention, TopicRow } from "./rows.ts";
import type { Store } from "./store.ts";

const READ = { bytesMax: 4 * 1024 * 1024, countMax: 64 };

/** What was seen of a partition, so that its rows are not read again in every round. */
interface Seen {
  readonly leaderEpoch: number;
  /** Of the edge's log: where it moves, rows went without us. */
  readonly logStartOffset: Offset | null;
  /** Of the rows below `upTo`. Rows that came twice may be counted twice until the worker ends. */
  bytes: number;
  upTo: Offset;
  /** The oldest row, where it was not due yet. */
  oldest: HeldRow | null;
}

export class DeviceRetention {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #seen = new Map<string, Seen>();

  constructor(options: { readonly store: Store; readonly clock: Clock }) {
    this.#store = options.store;
    this.#clock = options.clock;
  }

  /** How many bytes went. */
  async apply(topic: TopicRow, ref: PartitionRef, signal: AbortSignal): Promise<number> {
    const { retention, local } = topic;
    const row = await this.#row(ref);
    if (retention === undefined || row === undefined) return 0;
    const seen = this.#seenOf(ref, row, local);
    if (retention.bytes !== undefined) await this.#measure(ref, row, seen, signal);
    const now = this.#clock.now();
    const due = (one: HeldRow, partition: PartitionRow): boolean => {
      if (!isDue(one, { retention, now, partition, bytes: seen.bytes })) return false;
      seen.bytes -= one.byteLength;
      return true;
    };
    if (seen.oldest !== null && !isDue(seen.oldest, { retention, now, partition: row, bytes: seen.bytes })) return 0;
    let dropped = 0;
    while (!signal.aborted) {
      const before = seen.bytes;
      let step;
      try {
        step = await dropOldest(this.#store, ref, due, { local });
      } catch (error) {
        seen.bytes = before;
        throw error;
      }
      dropped += step.droppedBytes;
      seen.oldest = step.stays;
      if (step.stays !== null || step.droppedBytes === 0) break;
    }
    return dropped;
  }

  /** Rows of that partition were written anew. */
  forget(ref: PartitionRef): void {
    this.#seen.delete(nameOf(ref));
  }

  #seenOf(ref: PartitionRef, row: PartitionRow, local: boolean): Seen {
    const leaderEpoch = row.leaderEpoch?.counter ?? 0;
    const logStartOffset = local ? null : row.logStartOffset;
    const known = this.#seen.get(nameOf(ref));
    const same = known?.leaderEpoch === leaderEpoch && known.logStartOffset === logStartOffset;
    if (known !== undefined && same && known.upTo <= row.replicatedTo) return known;
    const seen: Seen = { leaderEpoch, logStartOffset, bytes: 0, upTo: 0 as Offset, oldest: null };
    this.#seen.set(nameOf(ref), seen);
    return seen;
  }

  async #measure(ref: PartitionRef, row: PartitionRow, seen: Seen, signal: AbortSignal): Promise<void> {
    while (seen.upTo < row.replicatedTo && !signal.aborted) {
      const range = entriesBetween(ref, seen.upTo, row.replicatedTo);
      const found = await this.#store.transact(["log"], { mode: "readonly" }, (transaction) =>
        readBounded<LogRow>(transaction, "log", range, READ),
      );
      for (const one of found.map(heldRow)) {
        seen.bytes += one.byteLength;
        seen.upTo = (one.lastOffset + 1) as Offset;
      }
      if (found.length === 0) seen.upTo = row.replicatedTo;
    }
  }

  async #row(ref: PartitionRef): Promise<PartitionRow | undefined> {
    return await this.#store.transact(["partitions"], { mode: "readonly" }, (transaction) =>
      transaction.get<PartitionRow>("partitions", partitionKey(ref)),
    );
  }
}

interface Dueness {
  readonly retention: TopicRetention;
  readonly now: number;
  readonly partition: PartitionRow;
  /** Held now, the row itself included. */
  readonly bytes: number;
}

function isDue(row: HeldRow, { retention, now, partition, bytes }: Dueness): boolean {
  const { ms, bytes: bytesKept, records } = retention;
  if (ms !== undefined && row.maxTimestamp < now - ms) return true;
  if (records !== undefined && partition.replicatedTo - row.lastOffset - 1 >= records) return true;
  return bytesKept !== undefined && bytes - row.byteLength >= bytesKept;
}

function nameOf({ topicKey, partition }: PartitionRef): string {
  return `${topicKey}/${partition}`;
}
