/** What a caller may say when opening Strandline, checked and completed. */
import { LIMITS } from "../shared/limits.ts";
import { StrandlineError } from "../shared/strandline-error.ts";
import { checkTopicName } from "../shared/topic-name.ts";
import type { LogCreator, LogLevel } from "./page/logger.ts";
import type { WorkerOptions } from "./calls/worker-options.ts";

export interface StrandlineOptions {
  /** Of the edge. Without it the device is its own broker. */
  readonly url?: string;
  /** Clients of one page with the same options, this among them, share one worker. */
  readonly clientId?: string;
  /** Overrides the name that is derived from (url, namespace, principal). */
  readonly database?: string;
  readonly namespace?: string;
  /**
   * Answers a token of the principal. Called when one is needed: before the first request, before it expires, and when the
   * edge refuses it, also after days offline.
   */
  readonly auth?: () => string | Promise<string>;
  /** Whose log this is, as the token proves it to the edge. Each principal of one browser has a database of its own. */
  readonly principal?: string;
  /** Of topics that are made on the device alone; 6 by default. */
  readonly localPartitionCount?: number;
  /**
   * Where the log stands. `auto`, the default: in IndexedDB, or in memory where there is none (`storage.memory` tells);
   * `indexeddb`: calls are refused there; `memory`: it lives as long as the tab, and no other tab sees it.
   */
  readonly storage?: "auto" | "indexeddb" | "memory";
  /** Whether the browser is asked not to evict this origin, once, with the first send that a user's gesture has led to; by default it is. */
  readonly persist?: boolean;
  /**
   * Topics in strict order, all of them: where the edge refuses a batch for good it is not given up, and its partition
   * waits behind it until the batch is retried or discarded (`deadLetters`, `producer.blocked`). It is kept with the
   * topic, for every tab; without this option what was said before holds.
   */
  readonly strictOrder?: readonly string[];
  readonly retry?: { readonly initialRetryTime?: number; readonly maxRetryTime?: number };
  readonly logLevel?: LogLevel;
  readonly logCreator?: LogCreator;
  /**
   * Asks for a `sync` event where records wait while the tab is hidden or offline, so that the app's service worker sends
   * them (`strandline/service-worker`). False by default; without Background Sync the next start sends them.
   */
  readonly backgroundSync?: boolean;
  /** Makes the worker, where the bundler does not find it by itself. */
  readonly worker?: () => Worker;
}

const LOCAL_PARTITION_COUNT = 6;

export function workerOptions(options: StrandlineOptions): WorkerOptions {
  const localPartitionCount = options.localPartitionCount ?? LOCAL_PARTITION_COUNT;
  if (
    !Number.isInteger(localPartitionCount) ||
    localPartitionCount < 1 ||
    localPartitionCount > LIMITS.partitionsPerTopicMax
  ) {
    throw new StrandlineError("INVALID_PARTITIONS", `localPartitionCount ${String(localPartitionCount)}`, {
      localPartitionCount: String(localPartitionCount),
    });
  }
  if ("brokers" in options) refuse("brokers", "brokers are KafkaJS's: here it is url, an https address");
  if (options.auth !== undefined && typeof options.auth !== "function")
    refuse("auth", "auth is a function that answers a token");
  for (const name of ["initialRetryTime", "maxRetryTime"] as const) {
    const given: unknown = options.retry?.[name];
    if (given !== undefined && !(typeof given === "number" && given > 0))
      refuse("retry", `retry.${name} ${JSON.stringify(given)}: milliseconds above 0`);
  }
  if (options.auth !== undefined && options.principal === undefined)
    throw new StrandlineError(
      "INVALID_ARGUMENT",
      "auth without principal: whose log is this? It has to be known offline, where no token is",
      { option: "principal" },
    );
  const storage = options.storage ?? "auto";
  if (!["auto", "indexeddb", "memory"].includes(storage))
    throw new StrandlineError("INVALID_ARGUMENT", `storage ${JSON.stringify(String(storage).slice(0, 64))}`, {
      option: "storage",
    });
  checkName("namespace", options.namespace);
  checkName("principal", options.principal);
  return {
    url: options.url === undefined ? null : edgeUrl(options.url),
    namespace: options.namespace ?? "default",
    principal: options.principal ?? "anonymous",
    clientId: options.clientId ?? "strandline",
    database: options.database ?? null,
    localPartitionCount,
    storage,
    strictOrder: options.strictOrder?.map((topic) => checkTopicName(topic)) ?? null,
    retry: {
      initialRetryTimeMs: options.retry?.initialRetryTime ?? 300,
      maxRetryTimeMs: options.retry?.maxRetryTime ?? 30_000,
    },
  };
}

/** What deletes is said in so many words. */
export function checkDiscard(how: { readonly discard: boolean }): boolean {
  const discard: unknown = (how as { readonly discard?: unknown } | undefined)?.discard;
  if (typeof discard === "boolean") return discard;
  return refuse(
    "discard",
    "logout takes { discard: true } or { discard: false }: whether what is not synced is deleted",
  );
}

function refuse(option: string, said: string): never {
  throw new StrandlineError("INVALID_ARGUMENT", said, { option });
}

/** Of owners, which are sent as text. */
function checkName(option: "namespace" | "principal", name: string | undefined): void {
  if (name === undefined || (typeof name === "string" && name !== "" && name.isWellFormed())) return;
  const shown = JSON.stringify(String(name).slice(0, 64));
  throw new StrandlineError("INVALID_ARGUMENT", `${option} ${shown}: text that is not empty`, { option });
}

/** Absolute, without a slash at its end: a worker's own address is another than the page's. */
function edgeUrl(given: string): string {
  const base = typeof location === "undefined" ? undefined : location.href;
  const url = URL.canParse(given, base) ? new URL(given, base) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new StrandlineError(
      "INVALID_ARGUMENT",
      `url ${JSON.stringify(String(given).slice(0, 128))}: an http or https address`,
      { url: String(given).slice(0, 128) },
    );
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}
