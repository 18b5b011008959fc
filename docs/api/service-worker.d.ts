
/** KafkaJS's log levels and its pluggable `logCreator`. */
declare const logLevel: {
  readonly NOTHING: 0;
  readonly ERROR: 1;
  readonly WARN: 2;
  readonly INFO: 4;
  readonly DEBUG: 5;
};
type LogLevel = (typeof logLevel)[keyof typeof logLevel];
interface LogEntry {
  readonly namespace: string;
  readonly level: LogLevel;
  readonly label: string;
  readonly log: {
    readonly timestamp: string;
    readonly message: string;
    readonly [extra: string]: unknown;
  };
}
type LogCreator = (level: LogLevel) => (entry: LogEntry) => void;
interface StrandlineOptions {
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
  readonly retry?: {
    readonly initialRetryTime?: number;
    readonly maxRetryTime?: number;
  };
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
interface DrainResult {
  /**
   * `drained`: nothing waits. `blocked`: what waits stands, in strict order, behind a refused batch, until the user says what
   * becomes of that. `led`: a tab runs, and sends by itself. `paused`: sync is paused. `late`: the time was up.
   */
  readonly outcome: "drained" | "blocked" | "led" | "paused" | "late";
  readonly pendingRecords: number;
}
interface DrainOptions extends Pick<StrandlineOptions, "namespace" | "principal" | "auth" | "database" | "retry"> {
  /** Absolute, as the pages name it: a relative one would be another database's. */
  readonly url: string;
  /** After so long it ends, sent or not; 60,000 ms by default. Browsers end an event that takes minutes. */
  readonly timeoutMs?: number;
}
/** Answers the `sync` events that pages with `backgroundSync: true` ask for. Call it while the script is first evaluated. */
declare function drainOnSync(options: DrainOptions): void;
/**
 * Sends what waits in that device's outbox, unless a tab does. For other occasions than Background Sync: a push message, a
 * periodic sync. Errors: `STORE_FAILED`, `PRINCIPAL_CHANGED`, `UNSUPPORTED_OPERATION`, `INVALID_ARGUMENT`.
 */
declare function drainOutbox(options: DrainOptions): Promise<DrainResult>;
export { DrainOptions, type DrainResult, drainOnSync, drainOutbox };
//# sourceMappingURL=service-worker.d.ts.map