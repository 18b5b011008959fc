/** One step of a partition's outbox, within a transaction: what the edge holds or refused leaves `pending`. */
import { assert } from "../../shared/assert.ts";
import { NO_CHAIN, type Crc, type LeaderEpoch, type LocalSequence, type Offset } from "../../shared/brands.ts";
import { batchMaxTimestamp, patchLogPosition } from "../../shared/record-batch.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { isWhole } from "./batch-codec.ts";
import type { OutboxStep, PartitionRef, SettledBatch } from "./device-log.ts";
import { buriedKey, entriesBetween, entryKey, partitionKey } from "./keys.ts";
import { plus, withAckedRange, withPendingBytes } from "./partition-row.ts";
import { withoutDrained } from "./send-gate.ts";
import type { BuriedRow, DeadLetterRow, LogRow, PartitionRow, PendingRow, ProducerIdentity, TopicRow } from "./rows.ts";
import type { StoreName, StoreTransaction } from "./store.ts";

export const SETTLE_STORES: readonly StoreName[] = ["meta", "topics", "partitions", "pending", "log", "deadLetters"];

/** Where the edge writes its own time into a batch, what it stores differs from what was sent: only a fetch brings that. */
const TIMESTAMP_TYPE = "message.timestamp.type";

export async function settle(
  transaction: StoreTransaction,
  ref: PartitionRef,
  step: OutboxStep,
  options: {
    readonly diedAt: number;
    /** False: what was committed only leaves `pending`; the replica fetches it like all else. */
    readonly mayAdopt: boolean;
  },
): Promise<PartitionRow | null> {
  const { diedAt, mayAdopt } = options;
  const [topic, row] = await Promise.all([
    transaction.get<TopicRow>("topics", ref.topicKey),
    transaction.get<PartitionRow>("partitions", partitionKey(ref)),
  ]);
  if (row === undefined || row.identity === null || !stands(row, step)) return null;
  const end = endOf(step);
  const adopts = mayAdopt && topic?.followed === true && topic.config[TIMESTAMP_TYPE] !== "LogAppendTime";
  let next = row;
  for (const batch of step.settled)
    next = await settleBatch(transaction, ref, next, { batch, identity: row.identity, step, adopts, diedAt });
  if (end > row.ackedLocalSequence)
    void transaction.delete("pending", entriesBetween(ref, row.ackedLocalSequence, end));
  // What blocked is settled where anything is.
  const { blocked, ...free } = next;
  next = {
    ...(end > row.ackedLocalSequence || blocked === undefined ? free : { ...free, blocked }),
    ackedLocalSequence: end,
    ackedChain: step.successor === null ? step.chain : NO_CHAIN,
    identity: step.successor ?? row.identity,
    leaderEpoch: step.leaderEpoch ?? row.leaderEpoch,
  };
  next = withPendingBytes(next, -step.settled.reduce((sum, { bytes }) => sum + bytes, 0));
  void transaction.put("partitions", partitionKey(ref), next);
  if (topic?.draining?.flat().some(({ partition, to }) => partition === ref.partition && to <= end) === true)
    void transaction.put("topics", ref.topicKey, withoutDrained(topic, ref.partition, end));
  return next;
}

/** Whether the outbox is still the one the step was decided for. An answer of an older leader epoch proves nothing. */
function stands(row: PartitionRow, { expected, leaderEpoch }: OutboxStep): boolean {
  if (row.identity?.producerKey !== expected.producerKey || row.ackedLocalSequence !== expected.ackedLocalSequence)
    return false;
  return !isOlder(leaderEpoch, row.leaderEpoch);
}

function isOlder(told: LeaderEpoch | null, known: LeaderEpoch | null): boolean {
  return told !== null && known !== null && told.counter < known.counter;
}

function endOf({ expected, settled }: OutboxStep): LocalSequence {
  let end = expected.ackedLocalSequence;
  for (const batch of settled) {
    assert(batch.localSequence === end, "settled batches are consecutive from the acked sequence");
    end = plus(end, batch.count);
  }
  return end;
}

interface Settling {
  readonly batch: SettledBatch;
  readonly identity: ProducerIdentity;
  readonly step: OutboxStep;
  readonly adopts: boolean;
  readonly diedAt: number;
}

async function settleBatch(
  transaction: StoreTransaction,
  ref: PartitionRef,
  row: PartitionRow,
  settling: Settling,
): Promise<PartitionRow> {
  const { batch, adopts } = settling;
  const { outcome, localSequence, count } = batch;
  if (outcome.kind === "dead") {
    const pending = await transaction.get<PendingRow>("pending", entryKey(ref, localSequence));
    assert(pending !== undefined, "a batch above the acked sequence is pending");
    if (row.blocked?.localSequence === localSequence && row.blocked.discarded === true) {
      const buried: BuriedRow = { count, error: row.blocked.error, sentAgainAs: null };
      void transaction.put("meta", buriedKey(ref, localSequence), buried);
      return row;
    }
    const dead: DeadLetterRow = { ...pending, diedAt: settling.diedAt, error: outcome.error };
    void transaction.put("deadLetters", entryKey(ref, localSequence), dead);
    return row;
  }
  const { baseOffset } = outcome;
  if (baseOffset === null) return row;
  const known = {
    ...row,
    ackedRanges: withAckedRange(row.ackedRanges, { localSequence, count, baseOffset }),
    highWatermark: Math.max(row.highWatermark, baseOffset + count) as Offset,
  };
  // Below `replicatedTo` the replica has it already, perhaps within a longer run that must not be replaced.
  if (!adopts || baseOffset < row.replicatedTo) return known;
  return await adopt(transaction, ref, known, baseOffset, settling);
}

/** The batch goes to `log` as the edge stores it. Readable as committed once all before it is there. */
async function adopt(
  transaction: StoreTransaction,
  ref: PartitionRef,
  row: PartitionRow,
  baseOffset: Offset,
  settling: Settling,
): Promise<PartitionRow> {
  const { batch, identity, step } = settling;
  const pending = await transaction.get<PendingRow>("pending", entryKey(ref, batch.localSequence));
  // Sealing computes a new CRC: what was damaged since it was sent must come from the edge.
  if (pending === undefined || !isWhole(pending)) return row;
  const { bytes } = pending;
  const baseSequence = batch.localSequence - identity.sequenceBase;
  const crc = seal(bytes, 0, { producerId: identity.producerId, baseSequence }) as Crc;
  const leaderEpoch = step.leaderEpoch ?? row.leaderEpoch;
  patchLogPosition(bytes, 0, { baseOffset, leaderEpoch: leaderEpoch?.counter ?? 0 });
  const end = plus(baseOffset, batch.count);
  const lastOffset = plus(end, -1);
  if (baseOffset !== row.replicatedTo) {
    void transaction.put("log", entryKey(ref, baseOffset), { bytes, lastOffset } satisfies LogRow);
    return row;
  }
  const maxTimestamp = Math.max(row.maxTimestamp ?? -1, batchMaxTimestamp(bytes, 0));
  void transaction.put("log", entryKey(ref, baseOffset), { bytes, lastOffset, maxTimestamp } satisfies LogRow);
  return { ...row, replicatedTo: end, replicatedCrc: crc, maxTimestamp };
}
