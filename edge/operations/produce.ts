/**
 * Produce: a run for each of many partitions.
 *
 * Behaviour: partitions are independent, each answers for itself; what of a run is refused leaves nothing behind;
 * every answer to a device producer, a refusal too, carries the proof of what the partition holds of it.
 */
import type {
  ProduceAnswer,
  ProduceHead,
  ProducePartitionAnswer,
  ProducePartitionHead,
} from "../../shared/api/produce.ts";
import type { TopicConfig } from "../../shared/api/metadata.ts";
import { NO_CHAIN, type ProducerId } from "../../shared/brands.ts";
import { readEnvelope, takePayloads } from "../../shared/envelope.ts";
import { isDeviceProducer, producerIdOf } from "../../shared/producer-identity.ts";
import { StrandlineError, type ErrorBody } from "../../shared/strandline-error.ts";
import { isCompacted, maxMessageBytes } from "../topic-config.ts";
import { demandPermission } from "../access/access.ts";
import { asStrandlineError } from "../http-error.ts";
import { log, thrownFields } from "../log.ts";
import { take } from "../outcome.ts";
import type { AppendAnswer, PartitionPort } from "../partition/partition-port.ts";
import { demand, produceHead } from "../schemas.ts";
import { partitionById, type EdgePorts } from "./ports.ts";
import { checkRun, claimedProducer, type RunLimits } from "./run-check.ts";

export interface Produced {
  readonly answer: ProduceAnswer;
  /** Over all partitions, as they are billed. */
  readonly rowsWritten: number;
}

interface PartitionProduced {
  readonly answer: ProducePartitionAnswer;
  readonly rowsWritten: number;
}

/** Throws only where the request as a whole cannot be read, or comes too soon (`THROTTLING_QUOTA_EXCEEDED`). */
export async function produce(ports: EdgePorts, body: Uint8Array): Promise<Produced> {
  ports.quota.admit("producer_byte_rate");
  const { head, payloadStart } = readEnvelope(body);
  const { partitions }: ProduceHead = demand(produceHead, head, "the head");
  const runs = takePayloads(
    body,
    payloadStart,
    partitions.map((one) => one.bytes),
  );
  const produced = await Promise.all(
    partitions.map(async (one, index) => await producePartition(ports, one, runs[index] ?? new Uint8Array())),
  );
  for (const { answer } of produced) if (answer.error !== null) ports.refused(answer.error.code);
  return {
    answer: { throttleTimeMs: ports.quota.throttleMs, partitions: produced.map(({ answer }) => answer) },
    rowsWritten: produced.reduce((sum, one) => sum + one.rowsWritten, 0),
  };
}

async function producePartition(
  ports: EdgePorts,
  head: ProducePartitionHead,
  run: Uint8Array,
): Promise<PartitionProduced> {
  let partition: PartitionPort | null = null;
  let identified: ProducerId | null = null;
  try {
    // Who may reconcile hears with a refusal what is held of its batches, and can give up the others.
    const topic = await partitionById(ports, head.topicId, head.partition, "reconcile");
    partition = ports.partition(topic, head.partition);
    identified = await identify(ports, head, run);
    demandPermission(ports.access, "produce", topic.name);
    const checked = await checkRun(run, head.chain, runLimits(topic.config));
    return answerOf(
      head,
      take(await partition.append({ bytes: forTheCall(run), leaderEpoch: head.leaderEpoch, ...checked })),
    );
  } catch (thrown) {
    const answer = await refused(head, asStrandlineError(asUnreachable(head, thrown)), partition, identified);
    return { answer, rowsWritten: 0 };
  }
}

function runLimits(config: TopicConfig): RunLimits {
  return { batchBytesMax: maxMessageBytes(config), keysRequired: isCompacted(config) };
}

/** A call carries all of the buffer that a view is of: what is nearly all of it goes as it is, or it would be copied twice. */
function forTheCall(run: Uint8Array): Uint8Array {
  return run.byteLength * 2 > run.buffer.byteLength ? run : run.slice();
}

/** The device producer that the run is proven to be of; null: none is claimed. Throws `INVALID_PRODUCER_ID_MAPPING`. */
async function identify(ports: EdgePorts, head: ProducePartitionHead, run: Uint8Array): Promise<ProducerId | null> {
  const id = claimedProducer(run)?.producerId ?? null;
  const device = id !== null && isDeviceProducer(id);
  if (head.producerKey === null) {
    if (device)
      throw new StrandlineError("INVALID_PRODUCER_ID_MAPPING", `no key for the producer ${id}`, { producerId: id });
    return null;
  }
  const expected = await cachedProducerId(ports, head.producerKey);
  if (id !== null && id !== expected)
    throw new StrandlineError("INVALID_PRODUCER_ID_MAPPING", `the key does not belong to ${id}`, { producerId: id });
  return expected;
}

async function refused(
  head: ProducePartitionHead,
  error: StrandlineError,
  partition: PartitionPort | null,
  producer: ProducerId | null,
): Promise<ProducePartitionAnswer> {
  const unasked = notAsked(head, error.toBody());
  if (partition === null || producer === null || error.retriable) return unasked;
  const proof = await partition.proof(producer).catch(() => null);
  if (proof === null || !proof.ok) return unasked;
  return { ...unasked, ...proof.value };
}

function notAsked(head: ProducePartitionHead, error: ErrorBody): ProducePartitionAnswer {
  const { topicId, partition } = head;
  return {
    topicId,
    partition,
    error,
    nextSequence: null,
    chain: NO_CHAIN,
    leaderEpoch: null,
    held: [],
    baseOffset: null,
    logAppendTime: null,
    logStartOffset: null,
    highWatermark: null,
  };
}

function answerOf(head: ProducePartitionHead, appended: AppendAnswer): PartitionProduced {
  const { topicId, partition } = head;
  const { error, rowsWritten, ...rest } = appended;
  const told = error === null ? null : new StrandlineError(error.code, error.said).toBody();
  return { answer: { topicId, partition, ...rest, error: told }, rowsWritten };
}

/** A call between objects that failed: it may or may not have happened. */
function asUnreachable({ topicId, partition }: ProducePartitionHead, thrown: unknown): unknown {
  if (thrown instanceof StrandlineError) return thrown;
  log.warn("a partition could not be asked", { topicId, partition, ...thrownFields(thrown) });
  return new StrandlineError("KAFKA_STORAGE_ERROR", "the partition could not be asked");
}

const identities = new Map<string, ProducerId>();
const IDENTITIES_MAX = 4_096;

/** A hash per request is dearer than a look-up; identities are few and never change. */
export async function cachedProducerId(
  { caller }: EdgePorts,
  producerKey: NonNullable<ProducePartitionHead["producerKey"]>,
): Promise<ProducerId> {
  const name = JSON.stringify([caller.namespace, caller.principal, producerKey]);
  const known = identities.get(name);
  if (known !== undefined) return known;
  const id = await producerIdOf({ ...caller, producerKey });
  if (identities.size >= IDENTITIES_MAX) identities.clear();
  identities.set(name, id);
  return id;
}
