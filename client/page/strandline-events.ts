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

/** What a developer who listens to nothing should find in the console. To be offline is nothing of the kind. */
export function isGrave(event: WorkerEvent): boolean {
  if (event.type === "sync.state") return event.lastError !== null && event.lastError.code !== "NETWORK_EXCEPTION";
  return /^(record\.dead|producer|storage|log|topic\.refused)\b/.test(event.type);
}
