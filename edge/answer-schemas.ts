/** The shapes of what is answered in JSON, for `/openapi.json` and for tests, which hold real answers against them. */
import { z } from "zod";
import type { DeleteRecordsAnswer } from "../shared/api/delete-records.ts";
import type { EraseAnswer } from "../shared/api/erasure.ts";
import type { FetchHead } from "../shared/api/fetch.ts";
import type { ListOffsetsAnswer } from "../shared/api/list-offsets.ts";
import type { MetadataAnswer, TopicMetadata } from "../shared/api/metadata.ts";
import type { ProduceAnswer } from "../shared/api/produce.ts";
import { QUOTA_NAMES, type DescribeQuotasAnswer, type EntityQuotas } from "../shared/api/quotas.ts";
import type { ReconcileAnswer } from "../shared/api/reconcile.ts";
import type { RecordsAnswer } from "../shared/api/records.ts";
import type { LineReport, SendRecordsAnswer } from "../shared/api/send-records.ts";
import type {
  DeleteTopicAnswer,
  DescribeTopicAnswer,
  GrowTopicAnswer,
  ListTopicsAnswer,
} from "../shared/api/topics.ts";
import type { ListRevocationsAnswer, Revocation } from "../shared/api/revocations.ts";
import type { AnnounceDeviceAnswer } from "../shared/api/devices.ts";
import type { TicketAnswer } from "../shared/api/tickets.ts";
import { ERRORS, type ErrorCode } from "../shared/error-table.ts";
import type { ErrorBody } from "../shared/strandline-error.ts";
import { chain, int32, leaderEpoch, offset, topicId } from "./schemas.ts";

/** A schema that `/openapi.json` lists under its name. */
export interface NamedSchema {
  readonly name: string;
  readonly schema: z.ZodType;
}

export const errorBody: z.ZodType<ErrorBody> = z
  .object({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    errno: z.int(),
    retriable: z.boolean(),
    message: z.string(),
  })
  .catchall(z.union([z.string(), z.number(), z.boolean(), z.null()]));

const time = z.int();
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
const bounds = { logStartOffset: offset, highWatermark: offset };

const produceAnswer: z.ZodType<ProduceAnswer> = z.object({
  throttleTimeMs: z.int().min(0),
  partitions: z.array(
    z.object({
      topicId,
      partition: int32,
      error: errorBody.nullable(),
      nextSequence: z.int().nullable(),
      chain,
      leaderEpoch: leaderEpoch.nullable(),
      held: z.array(z.object({ sequence: z.int(), count: z.int(), baseOffset: offset })),
      baseOffset: offset.nullable(),
      logAppendTime: time.nullable(),
      logStartOffset: offset.nullable(),
      highWatermark: offset.nullable(),
    }),
  ),
});

const fetchHead: z.ZodType<FetchHead> = z.object({
  throttleTimeMs: z.int().min(0),
  partitions: z.array(
    z.object({
      topicId,
      partition: int32,
      error: errorBody.nullable(),
      leaderEpoch: leaderEpoch.nullable(),
      ...bounds,
      lastStableOffset: offset,
      nextOffset: offset,
      bytes: z.int().min(0),
    }),
  ),
});

const topicMetadata: z.ZodType<TopicMetadata> = z.object({
  name: z.string(),
  error: errorBody.nullable(),
  topicId: topicId.nullable(),
  partitionCount: z.int().min(0),
  config: z.record(z.string(), z.string()),
});

const describeTopicAnswer: z.ZodType<DescribeTopicAnswer> = z.object({
  name: z.string(),
  error: errorBody.nullable(),
  topicId: topicId.nullable(),
  partitionCount: z.int().min(0),
  config: z.record(z.string(), z.string()),
  defaults: z.record(z.string(), z.string()),
});

