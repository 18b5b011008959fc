/**
 * One running consumer of a group per device: the tabs of one browser take turns by a lock (`tab-lock.ts`), with no edge
 * to ask, and the tab whose turn it is owns all partitions. The others stand by and take over where the group's committed
 * offsets are. A tab that was frozen for longer than a session has lost its turn when it wakes: the number of the turn
 * stands in the store, and a commit under an older one is refused, whatever the tab believes.
 */
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { PartitionRef, Replica } from "../log/device-log.ts";
import { turnOf, turnOver } from "../log/turn-over.ts";
import { holdTabLock, type TabLockPorts } from "../tab-lock.ts";
import type {
  CommitRefusal,
  GroupMembership,
  GroupStart,
  MembershipEvents,
  OwnedOffset,
  Ownership,
  StoreFence,
} from "./group-membership.ts";

/** About ten seconds: Kafka's shortest sessions are of that length. */
const QUESTIONS_MAX = 10;
const RETRY_MS = 1_000;

export interface OneTabPorts extends Pick<TabLockPorts, "name" | "locks" | "news" | "clock" | "random"> {
  readonly groupId: string;
  readonly replica: Replica;
}

type Owned = { -readonly [Key in keyof Ownership]: Ownership[Key] };

export class OneTabGroup implements GroupMembership {
  readonly #ports: OneTabPorts;
  readonly #events: Pick<MembershipEvents, "changed">;
  readonly #owned = new Map<string, Owned>();
  readonly memberId: string;
  readonly protocol = "sticky";
  readonly holding = false;
  /** Null: not told yet. */
  #known: readonly { readonly topic: string; readonly ref: PartitionRef }[] | null = null;
  #waiting: { readonly releasing: AbortController; readonly over: Promise<void> } | null = null;
  #turn: number | null = null;
  #closed = false;

  constructor(ports: OneTabPorts, events: Pick<MembershipEvents, "changed">) {
    this.#ports = ports;
    this.#events = events;
    this.memberId = `tab-${Array.from(ports.random.bytes(8), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    this.#wait();
  }

  /** Who stands by has not joined yet. */
  get joined(): boolean {
    return this.#turn !== null && this.#known !== null;
  }

  owned(): readonly Ownership[] {
    return [...this.#owned.values()];
  }

  subscribed(partitions: readonly { readonly topic: string; readonly ref: PartitionRef }[]): void {
    const first = this.#known === null;
    this.#known = partitions;
    if (this.#turn !== null && (this.#match() || first)) this.#events.changed();
  }

  polled(): void {
    if (this.#waiting === null && !this.#closed) this.#wait();
  }

  async position({ ref }: Ownership): Promise<GroupStart | null> {
    const { replica, groupId } = this.#ports;
    const offset = await replica.committed(groupId, ref);
    if (offset === null) return null;
    const readFrom = await replica.readFrom(groupId, ref);
    const cutFrom = await replica.cutFrom(groupId, ref);
    return { offset, ...(readFrom === null ? {} : { readFrom }), ...(cutFrom === null ? {} : { cutFrom }) };
  }

  async commit(offsets: readonly OwnedOffset[]): Promise<readonly CommitRefusal[]> {
    const { replica, groupId } = this.#ports;
    const turn = this.#turn;
    const refusals = offsets.map(({ of }): CommitRefusal => ({ of, code: "ILLEGAL_GENERATION" }));
    if (turn === null || offsets.some(({ of }) => of.state === "lost")) return refusals;
    try {
      const rows = offsets.map(({ of: { ref }, offset, readFrom }) => ({ ref, offset, readFrom }));
      await replica.commit(groupId, rows, { turn });
    } catch (error) {
      if (!(error instanceof StrandlineError) || error.code !== "ILLEGAL_GENERATION") throw error;
      this.#turnIsOver(turn);
      return refusals;
    }
    return [];
  }

  /** Nothing is ever asked back. */
  release(): void {}

  fence(): StoreFence {
    const turn = this.#turn;
    return async (transaction) => {
      if (turn !== null && (await turnOf(transaction, this.#ports.groupId)) === turn) return;
      this.#turnIsOver(turn);
      throw turnOver(this.#ports.groupId);
    };
  }

  yield(): void {
    this.#waiting?.releasing.abort();
    this.#waiting = null;
    this.#lose();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const over = this.#waiting?.over;
    this.yield();
    await over;
  }

  /** The store has heard of it before the lock has. */
  #turnIsOver(turn: number | null): void {
    if (turn !== null && this.#turn === turn) this.yield();
  }

  #wait(): void {
    const releasing = new AbortController();
    const lock = { ...this.#ports, questionsMax: QUESTIONS_MAX, retryMs: RETRY_MS, failed: () => {} };
    this.#waiting = { releasing, over: holdTabLock(lock, releasing.signal, (over) => this.#hold(over)) };
  }

  async #hold(over: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => over.addEventListener("abort", () => resolve(), { once: true }));
    if (over.aborted) return;
    const turn = await this.#ports.replica.beginTurn(this.#ports.groupId);
    if (over.aborted) return;
    this.#turn = turn;
    this.#match();
    this.#events.changed();
    await ended;
    // Another turn may have begun by then, of a lock that was asked for anew.
    if (this.#turn === turn) this.#lose();
  }

  #lose(): void {
    if (this.#turn === null) return;
    this.#turn = null;
    for (const each of this.#owned.values()) each.state = "lost";
    this.#owned.clear();
    this.#events.changed();
  }

  /** All that is known is owned, and nothing that is no more. True: something has changed. */
  #match(): boolean {
    const wanted = new Map((this.#known ?? []).map((each) => [`${each.ref.topicKey}/${each.ref.partition}`, each]));
    let changed = false;
    for (const [name, each] of this.#owned) {
      if (wanted.has(name)) continue;
      each.state = "lost";
      this.#owned.delete(name);
      changed = true;
    }
    for (const [name, { topic, ref }] of wanted) {
      if (this.#owned.has(name)) continue;
      this.#owned.set(name, { topic, ref, state: "theirs" });
      changed = true;
    }
    return changed;
  }
}
