/** What a consumer's loop works with, and whom it tells. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { ConsumerNews, ConsumerOptions, PollAnswer, TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { RunConfig } from "./consumer-events.ts";
import type { CallWorker } from "./consumer-link.ts";
import type { GroupWatchDeps } from "./group-watch.ts";
import type { LonePackDeps } from "./lone-pack.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { PositionBook } from "./position-book.ts";
import type { Delivery } from "./run-delivery.ts";
import type { ShownRecords } from "./shown-records.ts";

export interface FetchLimits {
  readonly bytesMax: number;
  readonly partitionBytesMax: number | null;
  readonly bytesMin: number;
  readonly waitMs: number;
}

export interface LoopDeps {
  readonly call: CallWorker;
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: { readonly initialRetryTimeMs: number; readonly maxRetryTimeMs: number };
  readonly options: ConsumerOptions;
  readonly limits: FetchLimits;
  readonly config: RunConfig;
  readonly book: PositionBook;
  readonly shown: ShownRecords;
  readonly packing: LonePackDeps;
  /** Returns the way to tell what came. */
  readonly onFetch: () => (answer: PollAnswer) => void;
  readonly onBatch: Delivery["onBatch"];
  readonly onNews: (news: Exclude<ConsumerNews, { type: "start" }>) => void;
  /** What becomes of the consumer in its group. */
  readonly tell: GroupWatchDeps["tell"];
  readonly onCommitted: (offsets: readonly TopicPartitionOffset[]) => void;
  readonly onDamage: Delivery["onDamage"];
  readonly onFenced: Delivery["onFenced"];
  readonly read: Delivery["read"];
  readonly onCrash: (error: unknown, at: Partial<TopicPartition>, retryInMs: number) => void;
}
