/**
 * The shapes of what clients send, as far as they are JSON. What a schema refuses is named with its field and value; a
 * field that it does not know is refused as well, or a misspelt option would be one that nobody asked for.
 */
import { z } from "zod";
import type { FetchRequest } from "../shared/api/fetch.ts";
import type { OffsetQuestion } from "../shared/api/list-offsets.ts";
import type { ProduceHead } from "../shared/api/produce.ts";
import { DEFAULT_ENTITY, QUOTA_NAMES, type AlterQuotasRequest, type QuotaName } from "../shared/api/quotas.ts";
import type { ReconcileRequest } from "../shared/api/reconcile.ts";
import type { DeleteRecordsQuestion } from "../shared/api/delete-records.ts";
import type { RevokeRequest } from "../shared/api/revocations.ts";
import type { TailClientFrame, TailHeartbeat } from "../shared/api/tail.ts";
import type { AlterTopicRequest, CreateTopicRequest, GrowTopicRequest } from "../shared/api/topics.ts";
import type { Chain, Crc, LeaderEpoch, ProducerKey, TopicId } from "../shared/brands.ts";
import { isQuotaValue } from "./quota/effective-quotas.ts";
import type { EraseQuery } from "./operations/erase.ts";
import type { RecordsQuery } from "./operations/records.ts";
import { isTooDeep } from "../shared/json-text.ts";
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";

/** Of a log of some hundred MB. */
const ERASE_WAIT_MS = 10_000;
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
/** As it is asked with; an answer's may have more fields one day. */
export const askedEpoch: z.ZodType<LeaderEpoch> = z.strictObject({ counter: uint32, random: uint32 });
export const leaderEpoch: z.ZodType<LeaderEpoch> = z.object({ counter: uint32, random: uint32 });

/** Two runs of one partition would race each other, two waits of one session would end each other at once. */
export function eachOnce(partitions: readonly { readonly topicId: string; readonly partition: number }[]): boolean {
  if (partitions.length === 1) return true;
  return new Set(partitions.map(({ topicId: id, partition }) => `${id} ${partition}`)).size === partitions.length;
}
/** A name that is not known is the client's own, of any length. */
const FIELD_CHARS_MAX = 200;
export const ONCE: string = "a partition stands in a request once";

export const produceHead: z.ZodType<ProduceHead> = z.strictObject({
  partitions: z
    .array(
      z.strictObject({
        topicId,
        partition: int32,
        leaderEpoch: askedEpoch.nullable(),
        producerKey: producerKey.nullable(),
        chain,
        bytes: z.int().min(1),
      }),
    )
    .min(1)
    .max(LIMITS.producePartitionsMax)
    .refine(eachOnce, ONCE),
});

export const fetchRequest: z.ZodType<FetchRequest> = z.strictObject({
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
      z.strictObject({
        topicId,
        partition: int32,
        offset,
        leaderEpoch: askedEpoch.nullable(),
        previousCrc: crc.nullable(),
        maxBytes: z.int().min(0),
      }),
    )
    .min(1)
    .max(LIMITS.fetchPartitionsMax)
    .refine(eachOnce, ONCE),
});

export const reconcileRequest: z.ZodType<ReconcileRequest> = z
  .strictObject({
    topicId,
    producerKey,
    from: int32,
    batches: z
      .array(z.strictObject({ count: z.int().min(1).max(0x7fff_ffff), crc }))
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
/** Whether a heartbeat itself is sound is said in its answer: the socket is others' as well. */
export type CheckedFrame =
  | Exclude<TailClientFrame, TailHeartbeat>
  | (Omit<TailHeartbeat, "heartbeat"> & { readonly heartbeat?: unknown });

export const tailClientFrame: z.ZodType<CheckedFrame> = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("subscribe"),
    id: subscriptionId,
    topicId,
    partition: int32,
    offset,
    leaderEpoch: askedEpoch.nullable().default(null),
    previousCrc: crc.nullable().default(null),
    windowBytes: z.int().min(1).max(LIMITS.tailWindowBytesMax).default(LIMITS.batchBytesMax),
    keyOrder: z.boolean().default(false),
  }),
  z.strictObject({ type: z.literal("ack"), id: subscriptionId, offset }),
  z.strictObject({ type: z.literal("unsubscribe"), id: subscriptionId }),
  z.strictObject({ type: z.literal("heartbeat"), id: uint32, group: z.string(), heartbeat: z.unknown() }),
]);

function fewEntries(config: object): boolean {
  return Object.keys(config).length <= LIMITS.configEntriesMax;
}
const FEW = `at most ${LIMITS.configEntriesMax} entries`;

export const createTopicRequest: z.ZodType<CreateTopicRequest> = z.strictObject({
  name: z.string(),
  partitionCount: z.number().optional(),
  config: z.record(z.string(), z.string()).refine(fewEntries, FEW).optional(),
  token: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/)
    .optional(),
});

export const alterTopicRequest: z.ZodType<AlterTopicRequest> = z.strictObject({
  config: z.record(z.string(), z.string().nullable()).refine(fewEntries, FEW),
});