const growTopicAnswer: z.ZodType<GrowTopicAnswer> = z.object({
  name: z.string(),
  error: errorBody.nullable(),
  topicId: topicId.nullable(),
  partitionCount: z.int().min(0),
  config: z.record(z.string(), z.string()),
  growingTo: z.int().nullable(),
  waitsFor: z.array(int32),
});

const deleteTopicAnswer: z.ZodType<DeleteTopicAnswer> = z.object({ name: z.string(), topicId });

const deleteRecordsAnswer: z.ZodType<DeleteRecordsAnswer> = z.object(bounds);

const eraseAnswer: z.ZodType<EraseAnswer> = z.object({
  topic: z.string(),
  partitions: z.array(
    z.object({
      partition: int32,
      state: z.enum(["gone", "pending", "retained"]).nullable(),
      tombstoneOffset: offset.nullable(),
      goneAt: time.nullable(),
      unopened: z.boolean(),
      error: errorBody.nullable(),
    }),
  ),
  gone: z.boolean(),
  backupsGoneAt: time.nullable(),
});

const metadataAnswer: z.ZodType<MetadataAnswer> = z.object({
  namespace: z.string(),
  principal: z.string(),
  topics: z.array(topicMetadata),
});

const listTopicsAnswer: z.ZodType<ListTopicsAnswer> = z.object({ topics: z.array(topicMetadata) });

const recordsAnswer: z.ZodType<RecordsAnswer> = z.object({
  records: z.array(
    z.object({
      offset,
      timestamp: time,
      key: z.string().nullable().exactOptional(),
      keyBase64: base64.exactOptional(),
      value: z.string().nullable().exactOptional(),
      valueBase64: base64.exactOptional(),
      headers: z.array(
        z.object({
          key: z.string(),
          value: z.string().nullable().exactOptional(),
          valueBase64: base64.exactOptional(),
        }),
      ),
    }),
  ),
  nextOffset: offset,
  ...bounds,
});

/** Head of the envelope that `.../records` answers: bounds and one run. */
const recordsHead = z.object({ leaderEpoch, ...bounds, bytes: z.int().min(0) });

const outgoingHeader = z.object({
  key: z.string(),
  value: z.string().nullable().optional(),
  valueBase64: base64.optional(),
});
const outgoingRecord = z.object({
  key: z.string().nullable().optional(),
  keyBase64: base64.optional(),
  /** A text, null for a tombstone, or anything else, which is kept as JSON. */
  value: z.unknown(),
  valueBase64: base64.optional(),
  headers: z.union([z.array(outgoingHeader), z.record(z.string(), z.string().nullable())]).optional(),
  partition: int32.nullable().optional(),
  timestamp: time.nullable().optional(),
});

const sendRecordsAnswer: z.ZodType<SendRecordsAnswer> = z.object({
  records: z.array(
    z.union([
      z.object({ partition: int32, offset: z.int().min(-1), timestamp: time.nullable(), error: z.null() }),
      z.object({ partition: int32.nullable(), offset: z.null(), timestamp: z.null(), error: errorBody }),
    ]),
  ),
});

const lineReport: z.ZodType<LineReport> = z.union([
  z.object({ line: z.int().min(1), partition: int32, offset }),
  z.object({ line: z.int().min(1).exactOptional(), error: errorBody }),
]);

const listOffsetsAnswer: z.ZodType<ListOffsetsAnswer> = z.object({
  offset: offset.nullable(),
  timestamp: time.nullable(),
  leaderEpoch,
});

const reconcileAnswer: z.ZodType<ReconcileAnswer> = z.object({
  nextSequence: z.int().nullable(),
  chain,
  leaderEpoch,
  batches: z.array(
    z.object({
      verdict: z.enum(["held", "void", "absent", "other", "gone"]),
      baseOffset: offset.nullable(),
    }),
  ),
});

const entityQuotas: z.ZodType<EntityQuotas> = z.object({
  entity: z.string(),
  quotas: z.partialRecord(z.enum(QUOTA_NAMES), z.number()),
});

