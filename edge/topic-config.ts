/** Kafka's config names and what they may hold (`TopicConfig`), and ours. */
import type { TopicConfig } from "../shared/api/metadata.ts";
import type { ConfigChanges } from "../shared/api/topics.ts";
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import { isOrigin, originsIn } from "./origin-list.ts";

type Check = (value: string) => boolean;

const wholeFrom =
  (min: number, max: number = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    /^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    values.includes(value);

/** Cloudflare's location hints. */
const LOCATIONS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
/** Where an object is was decided when it was made: other values would be claims that nothing follows. */
const FIXED: ReadonlySet<string> = new Set(["location", "jurisdiction"]);

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
  "cors.origins": {
    check: (value) => value === "*" || isOriginList(value),
    says: `origins such as https://shop.example, separated by commas, at most ${LIMITS.originsPerListMax}; or *`,
  },
  location: { check: oneOf(...LOCATIONS), says: `one of ${LOCATIONS.join(", ")}` },
  jurisdiction: { check: oneOf("eu", "fedramp"), says: "eu or fedramp" },
};

/** Throws `INVALID_CONFIG` that names the entry. */
export function checkTopicConfig(config: TopicConfig): TopicConfig {
  for (const [name, value] of Object.entries(config)) {
    const rule = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    const shown = JSON.stringify(value.slice(0, 64));
    if (rule === undefined) throw noSuchConfig(name);
    if (!rule.check(value))
      throw new StrandlineError("INVALID_CONFIG", `${name} = ${shown}: ${rule.says}`, {
        config: name,
        value: value.slice(0, 64),
      });
  }
  return config;
}

/**
 * The config with its entries replaced, those of null gone; null: nothing is another. Throws `INVALID_CONFIG` that names
 * the entry, also of one that is no config at all and of one that cannot change.
 */
export function alteredConfig(config: TopicConfig, changes: ConfigChanges): TopicConfig | null {
  const altered = new Map(Object.entries(config));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null && !Object.hasOwn(CHECKS, name)) throw noSuchConfig(name);
    if (FIXED.has(name) && value !== (config[name] ?? null)) {
      const said = `${name} is ${config[name] ?? "not stated"} for good: it cannot change after creation`;
      throw new StrandlineError("INVALID_CONFIG", said, { config: name });
    }
    if (value === null) altered.delete(name);
    else altered.set(name, value);
  }
  const entries = [...altered];
  if (entries.length === Object.keys(config).length && entries.every(([name, value]) => config[name] === value))
    return null;
  return checkTopicConfig(Object.fromEntries(entries));
}

function isOriginList(value: string): boolean {
  const origins = originsIn(value);
  return origins.length <= LIMITS.originsPerListMax && origins.every(isOrigin);
}

/** The defaults of what is not stated. */
export function defaultsOf(config: TopicConfig): TopicConfig {
  return Object.fromEntries(Object.entries(CONFIG_DEFAULTS).filter(([name]) => !Object.hasOwn(config, name)));
}

/** Undefined: none is stated. */
export function locationOf(config: TopicConfig): DurableObjectLocationHint | undefined {
  return LOCATIONS.find((location) => location === config["location"]);
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

function noSuchConfig(name: string): StrandlineError {
  const shown = name.slice(0, 64);
  return new StrandlineError("INVALID_CONFIG", `no config is named ${JSON.stringify(shown)}`, { config: shown });
}

export function isCompacted(config: TopicConfig): boolean {
  return config["cleanup.policy"]?.includes("compact") === true;
}
