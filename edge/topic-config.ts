/** Kafka's config names and what they may hold (`TopicConfig`), and ours. */
import type { TopicConfig } from "../shared/api/metadata.ts";
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";

type Check = (value: string) => boolean;

const wholeFrom =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value);

const CHECKS: Readonly<Record<string, { readonly check: Check; readonly says: string }>> = {
  "retention.ms": { check: wholeFrom(-1), says: "milliseconds, or -1" },
  "retention.bytes": { check: wholeFrom(-1), says: "bytes, or -1" },
  "cleanup.policy": {
    check: oneOf("delete", "compact", "compact,delete", "delete,compact"),
    says: "delete, compact or both",
  },
  "max.message.bytes": {
    check: wholeFrom(1, LIMITS.batchBytesMax),
    says: `bytes of a batch, at most ${LIMITS.batchBytesMax}`,
  },
  "message.timestamp.type": { check: oneOf("CreateTime", "LogAppendTime"), says: "CreateTime or LogAppendTime" },
  // Anything but `producer` would mean that the edge encodes batches anew, which it never does.
  "compression.type": { check: oneOf("producer"), says: "producer: batches are kept as they were made" },
  "delete.retention.ms": { check: wholeFrom(0), says: "milliseconds" },
  "min.insync.replicas": { check: oneOf("1"), says: "1" },
  "producer.state.retention.ms": { check: wholeFrom(1), says: "milliseconds" },
  location: { check: (value) => /^[a-z-]{2,16}$/.test(value), says: "a location hint of Cloudflare's" },
  jurisdiction: { check: oneOf("eu", "fedramp"), says: "eu or fedramp" },
};

/** Throws `INVALID_CONFIG` that names the entry. */
export function checkTopicConfig(config: TopicConfig): TopicConfig {
  for (const [name, value] of Object.entries(config)) {
    const rule = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    const shown = JSON.stringify(value.slice(0, 64));
    if (rule === undefined)
      throw new StrandlineError("INVALID_CONFIG", `no config is named ${JSON.stringify(name.slice(0, 64))}`, {
        config: name.slice(0, 64),
      });
    if (!rule.check(value))
      throw new StrandlineError("INVALID_CONFIG", `${name} = ${shown}: ${rule.says}`, {
        config: name,
        value: value.slice(0, 64),
      });
  }
  return config;
}

/** Bytes of one batch. */
export function maxMessageBytes(config: TopicConfig): number {
  const stated = config["max.message.bytes"];
  return stated === undefined ? LIMITS.batchBytesMax : Number(stated);
}

/** What a partition goes by: every entry that is not stated has Kafka's default. */
export interface PartitionSettings {
  /** Null: for ever. */
  readonly retentionMs: number | null;
  /** Null: without end. */
  readonly retentionBytes: number | null;
  readonly cleanup: { readonly delete: boolean; readonly compact: boolean };
  readonly logAppendTime: boolean;
  /** How long a tombstone of a compacted topic stays. */
  readonly deleteRetentionMs: number;
  /** How long a producer that sends nothing is remembered. */
  readonly producerStateRetentionMs: number;
}

const DAY_MS = 86_400_000;

/** Of the configs that a description lists though nobody stated them. */
export const CONFIG_DEFAULTS: TopicConfig = {
  "retention.ms": String(7 * DAY_MS),
  "retention.bytes": "-1",
  "cleanup.policy": "delete",
  "max.message.bytes": String(LIMITS.batchBytesMax),
  "message.timestamp.type": "CreateTime",
  "compression.type": "producer",
  "delete.retention.ms": String(DAY_MS),
  "min.insync.replicas": "1",
  "producer.state.retention.ms": String(90 * DAY_MS),
};

export function partitionSettings(config: TopicConfig): PartitionSettings {
  const held = (name: string): string => config[name] ?? CONFIG_DEFAULTS[name] ?? "";
  const unlessEndless = (value: number): number | null => (value < 0 ? null : value);
  const policies = held("cleanup.policy").split(",");
  return {
    retentionMs: unlessEndless(Number(held("retention.ms"))),
    retentionBytes: unlessEndless(Number(held("retention.bytes"))),
    cleanup: { delete: policies.includes("delete"), compact: policies.includes("compact") },
    logAppendTime: held("message.timestamp.type") === "LogAppendTime",
    deleteRetentionMs: Number(held("delete.retention.ms")),
    producerStateRetentionMs: Number(held("producer.state.retention.ms")),
  };
}
