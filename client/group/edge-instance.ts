/**
 * Turns of the tabs of a device that have one instance id: one of them is a member, the others wait. A frozen one does
 * not keep its turn, and may still be a member when another has it: the edge alone decides for how long, and refuses that
 * other one until then. So nothing rests on the turn: who wakes goes on as the member that it is, or hears that it is none.
 */
import { holdTabLock, type TabLockPorts } from "../tab-lock.ts";
import type { Backoff } from "../sync/backoff.ts";
import { REQUEST_MS_MAX } from "./edge-beats.ts";
import type { KeptCommits } from "./kept-commits.ts";

export interface InstancePorts extends Omit<TabLockPorts, "questionsMax" | "retryMs" | "waits"> {
  readonly kept: Pick<KeptCommits, "send">;
  readonly backoff: Backoff;
  /** Another tab has its turn. */
  readonly waits: () => void;
}

/** About six seconds of silence, as short as a session is. */
const QUESTIONS_MAX = 8;

/** One life, in its turn; or none, where `turn` is aborted before. Its failures are told as those of the lock. */
export async function takeTurn(
  ports: InstancePorts,
  turn: AbortController,
  live: (over: AbortSignal) => Promise<void>,
): Promise<void> {
  const waiting = new AbortController();
  let sent = Promise.resolve();
  const waits = (): void => {
    if (turn.signal.aborted) return;
    ports.waits();
    sent = sendKept(ports, AbortSignal.any([turn.signal, waiting.signal]));
  };
  const failed = (error: unknown): void => {
    turn.abort();
    ports.failed(error);
  };
  const lock = { ...ports, questionsMax: QUESTIONS_MAX, retryMs: 0, waits, failed };
  await holdTabLock(lock, turn.signal, async (over) => {
    waiting.abort();
    await sent;
    await live(over).catch(failed);
    turn.abort();
  });
  await sent;
}

/** What its last life has kept does not wait: others may have its partitions, and it is to hear so. */
async function sendKept({ kept, backoff, clock }: InstancePorts, signal: AbortSignal): Promise<void> {
  const options = { timeoutMs: REQUEST_MS_MAX, signal };
  while (!signal.aborted && !(await kept.send(options).catch(() => false)))
    await clock.sleep(backoff.nextDelayMs(), signal);
}
