/** What clients of the REST proxy send to its consumers, read with the name of whatever is wrong. */
import type { GroupSubscription } from "../../../shared/api/groups.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type { ConsumerConfig } from "../../rest-consumer/consumer-calls.ts";
import { NamePattern } from "../../operations/name-pattern.ts";
import { invalid, listAt, objectAt, textAt, wholeAt, type JsonObject } from "../fields.ts";
import type { NamedOffset, NamedPartition } from "./commits.ts";
import { illegalState } from "./instance.ts";

export interface CreateConsumer {
  /** Null: any. */
  readonly name: string | null;
  readonly config: ConsumerConfig;
}

/** Kafka's own name as well, which Strimzi's bridge has. */
const AUTO_COMMIT = ["auto.commit.enable", "enable.auto.commit"];
const CONFIG = [
  "auto.offset.reset",
  "fetch.min.bytes",
  "consumer.request.timeout.ms",
  "isolation.level",
  ...AUTO_COMMIT,
];
const RESETS = ["earliest", "latest", "none"] as const;
const ISOLATIONS = ["read_uncommitted", "read_committed"] as const;

/** Throws `INVALID_REQUEST`; `INVALID_CONFIG` with the name of what is not legal. */
export function createOf(body: unknown): CreateConsumer {
  const read = objectAt(body ?? {}, "the body", ["name", "format", ...CONFIG]);
  const name = read["name"] ?? null;
  const commits = AUTO_COMMIT.map((one) => booleanIn(read, one)).find((one) => one !== null);
  // Nothing is transactional here: both are the same.
  oneOf(read, "isolation.level", ISOLATIONS);
  return {
    name: name === null ? null : nameOf(textAt(name, "name")),
    config: {
      format: formatOf(read["format"] ?? "binary"),
      offsetReset: oneOf(read, "auto.offset.reset", RESETS) ?? "latest",
      autoCommit: commits ?? true,
      minBytes: countIn(read, "fetch.min.bytes", LIMITS.fetchBytesMax) ?? 1,
      requestTimeoutMs: countIn(read, "consumer.request.timeout.ms", Number.MAX_SAFE_INTEGER),
    },
  };
}

/** Of one that would lead an address elsewhere, or is too long for one. */
function nameOf(name: string): string {
  if (
    name !== "." &&
    name !== ".." &&
    name !== "" &&
    name.length <= LIMITS.groupInstanceIdCharsMax &&
    !/[\p{Cc}\p{Cs}]/u.test(name)
  )
    return name;
  throw invalid("name", `is none of 1 to ${LIMITS.groupInstanceIdCharsMax} characters`);
}

function formatOf(held: unknown): ConsumerConfig["format"] {
  const format = typeof held === "string" ? held.toLowerCase() : held;
  if (format === "binary" || format === "json") return format;
  throw invalid("format", "is neither binary nor json");
}

/** Also as text, as most clients send everything. */
function booleanIn(read: JsonObject, field: string): boolean | null {
  const held = read[field] ?? null;
  if (held === null || typeof held === "boolean") return held;
  if (held === "true" || held === "false") return held === "true";
  throw illegal(field, "is neither true nor false");
}

function countIn(read: JsonObject, field: string, most: number): number | null {
  const held = read[field] ?? null;
  if (held === null) return null;
  const count = typeof held === "string" && /^\d{1,15}$/.test(held) ? Number(held) : held;
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0 && count <= most) return count;
  // As in Kafka's own configuration: the default.
  if (count === -1 || count === "-1") return null;
  throw illegal(field, `is no whole number from 0 to ${most}`);
}

function oneOf<Word extends string>(read: JsonObject, field: string, words: readonly Word[]): Word | null {
  const held = read[field] ?? null;
  const found = words.find((word) => word === held);
  if (held === null || found !== undefined) return found ?? null;
  throw illegal(field, `is none of ${words.join(", ")}`);
}

function illegal(field: string, says: string): StrandlineError {
  return new StrandlineError("INVALID_CONFIG", `${field} ${says}`, { config: field });
}

/** Null: to nothing. Throws `INVALID_REQUEST`; `UNSUPPORTED_OPERATION` of two kinds at once. */
export function subscriptionOf(body: unknown): GroupSubscription | null {
  const read = objectAt(body, "the body", ["topics", "topic_pattern"]);
  const { topics = null, topic_pattern: pattern = null } = read;
  if (topics !== null && pattern !== null) throw illegalState("topics and topic_pattern are two ways to subscribe");
  if (pattern !== null)
    return { topics: [], patterns: [{ source: patternOf(textAt(pattern, "topic_pattern")), flags: "" }] };
  if (topics === null) throw invalid("topics", "is absent, and so is topic_pattern");
  const names = listAt(topics, "topics").map((one, index) => textAt(one, `topics.${index}`));
  demandFew("topics", names, LIMITS.groupTopicsMax);
  return names.length === 0 ? null : { topics: [...new Set(names)], patterns: [] };
}

/** Matches whole names, as Java's does. */
function patternOf(pattern: string): string {
  const source = `^(?:${pattern})$`;
  if (pattern === "" || source.length > LIMITS.groupPatternCharsMax)
    throw invalid("topic_pattern", "is empty or too long");
  try {
    // A bracket that it closes itself would be the one above.
    new RegExp(pattern);
    new NamePattern(source, "");
  } catch {
    throw invalid("topic_pattern", "is no regular expression, or one that is not supported");
  }
  return source;
}

/** Throws `INVALID_REQUEST`. */
export function partitionsOf(body: unknown): readonly NamedPartition[] {
  const { partitions } = objectAt(body, "the body", ["partitions"]);
  const list = listAt(partitions, "partitions");
  demandFew("partitions", list, LIMITS.commitPartitionsMax);
  return list.map((one, index) => {
    const at = `partitions.${index}`;
    return placeOf(objectAt(one, at, ["topic", "partition"]), at);
  });
}

/** Throws `INVALID_REQUEST`. */
export function offsetsOf(body: unknown): readonly NamedOffset[] {
  const { offsets } = objectAt(body, "the body", ["offsets"]);
  const list = listAt(offsets, "offsets");
  demandFew("offsets", list, LIMITS.commitPartitionsMax);
  return list.map((one, index) => {
    const at = `offsets.${index}`;
    const read = objectAt(one, at, ["topic", "partition", "offset", "metadata"]);
    const metadata = read["metadata"] ?? "";
    const offset = countAt(read["offset"], `${at}.offset`);
    return { ...placeOf(read, at), offset, metadata: textAt(metadata, `${at}.metadata`) };
  });
}

function placeOf(read: JsonObject, at: string): NamedPartition {
  return { topic: textAt(read["topic"], `${at}.topic`), partition: countAt(read["partition"], `${at}.partition`) };
}

function countAt(held: unknown, field: string): number {
  const count = wholeAt(held, field);
  // One more is still a number: offsets are committed behind what was handled.
  if (count === null || count < 0 || count >= Number.MAX_SAFE_INTEGER) throw invalid(field, "is no count");
  return count;
}

function demandFew(field: string, list: readonly unknown[], most: number): void {
  if (list.length > most) throw invalid(field, `are more than ${most}`);
}