export const growTopicRequest: z.ZodType<GrowTopicRequest> = z.strictObject({ partitionCount: z.number() });

const PRINCIPAL_CHARS_MAX = 512;

export const alterQuotasRequest: z.ZodType<AlterQuotasRequest> = z.strictObject({
  entity: z.union([
    z.literal(DEFAULT_ENTITY),
    z
      .string()
      .startsWith("User:")
      .min("User:".length + 1)
      .max(PRINCIPAL_CHARS_MAX),
  ]),
  quotas: z.strictObject(Object.fromEntries(QUOTA_NAMES.map((name) => [name, quotaValue(name)]))),
}) as unknown as z.ZodType<AlterQuotasRequest>;

function quotaValue(name: QuotaName): z.ZodType {
  const says = name.endsWith("_rate") ? "a rate is above 0, a second" : "a count is whole, 0 or more";
  return z
    .number()
    .refine((value) => isQuotaValue(name, value), says)
    .nullable()
    .exactOptional();
}

const REVOKED_CHARS_MAX = 512;
const time = z.int().min(0);
export const revokeRequest: z.ZodType<RevokeRequest> = z
  .strictObject({
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

export const recordsQuery: z.ZodType<RecordsQuery> = z.strictObject({
  offset: z.union([z.enum(["earliest", "latest"]), digits.pipe(offset)]).default("earliest"),
  maxBytes: digits.pipe(z.int()).default(LIMITS.batchBytesMax),
  minBytes: digits.pipe(z.int()).default(0),
  maxWaitMs: digits.pipe(z.int().max(LIMITS.fetchWaitMsMax)).default(0),
});

/** Nothing is deleted by default. */
export const deleteRecordsQuery: z.ZodType<{ before: DeleteRecordsQuestion }> = z.strictObject({
  before: z.union([z.literal("latest"), digits.pipe(offset)]),
});

/** Every key is one, the empty one too; but one of them has to be stated. */
export const eraseQuery: z.ZodType<EraseQuery> = z
  .strictObject({
    key: z.string().optional(),
    keyBase64: z.base64().optional(),
    maxWaitMs: digits.pipe(z.int().max(LIMITS.fetchWaitMsMax)).default(ERASE_WAIT_MS),
  })
  .refine(({ key, keyBase64 }) => (key === undefined) !== (keyBase64 === undefined), "key, or keyBase64");

export const metadataQuery: z.ZodType<{ topics?: string | undefined; create?: "true" | "false" | undefined }> =
  z.strictObject({
    /** Names with commas between them. */
    topics: z.string().optional(),
    create: z.enum(["true", "false"]).optional(),
  });

export const offsetsQuery: z.ZodType<{ at: OffsetQuestion }> = z.strictObject({
  at: z.union([z.enum(["earliest", "latest"]), digits.pipe(offset)]),
});

/** Of a route that takes no query. */
export const noQuery: z.ZodType<object> = z.strictObject({});

/**
 * Throws `INVALID_REQUEST` that names the first wrong field and what it holds; before others one that is not known, and
 * of that only the name: what nobody asked for may be anything, a token in an address for one (`?access_token=`).
 * `holdsSecrets`: what it holds is never told, wherever in it the secret was put.
 */
export function demand<Value>(schema: z.ZodType<Value>, value: unknown, what: string, holdsSecrets = false): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // Misspelt, one that is demanded is both absent and unknown: what was written says more.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
  const path = issue === undefined ? [] : pathOf(issue);
  const field = path.join(".").slice(0, FIELD_CHARS_MAX);
  const named = field === "" ? what : `${what}: ${field}`;
  if (issue?.code === "unrecognized_keys")
    throw new StrandlineError("INVALID_REQUEST", `${named}: no such field is known here`, { field });
  const said = `; ${issue?.message ?? ""}`;
  if (holdsSecrets) throw new StrandlineError("INVALID_REQUEST", `${named} is not right${said}`, { field });
  const held = shown(valueAt(value, path));
  throw new StrandlineError("INVALID_REQUEST", `${named} is ${held}${said}`, { field, value: held });
}

function pathOf(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map(String);
  return issue.code === "unrecognized_keys" ? [...path, ...issue.keys.slice(0, 1)] : path;
}

/** Throws `INVALID_REQUEST` where the text is no JSON, or nests deeper than `LIMITS.jsonDepthMax`. */
export function parseJson(bytes: Uint8Array, what = "the body"): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new StrandlineError("INVALID_REQUEST", `${what} is not JSON`);
  }
  return parseJsonText(text, what);
}

/** The same of what is text already. */
export function parseJsonText(text: string, what: string): unknown {
  if (isTooDeep(text)) {
    const said = `${what} nests deeper than ${LIMITS.jsonDepthMax}`;
    throw new StrandlineError("INVALID_REQUEST", said, { limit: LIMITS.jsonDepthMax });
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new StrandlineError("INVALID_REQUEST", `${what} is not JSON`);
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
