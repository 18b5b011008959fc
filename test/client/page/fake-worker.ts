/** Answers packs as a worker does, in its own time, and keeps what it was sent. */
import type { Clock } from "../../../shared/clock.ts";
import { readBatch, records } from "../../../shared/record-batch-decode.ts";
import { createLogger, logLevel } from "../../../client/page/logger.ts";
import { Packer } from "../../../client/page/packer.ts";
import { PartitionCounts } from "../../../client/page/partition-counts.ts";
import { PageProducer } from "../../../client/page/producer.ts";
import type { ProducerOptions } from "../../../client/page/producer-options.ts";
import type { AskReceipt } from "../../../client/page/receipt.ts";
import type { AskTopic } from "../../../client/page/topic-check.ts";
import { nextTask, systemClock } from "../../../client/web-ports.ts";
import type { Pack, PartAck } from "../../../client/calls/append-calls.ts";
import type { Random } from "../../../shared/random.ts";

const text = new TextDecoder();

export interface SeenPack {
  readonly bytes: number;
  readonly durability: string;
  readonly compression: string;
  readonly parts: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly partitionCount: number;
    readonly bytes: number;
    readonly values: readonly string[];
  }[];
}

export class FakeWorker {
  readonly packs: SeenPack[] = [];
  readonly counts = new Map<string, number | null>();
  asked: string[] = [];
  /** Of the edge: then no base offsets are known. */
  local = true;
  answerReceipt: AskReceipt = async () => ({ kind: "unknown" });
  readonly #next = new Map<string, number>();
  #hold: PromiseWithResolvers<void> | null = null;
  failNext: Error | null = null;
  askTopic: AskTopic = { exists: async () => true, refresh: async () => null };
  /** The buffers of the batches, in order. */
  readonly batches: { readonly partition: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];

  hold(): () => void {
    const hold = Promise.withResolvers<void>();
    this.#hold = hold;
    return () => {
      this.#hold = null;
      hold.resolve();
    };
  }

  packer(clock: Clock = systemClock): Packer {
    const ask = async (topic: string): Promise<number | null> => {
      this.asked.push(topic);
      return this.counts.get(topic) ?? null;
    };
    return new Packer({ append: (pack) => this.#append(pack), counts: new PartitionCounts(ask), clock, nextTask });
  }

  producer(
    options: ProducerOptions = {},
    random: Random = { next: () => 0, bytes: () => new Uint8Array() },
  ): PageProducer {
    const lost: unknown[] = [];
    return new PageProducer(
      {
        packer: this.packer(),
        connect: async () => {},
        askReceipt: (place, timeoutMs) => this.answerReceipt(place, timeoutMs),
        clock: systemClock,
        random,
        onLost: (error) => lost.push(error),
        askTopic: this.askTopic,
        logger: createLogger({ namespace: "test", level: logLevel.NOTHING, now: () => 0 }),
      },
      options,
    );
  }

  async #append(pack: Pack): Promise<PartAck[]> {
    const acks = pack.parts.map(({ topic, partition, start, end }): PartAck => {
      const name = `${topic}-${partition}`;
      const localSequence = this.#next.get(name) ?? 0;
      this.#next.set(name, localSequence + valuesOf(new Uint8Array(pack.buffer, start, end - start)).length);
      return { partition, localSequence, baseOffset: this.local ? localSequence : null };
    });
    for (const { partition, start, end } of pack.parts)
      this.batches.push({ partition, bytes: new Uint8Array(pack.buffer.slice(start, end)) });
    const parts = pack.parts.map(({ topic, partition, partitionCount, start, end }) => ({
      topic,
      partition,
      partitionCount,
      bytes: end - start,
      values: valuesOf(new Uint8Array(pack.buffer, start, end - start)),
    }));
    this.packs.push({
      bytes: pack.buffer.byteLength,
      durability: pack.durability,
      compression: pack.compression,
      parts,
    });
    await this.#hold?.promise;
    if (this.failNext === null) return acks;
    const error = this.failNext;
    this.failNext = null;
    throw error;
  }
}

function valuesOf(bytes: Uint8Array): string[] {
  // The worker writes the CRC: here it is not there yet.
  const reading = readBatch(bytes, 0, { crc: false });
  if (!reading.ok) throw new Error(reading.damage.reason);
  return Array.from(records(reading.batch), ({ value }) => (value === null ? "" : text.decode(value)));
}
