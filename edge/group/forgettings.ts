/**
 * Groups of this name that were deleted, until the controller and every partition that may hold an offset of theirs has
 * been told. Written down before anybody is told; telling twice changes nothing.
 */
import { inParallel } from "../in-parallel.ts";
import type { Outcome } from "../outcome.ts";
import { CALLS_AT_ONCE_MAX, CALLS_PER_EVENT_MAX, type GroupPartitions } from "./group-partitions.ts";
import type { Forgetting, GroupStore } from "./group-store.ts";

export interface ForgettingsParts {
  readonly store: GroupStore;
  readonly partitions: GroupPartitions;
  readonly unregister: (groupId: string, incarnation: number) => Promise<void>;
}

export class Forgettings {
  readonly #parts: ForgettingsParts;
  #round: Promise<void> | null = null;

  constructor(parts: ForgettingsParts) {
    this.#parts = parts;
  }

  isPending(): boolean {
    return this.#all().length > 0;
  }

  /** In the transaction of the deletion. */
  add(forgetting: Forgetting): void {
    this.#parts.store.write("forgetting", [...this.#all(), forgetting]);
  }

  /** The name is free for a new incarnation. Rejects where the controller cannot be asked. */
  async unregisterAll(): Promise<void> {
    const { groupId = "" } = this.#parts.store.read("where") ?? {};
    for (const { incarnation, isRegistered } of this.#all()) {
      if (!isRegistered) continue;
      await this.#parts.unregister(groupId, incarnation);
      this.#update(incarnation, (one) => ({ ...one, isRegistered: false }));
    }
  }

  /** Tells each that has not been told, once, as many as one event may. What fails stays. Rejects as `unregisterAll`. */
  async round(): Promise<void> {
    this.#round ??= this.#tellAll().finally(() => (this.#round = null));
    await this.#round;
  }

  async #tellAll(): Promise<void> {
    const { namespace = "", groupId = "" } = this.#parts.store.read("where") ?? {};
    let room = CALLS_PER_EVENT_MAX;
    for (const { incarnation, topics } of this.#all()) {
      const due = topics
        .flatMap(({ partitions, ...topic }) => partitions.map((partition) => ({ ...topic, namespace, partition })))
        .slice(0, room);
      room -= due.length;
      const told = await inParallel(due, CALLS_AT_ONCE_MAX, async (at) => {
        const outcome = await this.#parts.partitions.ask(
          at,
          async (port) => await port.forgetGroup(groupId, incarnation),
        );
        return isTold(outcome) ? [`${at.topicId} ${at.partition}`] : [];
      });
      const done = new Set(told.flat());
      if (done.size > 0) this.#update(incarnation, (one) => without(one, done));
    }
    await this.unregisterAll();
  }

  #update(incarnation: number, change: (one: Forgetting) => Forgetting): void {
    const next = this.#all().map((one) => (one.incarnation === incarnation ? change(one) : one));
    const left = next.filter(({ isRegistered, topics }) => isRegistered || topics.length > 0);
    this.#parts.store.write("forgetting", left.length === 0 ? null : left);
  }

  #all(): readonly Forgetting[] {
    return this.#parts.store.read("forgetting") ?? [];
  }
}

/** A partition of a topic that is gone has nothing to forget. */
function isTold(outcome: Outcome<null>): boolean {
  return outcome.ok || outcome.error.code === "UNKNOWN_TOPIC_ID";
}

function without(one: Forgetting, done: ReadonlySet<string>): Forgetting {
  const topics = one.topics.map(({ partitions, ...topic }) => ({
    ...topic,
    partitions: partitions.filter((partition) => !done.has(`${topic.topicId} ${partition}`)),
  }));
  return { ...one, topics: topics.filter(({ partitions }) => partitions.length > 0) };
}
