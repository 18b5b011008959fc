/**
 * What crosses between the page and its worker (Comlink). Records cross packed, as finished batches in one
 * transferred buffer; functions stay on the page. Every call settles: the facade rejects what is outstanding when
 * the worker's lock is granted to it (`worker-life.ts`).
 */

import type { AdminCalls } from "./admin-calls.ts";
import type { AppendCalls } from "./append-calls.ts";
import type { ConsumerCalls } from "./consumer-calls.ts";
import type { DeviceCalls } from "./device-calls.ts";
import type { OutboxCalls } from "./outbox-calls.ts";
import type { TableCalls } from "./table-calls.ts";
import type { TopicCalls } from "./topic-calls.ts";
import type { TransactionCalls } from "./transaction-calls.ts";
import type { WorkerEvent } from "./worker-event.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** What an open worker answers. Each part is one desk of the worker (`client/worker/`). */
export interface WorkerCalls
  extends AppendCalls, ConsumerCalls, TransactionCalls, TableCalls, TopicCalls, AdminCalls, OutboxCalls, DeviceCalls {}

export interface WorkerApi extends WorkerCalls {
  /** First of all. */
  open(
    options: WorkerOptions,
    onEvent: (event: WorkerEvent) => void,
    /** Asks the page for a token; null: the edge's doors are open. */
    askToken: (() => Promise<string>) | null,
    /** Told as soon as the life lock is held, until the worker ends: opening may take seconds. */
    onAlive: (lifeLock: string) => void,
  ): Promise<void>;
}
