/** What a caller may say of a consumer, in KafkaJS's words, checked and completed. */
import { StrandlineError } from "../../shared/strandline-error.ts";
import { checkTopicName } from "../../shared/topic-name.ts";
import type { ConsumerOptions } from "../calls/consumer-calls.ts";
import { checkGroupId } from "../../shared/group-id.ts";
import { checkGroupConfig, type GroupConfig } from "./group-config.ts";
import type { FetchLimits } from "./loop-deps.ts";

export interface ConsumerConfig extends GroupConfig {
  /** The consumers of a group share its work. Without it nothing is committed. */
  readonly groupId?: string;
  /**
   * `committed` by default. `local`: right behind the committed records of a partition come this device's own that wait
   * to be synced, with `message.pending` true, `message.offset` -1 and `message.localSequence` as in their receipts,
   * under partition -1 where the topic's are not known yet. Such a record does not come again once it is committed,
   * except after `seek`, in another consumer or a later run. Offsets are committed of committed records alone.
   */
  readonly isolation?: "committed" | "local";
  /** Of one fetch; the page holds two at most, the one at work and the next. 4 MiB by default. A single run of batches may be larger. */
  readonly maxBytes?: number;
  /** Of one batch as `eachBatch` gets it. By default a fair share of `maxBytes`: all of it where one partition alone has records. */
  readonly maxBytesPerPartition?: number;
  /** With less than this a fetch waits `maxWaitTimeInMs`. 1 by default. */
  readonly minBytes?: number;
  /** 5000 by default. */
  readonly maxWaitTimeInMs?: number;
  /** Of values that come in chunks: larger ones are told by `corrupt` and passed by. 64 MiB by default. */
  readonly maxMessageBytes?: number;
}

export type Subscription = (
  | { readonly topic: string | RegExp; readonly topics?: never }
  /** A pattern matches the topics that the device knows and those it gets to know. */
  | { readonly topics: readonly (string | RegExp)[]; readonly topic?: never }
) & {
  /** Where there is no committed offset. False by default: from the log's end. */
  readonly fromBeginning?: boolean;
  /** `replica` by default: the topic is copied to the device and read there. `none`: read from the edge, nothing is stored. */
  readonly storage?: "replica" | "none";
};

export interface CheckedConsumer {
  readonly options: Pick<ConsumerOptions, "groupId" | "group" | "isolation">;
  readonly limits: FetchLimits;
  readonly maxMessageBytes: number | undefined;
}

export function checkConsumerConfig(config: ConsumerConfig): CheckedConsumer {
  const { groupId, isolation = "committed", maxMessageBytes } = config;
  if (groupId !== undefined && (typeof groupId !== "string" || groupId === "")) refuse("groupId", groupId);
  // Of a device as well: what works offline today may be shared tomorrow.
  if (groupId !== undefined) checkGroupId(groupId);
  if (isolation !== "committed" && isolation !== "local") refuse("isolation", isolation);
  const group = checkGroupConfig(config);
  for (const option of ["coordinator", "groupInstanceId"] as const)
    if (groupId === undefined && config[option] !== undefined)
      throw new StrandlineError("INVALID_ARGUMENT", `${option} without groupId: there is no group`, { option });
  const limits = {
    bytesMax: count(config, "maxBytes", 4 * 1024 * 1024),
    partitionBytesMax: config.maxBytesPerPartition === undefined ? null : count(config, "maxBytesPerPartition", 0),
    bytesMin: count(config, "minBytes", 1),
    // Who waits for records gets on: it polls before its group misses it.
    waitMs: Math.min(count(config, "maxWaitTimeInMs", 5_000), Math.ceil(group.maxPollIntervalMs / 3)),
  };
  const options = groupId === undefined ? { groupId: null, group: null } : { groupId, group };
  return { options: { ...options, isolation }, limits, maxMessageBytes };
}

/** One entry for each name and pattern. */
export function checkSubscription(
  subscription: Subscription,
): (ConsumerOptions["topics"][number] | ConsumerOptions["patterns"][number])[] {
  const { fromBeginning = false, storage = "replica" } = subscription;
  const wanted = "topics" in subscription ? subscription.topics : [subscription.topic];
  if (!Array.isArray(wanted)) refuse("topics", wanted);
  if (storage !== "replica" && storage !== "none") refuse("storage", storage);
  return wanted.map((each) =>
    each instanceof RegExp
      ? { pattern: each, fromBeginning, storage }
      : { name: checkTopicName(each), fromBeginning, storage },
  );
}

function count(
  config: ConsumerConfig,
  option: "maxBytes" | "maxBytesPerPartition" | "minBytes" | "maxWaitTimeInMs",
  otherwise: number,
): number {
  const given = config[option] ?? otherwise;
  return Number.isSafeInteger(given) && given >= 1 ? given : refuse(option, given);
}

function refuse(option: string, given: unknown): never {
  const shown = String(given).slice(0, 64);
  throw new StrandlineError("INVALID_ARGUMENT", `${option} ${JSON.stringify(shown)}`, { option, given: shown });
}
