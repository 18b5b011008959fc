/** What the Worker is given: its Durable Objects and its settings. Every setting is text, as wrangler has it. */
import { LIMITS } from "../shared/limits.ts";
import type { ControllerObject } from "./controller/controller-object.ts";
import type { PartitionObject } from "./partition/partition-object.ts";
import type { QuotaSettings } from "./quota/edge-quotas.ts";

/** `STRANDLINE_QUOTA_PRODUCER_BYTE_RATE` and the like: quotas of everybody for whom the controller knows no other. */
export interface Env extends QuotaSettings {
  readonly CONTROLLER: DurableObjectNamespace<ControllerObject>;
  readonly PARTITION: DurableObjectNamespace<PartitionObject>;
  /** `none` opens the doors to this machine and to STRANDLINE_ORIGINS. */
  readonly STRANDLINE_AUTH?: string;
  /** Origins besides localhost that are served without authentication, separated by commas. */
  readonly STRANDLINE_ORIGINS?: string;
  /** `false`: topics are made by `POST /v1/topics` alone. */
  readonly STRANDLINE_AUTO_CREATE_TOPICS?: string;
  /** Partition count of topics that name none. */
  readonly STRANDLINE_DEFAULT_PARTITIONS?: string;
  /** Seconds after which a socket or an event stream is ended, cleanly: a Worker's time is counted for each of them. */
  readonly STRANDLINE_STREAM_SECONDS?: string;
  /** Seconds between two reports of one object or isolate to the metrics of its namespace. */
  readonly STRANDLINE_REPORT_SECONDS?: string;
  /** `error`, `warn`, `info` (the default) or `debug`: what `log.ts` writes at least. */
  readonly STRANDLINE_LOG_LEVEL?: string;
  /** Bytes of a partition's storage above which appends are refused with STORAGE_FULL; reads go on. */
  readonly STRANDLINE_STORAGE_BYTES_MAX?: string;
}

export interface Settings {
  readonly autoCreateTopics: boolean;
  readonly defaultPartitions: number;
  readonly storageBytesMax: number;
  readonly streamMs: number;
  readonly reportMs: number;
}

const DEFAULT_PARTITIONS = 6;

export function settingsOf(env: Env): Settings {
  const stated = Number(env.STRANDLINE_DEFAULT_PARTITIONS ?? DEFAULT_PARTITIONS);
  const storageBytes = Number(env.STRANDLINE_STORAGE_BYTES_MAX ?? LIMITS.storageBytesMax);
  return {
    storageBytesMax: storageBytes > 0 && storageBytes <= LIMITS.storageBytesMax ? storageBytes : LIMITS.storageBytesMax,
    streamMs: secondsOf(env.STRANDLINE_STREAM_SECONDS, STREAM_SECONDS) * 1_000,
    reportMs: secondsOf(env.STRANDLINE_REPORT_SECONDS, REPORT_SECONDS) * 1_000,
    autoCreateTopics: env.STRANDLINE_AUTO_CREATE_TOPICS !== "false",
    defaultPartitions:
      Number.isInteger(stated) && stated > 0 && stated <= LIMITS.partitionsPerTopicMax ? stated : DEFAULT_PARTITIONS,
  };
}

const STREAM_SECONDS = 300;
const REPORT_SECONDS = 10;

function secondsOf(stated: string | undefined, otherwise: number): number {
  const seconds = Number(stated ?? otherwise);
  return seconds > 0 && seconds <= 86_400 ? seconds : otherwise;
}
