/**
 * One running consumer of a group per device: the tabs of one browser take turns by a lock (`tab-lock.ts`), with no edge
 * to ask. The others stand by and take over where the group's committed offsets are. A tab that was frozen for longer
 * than a session has lost its turn when it wakes: the number of the turn stands in the store, and a commit under an
 * older one is refused, whatever the tab believes.
 */
import type { Replica } from "../log/device-log.ts";
import { holdTabLock, type TabLockPorts } from "../tab-lock.ts";

/** About ten seconds: Kafka's shortest sessions are of that length. */
const QUESTIONS_MAX = 10;
const RETRY_MS = 1_000;

export interface GroupLockPorts extends Pick<TabLockPorts, "name" | "locks" | "news" | "clock" | "random"> {
  readonly groupId: string;
  readonly replica: Replica;
  /** The turn has begun, or is over. */
  readonly onChange: () => void;
}

export class GroupLock {
  readonly #releasing = new AbortController();
  #turn: number | null = null;
  #lost = false;

  constructor(ports: GroupLockPorts) {
    const lock = { ...ports, questionsMax: QUESTIONS_MAX, retryMs: RETRY_MS, failed: () => {} };
    void holdTabLock(lock, this.#releasing.signal, (over) => this.#hold(over, ports));
  }

  /** Null: it is not this consumer's turn. */
  get turn(): number | null {
    return this.#turn;
  }

  get held(): boolean {
    return this.#turn !== null;
  }

  /** There was a turn, and another tab has taken it. It does not come back: the consumer is opened again. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Given up, not taken; to the consumer it is the same. */
  yield(): void {
    this.#lost = true;
    this.release();
  }

  release(): void {
    this.#turn = null;
    this.#releasing.abort();
  }

  async #hold(over: AbortSignal, { groupId, replica, onChange }: GroupLockPorts): Promise<void> {
    const ended = new Promise<void>((resolve) => over.addEventListener("abort", () => resolve(), { once: true }));
    if (over.aborted) return;
    const turn = await replica.beginTurn(groupId);
    if (over.aborted) return;
    this.#turn = turn;
    onChange();
    await ended;
    this.#turn = null;
    if (this.#releasing.signal.aborted) return;
    this.#lost = true;
    this.#releasing.abort();
    onChange();
  }
}
