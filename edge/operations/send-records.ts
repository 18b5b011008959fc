/**
 * Send records: what producers without a log of their own hand over one by one becomes batches and runs here, and is
 * appended as theirs.
 *
 * Behaviour: each record answers for itself; one that is refused (no such partition, too large, no key on a compacted
 * topic) is left out and the others go on. Partitions are written at the same time, the runs of one partition one after
 * the other, so that records keep their order. Nothing is known of the sender afterwards: a request that is repeated is
 * stored again.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { demandPermission } from "../access/access.ts";
import { asStrandlineError } from "../http-error.ts";
import { inputOf, type OutgoingRecord } from "../intake/outgoing-record.ts";
import { partitionOf, sticky, type Keyless } from "../intake/partitioner.ts";
import { RunBuilder, type BuiltRun } from "../intake/run-builder.ts";
import { log, thrownFields } from "../log.ts";
import { take } from "../outcome.ts";
import type { RunProducer } from "../partition/partition-port.ts";
import { isCompacted, maxMessageBytes } from "../topic-config.ts";
import type { EdgePorts, KnownTopic } from "./ports.ts";

export type RecordOutcome =
  | {
      readonly error: null;
      readonly partition: number;
      readonly offset: number;
      /** As it stands in the log; null: that is known to the log alone. */
      readonly timestamp: number | null;
    }
  /** `partition` null: none was found for it. `KAFKA_STORAGE_ERROR`: it may or may not have been stored. */
  | { readonly error: StrandlineError; readonly partition: number | null };

export interface SendOptions {
  /** Where records without a key go. By default to one partition, which another request changes. */
  readonly keyless?: Keyless;
  /** Of the records without a timestamp. */
  readonly now?: number;
}

/** Records that stand in batches, with the outcome of those that do not. */
export interface PreparedRecords {
  readonly topic: KnownTopic;
  readonly runs: ReadonlyMap<number, readonly BuiltRun[]>;
  readonly outcomes: (RecordOutcome | undefined)[];
  /** As they were prepared, for those that state one. */
  readonly timestamps: readonly number[];
}

/** What a partition is asked again with, or not: a run that it refused, and holds nothing of. */
export type Again = (error: StrandlineError) => Promise<boolean>;

/** One outcome for each record, in their order. Throws `TOPIC_AUTHORIZATION_FAILED`, `THROTTLING_QUOTA_EXCEEDED`. */
export async function sendRecords(
  ports: EdgePorts,
  topic: KnownTopic,
  records: readonly OutgoingRecord[],
  options: SendOptions = {},
): Promise<readonly RecordOutcome[]> {
  demandPermission(ports.access, "produce", topic.name);
  ports.quota.admit("producer_byte_rate");
  const grown = await asGrown(ports, topic, records);
  return await deliverRecords(ports, prepareRecords(ports, grown, records, options));
}

/** The topic as the controller has it now, where a record names a partition that it did not have when it was learned. */
export async function asGrown(
  ports: EdgePorts,
  topic: KnownTopic,
  records: readonly Pick<OutgoingRecord, "partition">[],
): Promise<KnownTopic> {
  if (!records.some(({ partition }) => partition !== null && partition >= topic.partitionCount)) return topic;
  return (await ports.topics.asked(topic.topicId)) ?? topic;
}

/** The part of it that waits for nothing, so that a stream can prepare while what came before is delivered. */
export function prepareRecords(
  ports: EdgePorts,
  topic: KnownTopic,
  records: readonly OutgoingRecord[],
  { keyless = sticky(), now = ports.clock.now() }: SendOptions = {},
): PreparedRecords {
  const builders = new Map<number, RunBuilder>();
  const outcomes: (RecordOutcome | undefined)[] = Array.from({ length: records.length });
  const timestamps: number[] = [];
  const keysRequired = isCompacted(topic.config);
  const batchBytesMax = maxMessageBytes(topic.config);
  for (const [index, record] of records.entries()) {
    const input = inputOf(record, now);
    timestamps.push(input.timestamp);
    let partition: number | null = null;
    try {
      partition = partitionOf(record, index, topic, keyless);
      if (keysRequired && record.key === null)
        throw new StrandlineError("INVALID_RECORD", "it has no key, and the topic is compacted");
      let builder = builders.get(partition);
      if (builder === undefined) builders.set(partition, (builder = new RunBuilder(batchBytesMax)));
      builder.add(input, index);
    } catch (thrown) {
      outcomes[index] = { error: asStrandlineError(thrown), partition };
    }
  }
  const runs = new Map(Array.from(builders, ([partition, builder]) => [partition, builder.finish()] as const));
  return { topic, runs, outcomes, timestamps };
}

const never: Again = () => Promise.resolve(false);

/** Never rejects: what fails is told of each record. */
export async function deliverRecords(
  ports: EdgePorts,
  prepared: PreparedRecords,
  again: Again = never,
): Promise<readonly RecordOutcome[]> {
  const { runs, outcomes } = prepared;
  await Promise.all(
    Array.from(runs, async ([partition, own]) => {
      for (const run of own) {
        let error = await appendRun(ports, prepared, partition, run);
        while (error !== null && (await again(error))) error = await appendRun(ports, prepared, partition, run);
        if (error !== null) for (const index of run.indexes) outcomes[index] = { error, partition };
      }
    }),
  );
  for (const outcome of outcomes)
    if (outcome !== undefined && outcome.error !== null) ports.refused(outcome.error.code);
  return outcomes as readonly RecordOutcome[];
}

const NO_PRODUCER: RunProducer = { kind: "none" };

/** Null: it stands in the log, and its records' outcomes are told. */
async function appendRun(
  ports: EdgePorts,
  { topic, outcomes, timestamps }: PreparedRecords,
  partition: number,
  { bytes, batches, indexes }: BuiltRun,
): Promise<StrandlineError | null> {
  try {
    const port = ports.partition(topic, partition);
    const answer = take(await port.append({ bytes, batches, leaderEpoch: null, producer: NO_PRODUCER }));
    const { baseOffset, logAppendTime } = answer;
    if (answer.error !== null || baseOffset === null)
      throw new StrandlineError(answer.error?.code ?? "UNKNOWN_SERVER_ERROR", answer.error?.said ?? "");
    for (const [delta, index] of indexes.entries()) {
      const timestamp = logAppendTime ?? timestamps[index] ?? 0;
      outcomes[index] = { error: null, partition, offset: baseOffset + delta, timestamp };
    }
    return null;
  } catch (thrown) {
    return thrown instanceof StrandlineError ? thrown : unreachable(topic, partition, thrown);
  }
}

/** A call between objects that failed: it may or may not have happened. */
export function unreachable({ topicId }: KnownTopic, partition: number, thrown: unknown): StrandlineError {
  log.warn("a partition could not be asked", { topicId, partition, ...thrownFields(thrown) });
  return new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
}
