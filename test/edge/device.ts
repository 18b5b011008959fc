/** A tiny device: it makes sealed batches with the real codec, keeps its chain and sends runs to the edge under test. */
import type { ProduceAnswer, ProducePartitionAnswer, ProducePartitionHead } from "../../shared/api/produce.ts";
import type { ReconcileAnswer } from "../../shared/api/reconcile.ts";
import { NO_CHAIN, type Chain, type Crc, type ProducerId, type ProducerKey } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";
import { writeEnvelope } from "../../shared/envelope.ts";
import { hexOf, producerIdOf } from "../../shared/producer-identity.ts";
import {
  BASE_SEQUENCE_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  writeInt16,
  writeInt32,
  writeInt64,
} from "../../shared/record-batch.ts";
import { RecordBatchEncoder, writeCrc } from "../../shared/record-batch-encode.ts";
import { seal } from "../../shared/record-batch-seal.ts";
import type { RecordInput } from "../../shared/record.ts";
import { call, type Place } from "./edge.ts";

export interface SealedBatch {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly count: number;
  readonly crc: Crc;
  readonly chainBefore: Chain;
}

/** An unsealed batch of these values, all at `timestamp`. */
export function plainBatch(
  values: readonly (string | Partial<RecordInput>)[],
  timestamp = 1_700_000_000_000,
): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const value of values) {
    encoder.append({ key: null, timestamp, ...(typeof value === "string" ? { value } : { value: null, ...value }) });
  }
  return encoder.finish();
}

/** A batch as one of Kafka's own producers sends it. */
export function kafkaBatch(
  values: readonly string[],
  producer: { readonly id: number; readonly epoch: number; readonly sequence: number },
): Uint8Array {
  const bytes = plainBatch(values);
  writeInt64(bytes, PRODUCER_ID_AT, producer.id);
  writeInt16(bytes, PRODUCER_EPOCH_AT, producer.epoch);
  writeInt32(bytes, BASE_SEQUENCE_AT, producer.sequence);
  writeCrc(bytes, 0);
  return bytes;
}

export class Device {
  readonly place: Place;
  readonly key: ProducerKey;
  readonly id: ProducerId;
  /** Of what was made, sent or not. */
  sequence = 0;
  chain: Chain = NO_CHAIN;

  constructor(place: Place, key: ProducerKey, id: ProducerId) {
    this.place = place;
    this.key = key;
    this.id = id;
  }

  /** A copy of the profile: the same key, the same history so far. */
  twin(): Device {
    const twin = new Device(this.place, this.key, this.id);
    twin.sequence = this.sequence;
    twin.chain = this.chain;
    return twin;
  }

  /** The next batch of this device's history. */
  batch(...values: readonly (string | Partial<RecordInput>)[]): SealedBatch {
    return this.seal(plainBatch(values), values.length);
  }

  /** The next batch, from bytes that need not be sound. */
  seal(plain: Uint8Array, count: number): SealedBatch {
    const bytes = plain.slice();
    const { sequence, chain: chainBefore } = this;
    const crc = seal(bytes, 0, { producerId: this.id, baseSequence: sequence });
    this.sequence += count;
    this.chain = nextChain(chainBefore, crc);
    return { bytes, sequence, count, crc, chainBefore };
  }

  async send(...batches: readonly SealedBatch[]): Promise<ProducePartitionAnswer> {
    return await this.sendAs({}, ...batches);
  }

  /** The run under a head that says something else. */
  async sendAs(
    head: Partial<ProducePartitionHead>,
    ...batches: readonly SealedBatch[]
  ): Promise<ProducePartitionAnswer> {
    const chain = batches[0]?.chainBefore ?? NO_CHAIN;
    return await produceRun({ ...this.place, producerKey: this.key, chain, ...head }, runOf(batches));
  }

  /** What is held of these batches; `giveUp`: the last of them is not to land any more. */
  async reconcile(batches: readonly SealedBatch[], giveUp = false): Promise<ReconcileAnswer> {
    const described = batches.map(({ count, crc }) => ({ count, crc }));
    const { topicId, name, partition } = this.place;
    const request = { topicId, producerKey: this.key, from: batches[0]?.sequence, batches: described, giveUp };
    const response = await call(`/v1/topics/${name}/partitions/${partition}/reconcile`, { json: request });
    return await response.json();
  }
}

export async function newDevice(place: Place, key?: ProducerKey): Promise<Device> {
  const producerKey = key ?? (hexOf(crypto.getRandomValues(new Uint8Array(16))) as ProducerKey);
  const id = await producerIdOf({ namespace: "default", principal: "anonymous", producerKey });
  return new Device(place, producerKey, id);
}

export function runOf(batches: readonly { readonly bytes: Uint8Array }[]): Uint8Array {
  const run = new Uint8Array(batches.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of batches) {
    run.set(bytes, at);
    at += bytes.length;
  }
  return run;
}

type RunHead = Pick<ProducePartitionHead, "topicId" | "partition"> & Partial<ProducePartitionHead>;

/** One run in a request of its own, by default of nobody. */
export async function produceRun(head: RunHead, run: Uint8Array): Promise<ProducePartitionAnswer> {
  const { topicId, partition } = head;
  const { leaderEpoch = null, producerKey = null, chain = NO_CHAIN, bytes = run.length } = head;
  const partitions = [{ topicId, partition, leaderEpoch, producerKey, chain, bytes }];
  const response = await call("/v1/produce", { body: writeEnvelope({ partitions }, [run]) });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const answer: ProduceAnswer = await response.json();
  const [only] = answer.partitions;
  if (only === undefined) throw new Error("an answer without partitions");
  return only;
}
