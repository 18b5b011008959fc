/** Waits until what was sent has reached the edge, whichever tab sent it, over workers that end meanwhile. */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { SettleTarget } from "../calls/outbox-calls.ts";
import type { WorkerCalls } from "../calls/worker-api.ts";
import { aborted, checkTimeoutMs, untilAborted } from "./abort.ts";

export interface FlushOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds; without it, as long as it takes. */
  readonly timeout?: number;
}

export interface FlushDeps {
  readonly call: <Result>(ask: (api: WorkerCalls) => Promise<Result>, deadlineMs: number) => Promise<Result>;
  readonly clock: Clock;
  readonly retryMs: number;
}

/** One question waits no longer, so that a wait that was given up ends in the worker as well. */
const SLICE_MS = 5_000;
const CALL_MS_MAX = 30_000;

export async function flushOutbox(deps: FlushDeps, { signal, timeout }: FlushOptions): Promise<void> {
  const timeoutMs = checkTimeoutMs(timeout);
  const until = timeoutMs === null ? Number.POSITIVE_INFINITY : deps.clock.now() + timeoutMs;
  let targets: SettleTarget[] | null = null;
  while (targets === null || targets.length > 0) {
    const left = until - deps.clock.now();
    if (targets !== null && left <= 0) {
      const said = `after ${timeoutMs} ms records wait; partitions: ${targets.length}`;
      throw new StrandlineError("NOT_SYNCED_YET", said, { partitions: targets.length });
    }
    const asked: readonly SettleTarget[] | null = targets;
    targets = await untilAborted(ask(deps, asked, Math.min(Math.max(0, left), SLICE_MS)), signal, (fired) =>
      aborted("what waits is on the device and is still sent", fired, { stored: true }),
    );
  }
}

async function ask(
  { call, clock, retryMs }: FlushDeps,
  targets: readonly SettleTarget[] | null,
  waitMs: number,
): Promise<SettleTarget[]> {
  for (;;) {
    try {
      // What is stored now is asked for first, and not waited for: a worker may end while it waits.
      return await call((api) => api.settled(targets, targets === null ? 0 : waitMs), CALL_MS_MAX);
    } catch (error) {
      if (!(error instanceof StrandlineError) || error.code !== "WORKER_DIED") throw error;
      await clock.sleep(retryMs);
    }
  }
}
