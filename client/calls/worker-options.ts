/** What a page says when it opens its worker. */

export interface WorkerOptions {
  /** Null: no edge, the device is its own broker. */
  readonly url: string | null;
  readonly namespace: string;
  readonly principal: string;
  readonly clientId: string;
  /** Set: overrides the database name that is derived from (url, namespace, principal). */
  readonly database: string | null;
  /** Partition count of topics made on the device alone. */
  readonly localPartitionCount: number;
  /** `auto`: memory where IndexedDB cannot be had. */
  readonly storage: "auto" | "indexeddb" | "memory";
  /** Topics of which nothing is given up unasked; null: as it was said before. */
  readonly strictOrder: readonly string[] | null;
  readonly retry: { readonly initialRetryTimeMs: number; readonly maxRetryTimeMs: number };
}
