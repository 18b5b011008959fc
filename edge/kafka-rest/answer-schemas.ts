/** The shapes of what the REST proxy's face answers. */
import { z } from "zod";
import type { NamedSchema } from "../answer-schemas.ts";
import { int32, offset } from "../schemas.ts";
import type { FetchedRecord } from "./fetched.ts";
import type { BatchAnswerV3, ReportV3 } from "./produce-v3.ts";
import type { ProduceV2Answer } from "./produce-v2.ts";
import type { RestError } from "./rest-error.ts";

const named = (name: string, schema: z.ZodType): NamedSchema => ({ name, schema });
/** -1, as Kafka has it: stored before, under an `Idempotency-Key`, and nobody remembers where. */
const stored = z.int().min(-1);
const errorCode = z.int().min(400).max(59_999);

const restError: z.ZodType<RestError> = z.object({ error_code: errorCode, message: z.string() });

const partition = z.object({
  partition: int32,
  leader: z.literal(0),
  replicas: z.array(z.object({ broker: z.literal(0), leader: z.boolean(), in_sync: z.boolean() })),
});
const topic = z.object({
  name: z.string(),
  configs: z.record(z.string(), z.string()),
  partitions: z.array(partition),
});

const produceV2Answer: z.ZodType<ProduceV2Answer> = z.object({
  offsets: z.array(
    z.object({
      partition: int32.nullable(),
      offset: stored.nullable(),
      error_code: errorCode.nullable(),
      error: z.string().nullable(),
    }),
  ),
  key_schema_id: z.null(),
  value_schema_id: z.null(),
});

const fetchedRecord: z.ZodType<FetchedRecord> = z.object({
  topic: z.string(),
  key: z.unknown(),
  value: z.unknown(),
  partition: int32,
  offset,
  timestamp: z.int(),
  headers: z.array(z.object({ key: z.string(), value: z.string().nullable() })),
});

const data = z.object({ type: z.enum(["BINARY", "JSON", "STRING"]), size: z.int() });
const report = {
  error_code: z.literal(200),
  cluster_id: z.string(),
  topic_name: z.string(),
  partition_id: int32,
  offset: stored,
  timestamp: z.string().exactOptional(),
  key: data.exactOptional(),
  value: data.exactOptional(),
};
const reportV3: z.ZodType<ReportV3 | RestError> = z.union([z.object(report), restError]);
const batchAnswerV3: z.ZodType<BatchAnswerV3> = z.object({
  successes: z.array(z.object({ id: z.string(), ...report })),
  failures: z.array(z.object({ id: z.string(), error_code: errorCode, message: z.string() })),
});

const cluster = z.object({
  kind: z.literal("KafkaCluster"),
  metadata: z.object({ self: z.string(), resource_name: z.string() }),
  cluster_id: z.string(),
});
const clusterList = z.object({
  kind: z.literal("KafkaClusterList"),
  metadata: z.object({ self: z.string(), next: z.null() }),
  data: z.array(cluster),
});

export const REST_ERROR: NamedSchema = named("RestError", restError);
export const REST_TOPICS: NamedSchema = named("RestTopics", z.array(z.string()));
export const REST_TOPIC: NamedSchema = named("RestTopic", topic);
export const REST_PARTITIONS: NamedSchema = named("RestPartitions", z.array(partition));
export const REST_PARTITION: NamedSchema = named("RestPartition", partition);
export const REST_OFFSETS: NamedSchema = named(
  "RestOffsets",
  z.object({ beginning_offset: offset, end_offset: offset }),
);
export const REST_PRODUCED: NamedSchema = named("RestProduced", produceV2Answer);
export const REST_FETCHED: NamedSchema = named("RestFetched", z.array(fetchedRecord));
export const REST_REPORT: NamedSchema = named("RestReport", reportV3);
export const REST_BATCH_PRODUCED: NamedSchema = named("RestBatchProduced", batchAnswerV3);
export const REST_CLUSTERS: NamedSchema = named("RestClusters", clusterList);
export const REST_CLUSTER: NamedSchema = named("RestCluster", cluster);
