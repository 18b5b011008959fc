/** The edge of one topic as a model: partitions that may be restored from older copies, and the read of them. */
import type { RecordSource } from "../../client/consumer/record-source.ts";
import type { DeviceLog } from "../../client/log/open-device.ts";
import type { EdgeClient, FetchedPayloads } from "../../client/sync/edge-client.ts";
import { RemoteReplica } from "../../client/sync/remote-replica.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { FetchPartition, FetchPartitionAnswer, FetchRequest } from "../../shared/api/fetch.ts";
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { runAt } from "./log/fetched-run.ts";

export interface Made {
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

/** A batch of one record at each offset. */
export class EdgePartition {
  readonly log: Made[] = [];
  /** Where each restored copy ended; its index is the epoch before. */
  readonly cuts: number[] = [];

  get epoch(): number {
    return this.cuts.length + 1;
  }

  get leaderEpoch(): LeaderEpoch {
    return { counter: this.epoch, random: 1 } as LeaderEpoch;
  }

  restore(to: number): void {
    this.log.length = to;
    this.cuts.push(to);
  }

  /** Up to where who knows that epoch holds what stands here. */
  divergence(epoch: number): number {
    return Math.min(Infinity, ...this.cuts.slice(epoch - 1));
  }

  batches(from: number, countMax: number): Uint8Array<ArrayBuffer>[] {
    return this.log.slice(from, from + countMax).map(({ key, value, timestamp }) => {
      const encoder = new RecordBatchEncoder();
      encoder.append({ key, value, timestamp });
      return encoder.finish();
    });
  }
}

/** The latest record of each key by time, in words. */
export function latestOf(partitions: readonly EdgePartition[]): string {
  const latest = new Map<string, Made>();
  for (const { log } of partitions)
    for (const record of log) {
      const held = latest.get(record.key);
      if (held === undefined || record.timestamp > held.timestamp) latest.set(record.key, record);
    }
  return [...latest.values()]
    .filter(({ value }) => value !== null)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => `${key}=${value}`)
    .join(" ");
}

const BATCHES_PER_FETCH = 5;

/** Reads those partitions as a device that stores nothing of them does. */
export class EdgeReads {
  readonly #partitions: readonly EdgePartition[];
  #changed = Promise.withResolvers<void>();
  /** Records that were asked for and brought. */
  brought = 0;

  constructor(partitions: readonly EdgePartition[]) {
    this.#partitions = partitions;
  }

  /** Something was appended, or restored: whoever waits is answered, after a while. */
  changed(afterMs: number): void {
    void systemClock.sleep(afterMs).then(() => {
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  source({ catalog }: DeviceLog, { clock, random }: { readonly clock: Clock; readonly random: Random }): RecordSource {
    return new RemoteReplica({
      catalog,
      clock,
      random,
      edge: { fetch: (asked: FetchRequest, signal: AbortSignal) => this.#fetch(asked, signal) } as EdgeClient,
      sessionId: "reader",
      retry: { initialRetryTimeMs: 1, maxRetryTimeMs: 4 },
      askTopics: async () => [],
      reached: () => {},
      refused: () => {},
      truncated: () => {},
      damaged: () => {},
      unknown: () => {},
    });
  }

  async #fetch({ partitions, maxWaitMs }: FetchRequest, signal: AbortSignal): Promise<FetchedPayloads> {
    for (;;) {
      const changed = this.#changed.promise;
      const answers = partitions.map((asked) => this.#answer(asked));
      if (maxWaitMs === 0 || answers.some(({ head, bytes }) => head.error !== null || bytes.byteLength > 0))
        return {
          head: { throttleTimeMs: 0, partitions: answers.map(({ head }) => head) },
          payloads: answers.map(({ bytes }) => bytes),
        };
      await new Promise<void>((resolve, reject) => {
        const over = (): void => reject(new StrandlineError("CLOSED", "by the test"));
        if (signal.aborted) over();
        signal.addEventListener("abort", over, { once: true });
        void changed.then(resolve);
      });
    }
  }

  #answer({ topicId, partition, offset, leaderEpoch }: FetchPartition): {
    readonly head: FetchPartitionAnswer;
    readonly bytes: Uint8Array;
  } {
    const edge = this.#partitions[partition] as EdgePartition;
    const highWatermark = edge.log.length;
    const bounds = { leaderEpoch: edge.leaderEpoch, logStartOffset: 0, highWatermark, lastStableOffset: highWatermark };
    const divergence = edge.divergence(leaderEpoch?.counter ?? edge.epoch);
    const error =
      offset > divergence
        ? new StrandlineError("TRUNCATED", "restored", { divergence })
        : offset > highWatermark
          ? new StrandlineError("OFFSET_OUT_OF_RANGE", "behind the end")
          : null;
    const some = error === null ? edge.batches(offset, BATCHES_PER_FETCH) : [];
    const { bytes } = runAt({ topicKey: 0 as never, partition: 0 as never }, offset, some);
    this.brought += some.length;
    const nextOffset = offset + some.length;
    const head = { topicId, partition, ...bounds, nextOffset, error: error?.toBody() ?? null, bytes: bytes.byteLength };
    return { head, bytes };
  }
}
