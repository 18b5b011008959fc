/** Kafka's config names and what they may hold (`TopicConfig`), and ours. */
import type { TopicConfig } from "../../shared/api/metadata.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

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
