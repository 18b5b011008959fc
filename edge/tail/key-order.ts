/**
 * Order of keys over the growth of a topic, for one socket. Every partition knows where its log ended when it heard of
 * a growth: its barrier. What stands behind a barrier may be of keys that were elsewhere before, so a reader passes it
 * once it has dealt with all that the older partitions held below theirs. Barriers wait for nothing but records below
 * barriers of the same growth, so nobody waits in a circle.
 */
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { GrowthBarrier } from "../partition/partition-port.ts";

export interface OrderedSubscription {
  readonly id: number;
  readonly topicId: string;
  readonly partition: number;
  readonly keyOrder: boolean;
  readonly ackedTo: number;
}

export interface KeyOrderParts {
  readonly clock: Clock;
  readonly subscriptions: () => readonly OrderedSubscription[];
  readonly growthsOf: (topicId: string, partition: number) => Promise<readonly GrowthBarrier[]>;
  /** The subscription may go beyond the barriers of its first `growths` growths. */
  readonly pass: (id: number, growths: number) => void;
}

const ASK_AGAIN_MS = 1_000;

export class KeyOrder {
  readonly #parts: KeyOrderParts;
  readonly #barriers = new Map<string, readonly GrowthBarrier[]>();
  /** Growth that each subscription stands before. */
  readonly #waiting = new Map<number, number>();

  constructor(parts: KeyOrderParts) {
    this.#parts = parts;
  }

  /** Throws `INVALID_REQUEST` where an older partition is not subscribed. */
  async atBarrier(one: OrderedSubscription, growth: number): Promise<void> {
    this.#waiting.set(one.id, growth);
    const from = (await this.#barriersOf(one, one.partition, growth))[growth]?.from ?? 0;
    for (let partition = 0; partition < from && this.#stands(one); partition += 1) {
      this.#demandSubscribed(one, partition);
      await this.#barriersOf(one, partition, growth);
    }
    this.#passWhoMay();
  }

  acked(): void {
    if (this.#waiting.size > 0) this.#passWhoMay();
  }

  #passWhoMay(): void {
    const subscriptions = this.#parts.subscriptions();
    for (const [id, growth] of this.#waiting) {
      const one = subscriptions.find((other) => other.id === id);
      if (one === undefined) this.#waiting.delete(id);
      else if (this.#mayPass(subscriptions, one, growth)) {
        this.#waiting.delete(id);
        this.#parts.pass(id, growth + 1);
      }
    }
  }

  #mayPass(subscriptions: readonly OrderedSubscription[], one: OrderedSubscription, growth: number): boolean {
    const own = this.#barriers.get(keyOf(one.topicId, one.partition))?.[growth];
    if (own === undefined) return false;
    return Array.from({ length: own.from }, (_, partition) => partition).every((partition) => {
      const barrier = this.#barriers.get(keyOf(one.topicId, partition))?.[growth];
      const older = subscriptions.find((other) => other.topicId === one.topicId && other.partition === partition);
      return barrier !== undefined && older !== undefined && older.ackedTo >= barrier.at;
    });
  }

  #demandSubscribed({ id, topicId }: OrderedSubscription, partition: number): void {
    const older = this.#parts.subscriptions();
    if (older.some((one) => one.topicId === topicId && one.partition === partition && one.keyOrder)) return;
    const said = `keyOrder: partition ${partition} of ${topicId} is not subscribed on this socket with keyOrder`;
    throw new StrandlineError("INVALID_REQUEST", said, { id, topicId, partition });
  }

  #stands({ id }: OrderedSubscription): boolean {
    return this.#parts.subscriptions().some((one) => one.id === id);
  }

  /** A partition that has not heard of the growth yet is asked again, as long as `one` waits: the controller is telling it. */
  async #barriersOf(one: OrderedSubscription, partition: number, growth: number): Promise<readonly GrowthBarrier[]> {
    const { topicId } = one;
    const key = keyOf(topicId, partition);
    for (;;) {
      const known = this.#barriers.get(key) ?? [];
      if (known.length > growth || !this.#stands(one)) return known;
      this.#barriers.set(key, await this.#parts.growthsOf(topicId, partition));
      if ((this.#barriers.get(key)?.length ?? 0) <= growth) await this.#parts.clock.sleep(ASK_AGAIN_MS);
    }
  }
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId} ${partition}`;
}