const describeQuotasAnswer: z.ZodType<DescribeQuotasAnswer> = z.object({ entities: z.array(entityQuotas) });
const ticketAnswer: z.ZodType<TicketAnswer> = z.object({ ticket: z.string(), expiresInMs: z.int() });

const announceDeviceAnswer: z.ZodType<AnnounceDeviceAnswer> = z.object({
  devices: z.array(
    z.object({
      deviceId: z.string(),
      clientId: z.string(),
      label: z.string(),
      unsyncedRecords: z.int(),
      firstSeenAt: time,
      lastSeenAt: time,
    }),
  ),
});

const revocation: z.ZodType<Revocation> = z.object({
  id: z.string(),
  principal: z.string().nullable(),
  credentialId: z.string().nullable(),
  before: time.nullable(),
  until: time.nullable(),
});

const listRevocationsAnswer: z.ZodType<ListRevocationsAnswer> = z.object({ revocations: z.array(revocation) });

const named = (name: string, schema: z.ZodType): NamedSchema => ({ name, schema });

export const ERROR_ANSWER: NamedSchema = named("ErrorAnswer", z.object({ error: errorBody }));
export const PRODUCE_ANSWER: NamedSchema = named("ProduceAnswer", produceAnswer);
export const FETCH_HEAD: NamedSchema = named("FetchHead", fetchHead);
export const TOPIC: NamedSchema = named("Topic", topicMetadata);
export const METADATA_ANSWER: NamedSchema = named("MetadataAnswer", metadataAnswer);
export const LIST_TOPICS_ANSWER: NamedSchema = named("ListTopicsAnswer", listTopicsAnswer);
export const DESCRIBE_TOPIC_ANSWER: NamedSchema = named("DescribeTopicAnswer", describeTopicAnswer);
export const GROW_TOPIC_ANSWER: NamedSchema = named("GrowTopicAnswer", growTopicAnswer);
export const DELETE_TOPIC_ANSWER: NamedSchema = named("DeleteTopicAnswer", deleteTopicAnswer);
export const DELETE_RECORDS_ANSWER: NamedSchema = named("DeleteRecordsAnswer", deleteRecordsAnswer);
export const ERASE_ANSWER: NamedSchema = named("EraseAnswer", eraseAnswer);
export const TICKET_ANSWER: NamedSchema = named("TicketAnswer", ticketAnswer);
export const ANNOUNCE_DEVICE_ANSWER: NamedSchema = named("AnnounceDeviceAnswer", announceDeviceAnswer);
export const REVOCATION: NamedSchema = named("Revocation", revocation);
export const LIST_REVOCATIONS_ANSWER: NamedSchema = named("ListRevocationsAnswer", listRevocationsAnswer);
export const RECORDS_ANSWER: NamedSchema = named("RecordsAnswer", recordsAnswer);
export const RECORDS_HEAD: NamedSchema = named("RecordsHead", recordsHead);
export const OUTGOING_RECORD: NamedSchema = named("OutgoingRecord", outgoingRecord);
export const LINE_REPORT: NamedSchema = named("LineReport", lineReport);
export const SEND_RECORDS_REQUEST: NamedSchema = named(
  "SendRecordsRequest",
  z.union([z.object({ records: z.array(outgoingRecord) }), outgoingRecord]),
);
export const SEND_RECORDS_ANSWER: NamedSchema = named("SendRecordsAnswer", sendRecordsAnswer);
export const LIST_OFFSETS_ANSWER: NamedSchema = named("ListOffsetsAnswer", listOffsetsAnswer);
export const RECONCILE_ANSWER: NamedSchema = named("ReconcileAnswer", reconcileAnswer);
export const ENTITY_QUOTAS: NamedSchema = named("EntityQuotas", entityQuotas);
export const DESCRIBE_QUOTAS_ANSWER: NamedSchema = named("DescribeQuotasAnswer", describeQuotasAnswer);
