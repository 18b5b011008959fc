/** What a client tells of itself: `strandline.on(name, listener)`. */
import type { WorkerEvent } from "../calls/worker-event.ts";

/** By the `type` of the worker's events, and what the page itself has to tell. */
export type StrandlineEvents = {
  readonly [Type in WorkerEvent["type"]]: Extract<WorkerEvent, { readonly type: Type }>;
} & {
  /** The worker ended; outstanding calls were rejected, and the next call opens another. */
  readonly "worker.died": { readonly type: "worker.died" };
  /** A send with `acks: 0` was not stored. */
  readonly "send.failed": { readonly type: "send.failed"; readonly error: unknown };
};

/** One entry for each, as the compiler checks. */
const NAMED: { readonly [Name in keyof StrandlineEvents]: true } = {
  "logged.out": true,
  "app.outdated": true,
  "sync.state": true,
  "sync.progress": true,
  "records.settled": true,
  "topics.learned": true,
  "topic.refused": true,
  "producer.diverged": true,
  "producer.blocked": true,
  "record.dead": true,
  "storage.pressure": true,
  "storage.lost": true,
  "storage.memory": true,
  "storage.blocked": true,
  "device.new": true,
  "log.truncated": true,
  "log.damaged": true,
  "worker.died": true,
  "send.failed": true,
};

export const EVENT_NAMES: readonly (keyof StrandlineEvents)[] = Object.keys(NAMED) as (keyof StrandlineEvents)[];

/** What a developer who listens to nothing should find in the console. To be offline is nothing of the kind. */
export function isGrave(event: WorkerEvent): boolean {
  if (event.type === "sync.state") return event.lastError !== null && event.lastError.code !== "NETWORK_EXCEPTION";
  return /^(record\.dead|producer|storage|log|topic\.refused)\b/.test(event.type);
}
