/** The codec nobody here wrote: kafkajs's encoder and decoder of record batches, typed as far as the tests use them. */
import { createRequire } from "node:module";

const load = createRequire(import.meta.url);

export interface KafkajsRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer | string | (Buffer | string)[]>;
  readonly offset: string;
  readonly timestamp: string;
}

interface KafkajsBatch {
  readonly firstOffset: string;
  readonly firstSequence: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly lastOffsetDelta: number;
  readonly maxTimestamp: string;
  readonly records: readonly KafkajsRecord[];
}

interface EncoderOfKafkajs {
  readonly buffer: Buffer;
}

export interface KafkajsInput {
  readonly offsetDelta: number;
  readonly timestampDelta: number;
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Record<string, Buffer | string>;
}

export interface KafkajsBatchInput {
  readonly compression: number;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number | string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly lastOffsetDelta: number;
  readonly records: readonly EncoderOfKafkajs[];
}

const DecoderOfKafkajs = load("kafkajs/src/protocol/decoder.js") as new (bytes: Buffer) => { readInt32(): number };
const decodeBatch = load("kafkajs/src/protocol/recordBatch/v0/decoder.js") as (
  decoder: unknown,
) => Promise<KafkajsBatch>;
const encodeRecord = load("kafkajs/src/protocol/recordBatch/record/v0/index.js") as (
  record: KafkajsInput,
) => EncoderOfKafkajs;
const batchModule = load("kafkajs/src/protocol/recordBatch/v0/index.js") as {
  RecordBatch(batch: KafkajsBatchInput): Promise<EncoderOfKafkajs>;
};

export async function decodeWithKafkajs(batch: Uint8Array): Promise<KafkajsBatch> {
  const decoder = new DecoderOfKafkajs(Buffer.from(batch));
  return await decodeBatch(decoder);
}

export async function encodeWithKafkajs(
  batch: Omit<KafkajsBatchInput, "records">,
  records: readonly KafkajsInput[],
): Promise<Uint8Array> {
  const encoded = await batchModule.RecordBatch({ ...batch, records: records.map((record) => encodeRecord(record)) });
  return new Uint8Array(encoded.buffer);
}
