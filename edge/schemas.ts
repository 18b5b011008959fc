/** The shapes of what clients send, as far as they are JSON. What a schema refuses is named with its field and value. */
import { z } from "zod";
import type { FetchRequest } from "../shared/api/fetch.ts";
import type { OffsetQuestion } from "../shared/api/list-offsets.ts";
import type { ProduceHead } from "../shared/api/produce.ts";
import type { ReconcileRequest } from "../shared/api/reconcile.ts";
import type { DeleteRecordsQuestion } from "../shared/api/delete-records.ts";
import type { RevokeRequest } from "../shared/api/revocations.ts";
import type { TailClientFrame } from "../shared/api/tail.ts";
import type { AlterTopicRequest, CreateTopicRequest, GrowTopicRequest } from "../shared/api/topics.ts";
import type { Chain, Crc, LeaderEpoch, ProducerKey, TopicId } from "../shared/brands.ts";
import type { RecordsQuery } from "./operations/records.ts";
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";

const uint32 = z.int().min(0).max(0xffff_ffff);
const SEQUENCE_MAX = 0x7fff_ffff;
export const int32: z.ZodType<number> = z.int().min(0).max(0x7fff_ffff);
export const offset: z.ZodType<number, number> = z.int().min(0);
export const chain: z.ZodType<Chain> = uint32 as unknown as z.ZodType<Chain>;
const crc = uint32 as unknown as z.ZodType<Crc>;
export const topicId: z.ZodType<TopicId> = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as unknown as z.ZodType<TopicId>;
const producerKey = z.string().regex(/^[0-9a-f]{32}$/) as unknown as z.ZodType<ProducerKey>;
/** Digits alone: `Number` also takes "", "0x10" and "1e3". */
const digits = z.string().regex(/^\d+$/).transform(Number);
export const leaderEpoch: z.ZodType<LeaderEpoch> = z.object({ counter: uint32, random: uint32 });

/** Two runs of one partition would race each other, two waits of one session would end each other at once. */
function eachOnce(partitions: readonly { readonly topicId: string; readonly partition: number }[]): boolean {
  if (partitions.length === 1) return true;
  return new Set(partitions.map(({ topicId: id, partition }) => `${id} ${partition}`)).size === partitions.length;
}
const ONCE = "a partition stands in a request once";

export const produceHead: z.ZodType<ProduceHead> = z.object({
  partitions: z
    .array(
      z.object({
        topicId,
        partition: int32,
        leaderEpoch: leaderEpoch.nullable(),
        producerKey: producerKey.nullable(),
        chain,
        bytes: z.int().min(1),
      }),
    )
    .min(1)
    .max(LIMITS.producePartitionsMax)
    .refine(eachOnce, ONCE),
});

export const fetchRequest: z.ZodType<FetchRequest> = z.object({
  sessionId: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .nullable(),
  maxWaitMs: z.int().min(0).max(LIMITS.fetchWaitMsMax),
  minBytes: z.int().min(0),
  maxBytes: z.int().min(0),
  isolation: z.enum(["read_uncommitted", "read_committed"]).optional(),
  keyOrder: z.boolean().optional(),
  partitions: z
    .array(
      z.object({
        topicId,
        partition: int32,
        offset,
        leaderEpoch: leaderEpoch.nullable(),
        previousCrc: crc.nullable(),
        maxBytes: z.int().min(0),
      }),
    )
    .min(1)
    .max(LIMITS.fetchPartitionsMax)
    .refine(eachOnce, ONCE),
});

export const reconcileRequest: z.ZodType<ReconcileRequest> = z
  .object({
    topicId,
    producerKey,
    from: int32,
    batches: z
      .array(z.object({ count: z.int().min(1).max(0x7fff_ffff), crc }))
      .min(1)
      .max(LIMITS.reconcileBatchesMax),
    giveUp: z.boolean(),
  })
  // Sequences end there, those of a void too: a later one would be above what any batch can name.
  .refine(({ from, batches }) => batches.reduce((end, batch) => end + batch.count, from) <= SEQUENCE_MAX, {
    path: ["batches"],
    message: `sequences end at ${SEQUENCE_MAX}`,
  });

