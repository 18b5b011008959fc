/** One polled run, to the handler: record by record or as a batch. What is not handled stays unresolved in the book. */
import type { PolledRun, TopicPartitionOffset } from "../calls/consumer-calls.ts";
import type { Batch, EachBatchPayload, RunConfig } from "./consumer-events.ts";
import { DamagedRun, messagesOf } from "./messages-of.ts";
import type { PositionBook } from "./position-book.ts";
import type { ReceivedMessage } from "./received-message.ts";

export interface Delivery {
  readonly book: PositionBook;
  readonly config: RunConfig;
  isRunning(): boolean;
  commit(): Promise<void>;
  /** A paused partition is wanted again. */
  readonly resumed: () => void;
  onDamage(run: PolledRun, damage: DamagedRun): void;
  /** Gives the messages of typed topics their data; those that are invalid are left out. */
  read(topic: string, messages: ReceivedMessage[]): ReceivedMessage[] | Promise<ReceivedMessage[]>;
}

const heartbeat = async (): Promise<void> => {};

export async function deliverRun(run: PolledRun, delivery: Delivery): Promise<void> {
  delivery.book.begin(run);
  const { eachBatch, eachMessage } = delivery.config;
  try {
    if (eachBatch !== undefined) await deliverBatch(run, delivery, eachBatch);
    else if (eachMessage !== undefined) await deliverMessages(run, delivery, eachMessage);
  } catch (error) {
    if (!(error instanceof DamagedRun)) throw error;
    // Reading it again would find the same bytes: it is told, and passed by.
    delivery.onDamage(run, error);
    delivery.book.resolve(run, run.to);
  }
}

async function deliverMessages(
  run: PolledRun,
  delivery: Delivery,
  eachMessage: NonNullable<RunConfig["eachMessage"]>,
): Promise<void> {
  const { book } = delivery;
  const { topic, partition } = run;
  const pause = pauser(run, delivery);
  for await (const some of messagesOf(run)) {
    for (const message of await delivery.read(topic, book.chunks.whole(some))) {
      if (!delivery.isRunning() || !book.wanted(run)) return;
      await eachMessage({ topic, partition, message, heartbeat, pause });
      book.resolve(run, message.offset + 1);
    }
  }
  // Compaction may have taken the last records of the run.
  book.resolve(run, run.to);
}

async function deliverBatch(
  run: PolledRun,
  delivery: Delivery,
  eachBatch: NonNullable<RunConfig["eachBatch"]>,
): Promise<void> {
  const { book, config } = delivery;
  const messages: ReceivedMessage[] = [];
  for await (const some of messagesOf(run))
    for (const message of await delivery.read(run.topic, book.chunks.whole(some))) messages.push(message);
  if (!delivery.isRunning() || !book.wanted(run)) return;
  const payload: EachBatchPayload = {
    batch: batchOf(run, messages),
    resolveOffset: (offset) => book.resolve(run, offset + 1),
    heartbeat,
    commitOffsetsIfNecessary: () => delivery.commit(),
    uncommittedOffsets: (): readonly TopicPartitionOffset[] => book.uncommitted(),
    isRunning: () => delivery.isRunning(),
    isStale: () => !book.wanted(run),
    pause: pauser(run, delivery),
  };
  if (messages.length > 0) await eachBatch(payload);
  if (config.eachBatchAutoResolve !== false || messages.length === 0) book.resolve(run, run.to);
}

function pauser({ topic, partition }: PolledRun, { book, resumed }: Delivery): () => () => void {
  return () => {
    book.pause(topic, [partition]);
    return () => {
      book.resume(topic, [partition]);
      resumed();
    };
  };
}

function batchOf({ topic, partition, highWatermark }: PolledRun, messages: readonly ReceivedMessage[]): Batch {
  const last = messages.at(-1)?.offset ?? null;
  return {
    topic,
    partition,
    highWatermark,
    messages,
    isEmpty: () => messages.length === 0,
    firstOffset: () => messages[0]?.offset ?? null,
    lastOffset: () => last,
    offsetLag: () => (last === null ? 0 : Math.max(0, highWatermark - 1 - last)),
  };
}
