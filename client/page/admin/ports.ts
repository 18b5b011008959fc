/** How the admin's calls reach the device and the edge. */
import type { Clock } from "../../../shared/clock.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type { EdgeRequest } from "../../calls/admin-calls.ts";
import type { WorkerCalls } from "../../calls/worker-api.ts";
import { askUntilAborted } from "../abort.ts";
import type { CallWorker } from "../consumer-link.ts";

const TIMEOUT_MS = 30_000;
/** For the worker to say itself that the edge was late. */
const GRACE_MS = 5_000;

export interface Wait {
  /** In milliseconds; 30,000 by default. Past it the call rejects with `REQUEST_TIMED_OUT`: it may or may not have happened. */
  readonly timeout?: number;
  /** Ends the wait: the call rejects with `ABORTED`, whose `cause` is the signal's reason, and may or may not have happened. */
  readonly signal?: AbortSignal;
}

export interface AdminDeps {
  readonly call: CallWorker;
  readonly connect: () => Promise<void>;
  readonly clock: Clock;
  /** Null: the device is its own broker. */
  readonly url: string | null;
  readonly namespace: string;
  /** Where groups are of which nothing else is said. */
  readonly coordinator: "device" | "edge";
  /** A topic was made or deleted: what the page remembers of its partitions is of another. */
  readonly onTopic: (topic: string) => void;
}

export class AdminPorts {
  readonly #deps: AdminDeps;

  constructor(deps: AdminDeps) {
    this.#deps = deps;
  }

  get url(): string | null {
    return this.#deps.url;
  }

  get namespace(): string {
    return this.#deps.namespace;
  }

  get coordinator(): "device" | "edge" {
    return this.#deps.coordinator;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  topicChanged(topic: string): void {
    this.#deps.onTopic(topic);
  }

  async connect(): Promise<void> {
    await this.#deps.connect();
  }

  /** Of the device. */
  async call<Answer>(ask: (api: WorkerCalls) => Promise<Answer>, wait: Wait = {}): Promise<Answer> {
    return await this.#waited(ask, wait, timeoutMsOf(wait));
  }

  /** Of the edge. Rejects with its error, or with `UNSUPPORTED_OPERATION` where there is none. */
  async edge<Answer>(asked: Omit<EdgeRequest, "timeoutMs">, wait: Wait = {}): Promise<Answer> {
    const timeoutMs = timeoutMsOf(wait);
    return (await this.#waited(
      (api) => api.edgeRequest({ ...asked, timeoutMs }),
      wait,
      timeoutMs + GRACE_MS,
    )) as Answer;
  }

  async #waited<Answer>(
    ask: (api: WorkerCalls) => Promise<Answer>,
    { signal }: Wait,
    timeoutMs: number,
  ): Promise<Answer> {
    return await askUntilAborted(() => this.#deps.call(ask, timeoutMs), signal);
  }
}

function timeoutMsOf({ timeout = TIMEOUT_MS }: Wait): number {
  if (Number.isFinite(timeout) && timeout > 0) return timeout;
  throw new StrandlineError("INVALID_ARGUMENT", `timeout ${String(timeout)}`, { timeout: String(timeout) });
}

export function unsupported(said: string): StrandlineError {
  return new StrandlineError("UNSUPPORTED_OPERATION", said);
}

export function topicPath(topic: string): string {
  return `/v1/topics/${encodeURIComponent(topic)}`;
}

/** Whether the edge could not be asked, so that what the device knows is the answer. */
export function outOfReach(error: unknown): boolean {
  return error instanceof StrandlineError && (error.code === "NETWORK_EXCEPTION" || error.code === "REQUEST_TIMED_OUT");
}