const subscriptionId = uint32;
export const tailClientFrame: z.ZodType<TailClientFrame> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("subscribe"),
    id: subscriptionId,
    topicId,
    partition: int32,
    offset,
    leaderEpoch: leaderEpoch.nullable().default(null),
    previousCrc: crc.nullable().default(null),
    windowBytes: z.int().min(1).max(LIMITS.tailWindowBytesMax).default(LIMITS.batchBytesMax),
    keyOrder: z.boolean().default(false),
  }),
  z.object({ type: z.literal("ack"), id: subscriptionId, offset }),
  z.object({ type: z.literal("unsubscribe"), id: subscriptionId }),
]);

export const createTopicRequest: z.ZodType<CreateTopicRequest> = z.object({
  name: z.string(),
  partitionCount: z.number().optional(),
  config: z.record(z.string(), z.string()).optional(),
  token: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .optional(),
});

export const alterTopicRequest: z.ZodType<AlterTopicRequest> = z.object({
  config: z.record(z.string(), z.string().nullable()),
});

export const growTopicRequest: z.ZodType<GrowTopicRequest> = z.object({ partitionCount: z.number() });

const REVOKED_CHARS_MAX = 512;
const time = z.int().min(0);
export const revokeRequest: z.ZodType<RevokeRequest> = z
  .object({
    principal: z
      .string()
      .max(REVOKED_CHARS_MAX)
      .regex(/^User:./s, "a principal is User: and its name, or User:* for everybody")
      .optional(),
    credentialId: z.string().min(1).max(REVOKED_CHARS_MAX).optional(),
    before: time.optional(),
    until: time.optional(),
  })
  .refine(({ principal, credentialId }) => (principal === undefined) !== (credentialId === undefined), {
    message: "it names either a principal or a credentialId",
  })
  .refine(({ before, principal }) => before === undefined || principal !== undefined, {
    path: ["before"],
    message: "a credential is ended whenever it was issued",
  });

export const recordsQuery: z.ZodType<RecordsQuery> = z.object({
  offset: z.union([z.enum(["earliest", "latest"]), digits.pipe(offset)]).default("earliest"),
  maxBytes: digits.pipe(z.int()).default(LIMITS.batchBytesMax),
  minBytes: digits.pipe(z.int()).default(0),
  maxWaitMs: digits.pipe(z.int().max(LIMITS.fetchWaitMsMax)).default(0),
});

/** Nothing is deleted by default. */
export const deleteRecordsQuery: z.ZodType<{ before: DeleteRecordsQuestion }> = z.object({
  before: z.union([z.literal("latest"), digits.pipe(offset)]),
});

export const metadataQuery: z.ZodType<{ topics?: string | undefined; create?: string | undefined }> = z.object({
  /** Names with commas between them. */
  topics: z.string().optional(),
  create: z.string().optional(),
});

export const offsetsQuery: z.ZodType<{ at: OffsetQuestion }> = z.object({
  at: z.union([z.enum(["earliest", "latest"]), digits.pipe(offset)]),
});

/** Throws `INVALID_REQUEST` that names the first wrong field and what it holds. */
export function demand<Value>(schema: z.ZodType<Value>, value: unknown, what: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.map(String) ?? [];
  const field = path.join(".");
  const held = shown(valueAt(value, path));
  const said = `${field === "" ? what : `${what}: ${field}`} is ${held}${issue === undefined ? "" : `; ${issue.message}`}`;
  throw new StrandlineError("INVALID_REQUEST", said, { field, value: held });
}

/** Throws `INVALID_REQUEST` where the text is no JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)) as unknown;
  } catch {
    throw new StrandlineError("INVALID_REQUEST", "the body is not JSON");
  }
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path)
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  return at;
}

function shown(value: unknown): string {
  try {
    return (JSON.stringify(value) ?? "absent").slice(0, 100);
  } catch {
    // Text that nests a hundred thousand deep can be read, and not be written again.
    return "nested too deep to show";
  }
}
