/**
 * Send records under an `Idempotency-Key`: what the same request has stored before is found, and is not stored again.
 *
 * Behaviour: a partition takes one batch of a request, whose row says of which request it is, so nothing else is written
 * for it; it is known for a day at least. Records without a key go where the request's key and their place in it say, so
 * that they go there again. The lowest partition is asked first: of another body it tells before the others take any.
 * A topic that grows between a request and its repetition moves keys; what moved is stored again.
 */
import type { Crc } from "../../shared/brands.ts";
import { partitionForKey } from "../../shared/murmur2.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { demandPermission } from "../access/access.ts";
import { idempotencyKeyOf, idempotencyOf, type Idempotency } from "../intake/idempotency-key.ts";
import type { OutgoingRecord } from "../intake/outgoing-record.ts";
import type { Keyless } from "../intake/partitioner.ts";
import type { BuiltRun } from "../intake/run-builder.ts";
import { take } from "../outcome.ts";
import type { AppendAnswer, AppendRequest } from "../partition/partition-port.ts";
import type { EdgePorts, KnownTopic } from "./ports.ts";
import {
  asGrown,
  prepareRecords,
  sendRecords,
  unreachable,
  type PreparedRecords,
  type RecordOutcome,
} from "./send-records.ts";

/** What Kafka answers where a duplicate is too old for its offset to be known. */
const UNKNOWN_OFFSET = -1;

interface Delivery {
  readonly ports: EdgePorts;
  readonly prepared: PreparedRecords;
  readonly idempotency: Idempotency;
  /** No record states a time: all get that of their append, the first time. */
  readonly stampTime: boolean;
}

/**
 * One outcome for each record. Throws `TOPIC_AUTHORIZATION_FAILED`, `IDEMPOTENCY_KEY_REUSED`,
 * `THROTTLING_QUOTA_EXCEEDED`.
 */
export async function sendOnce(
  ports: EdgePorts,
  topic: KnownTopic,
  records: readonly OutgoingRecord[],
  idempotency: Idempotency,
): Promise<readonly RecordOutcome[]> {
  demandPermission(ports.access, "produce", topic.name);
  ports.quota.admit("producer_byte_rate");
  const stated = records.flatMap(({ timestamp }) => (timestamp === null ? [] : [timestamp]));
  const stampTime = stated.length === 0;
  // The same each time the request comes, whenever that is.
  const now = stampTime ? 0 : Math.max(...stated);
  const grown = await asGrown(ports, topic, records);
  const prepared = prepareRecords(ports, grown, records, { keyless: byRequest(idempotency.key), now });
  const delivery = { ports, prepared, idempotency, stampTime };
  const [first, ...others] = Array.from(prepared.runs).toSorted(([a], [b]) => a - b);
  if (first !== undefined) await deliver(delivery, ...first);
  const rest = await Promise.allSettled(others.map(async (one) => await deliver(delivery, ...one)));
  for (const one of rest) if (one.status === "rejected") throw one.reason;
  for (const outcome of prepared.outcomes)
    if (outcome !== undefined && outcome.error !== null) ports.refused(outcome.error.code);
  return prepared.outcomes as readonly RecordOutcome[];
}

/** Under the request's `Idempotency-Key`, where it has one. Throws what `sendOnce` and `sendRecords` do. */
export async function sendRequest(
  ports: EdgePorts,
  topic: KnownTopic,
  records: readonly OutgoingRecord[],
  { headers, body }: { readonly headers: Headers; readonly body: Uint8Array },
): Promise<readonly RecordOutcome[]> {
  const key = idempotencyKeyOf(headers);
  if (key === null) return await sendRecords(ports, topic, records);
  return await sendOnce(ports, topic, records, await idempotencyOf(ports.caller, key, body));
}

/** A stream is answered while it comes in, and what it will be is not known before. Throws `INVALID_REQUEST`. */
export function refuseIdempotencyKey(headers: Headers): void {
  if (idempotencyKeyOf(headers) === null) return;
  const said = "Idempotency-Key: not of a stream, whose records are answered one by one";
  throw new StrandlineError("INVALID_REQUEST", said, { field: "Idempotency-Key" });
}

function byRequest(key: string): Keyless {
  return (index, partitionCount) => partitionForKey(bytesOf(`${key}\n${index}`), partitionCount);
}

/** Throws `IDEMPOTENCY_KEY_REUSED`; what fails otherwise is told of each record. */
async function deliver(delivery: Delivery, partition: number, runs: readonly BuiltRun[]): Promise<void> {
  const { ports, prepared, idempotency } = delivery;
  const { topic, outcomes, timestamps } = prepared;
  const [run] = runs;
  if (run === undefined) return;
  let answer: AppendAnswer;
  try {
    if (runs.length > 1 || run.batches.length > 1) throw tooMany(partition);
    answer = take(await ports.partition(topic, partition).append(requestOf(delivery, run)));
  } catch (thrown) {
    const error = thrown instanceof StrandlineError ? thrown : unreachable(topic, partition, thrown);
    for (const index of runs.flatMap(({ indexes }) => indexes)) outcomes[index] = { error, partition };
    return;
  }
  const code = answer.error?.code;
  if (code === "SEQUENCE_CONFLICT" || code === "DUPLICATE_SEQUENCE_NUMBER")
    throw new StrandlineError("IDEMPOTENCY_KEY_REUSED", `partition ${partition}`, { key: idempotency.key, partition });
  const error = answer.error === null ? null : new StrandlineError(answer.error.code, answer.error.said);
  for (const [delta, index] of run.indexes.entries()) {
    const offset = answer.baseOffset === null ? UNKNOWN_OFFSET : answer.baseOffset + delta;
    const timestamp = answer.logAppendTime ?? (delivery.stampTime ? null : (timestamps[index] ?? null));
    outcomes[index] = error === null ? { error, partition, offset, timestamp } : { error, partition };
  }
}

function requestOf({ idempotency, stampTime }: Delivery, { bytes, batches }: BuiltRun): AppendRequest {
  const { producerId, digest } = idempotency;
  const crc: Crc = seal(bytes, 0, { producerId, baseSequence: 0 });
  return {
    bytes,
    batches: batches.map((batch) => ({ ...batch, crc })),
    leaderEpoch: null,
    producer: { kind: "device", id: producerId, firstSequence: 0, chainBefore: digest },
    stampTime,
  };
}

function tooMany(partition: number): StrandlineError {
  const said = `more than one batch for partition ${partition}: with an Idempotency-Key each partition takes one`;
  return new StrandlineError("RECORD_LIST_TOO_LARGE", said, { partition });
}
