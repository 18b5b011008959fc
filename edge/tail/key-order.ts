/**
 * Order of keys over the growth of a topic, for one socket. Every partition knows where its log ended when it heard of
 * a growth: its barrier. What stands behind a barrier may be of keys that were elsewhere before, so a reader passes it
 * once it has dealt with all that the older partitions held below theirs. Barriers wait for nothing but records below
 * barriers of the same growth, so nobody waits in a circle.
 *
 * What is not read any more cannot be waited for: where an older partition is unsubscribed before it was dealt with up
 * to its barrier, those that wait for it end, each with an error that names it. One that ended by an error is waited
 * for, since its reader was told and comes back.
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
  /** Has the partition told of its topic once more. */
  readonly remind: (topicId: string, partition: number) => Promise<void>;
  /** The subscription may go beyond the barriers of its first `growths` growths. */
  readonly pass: (id: number, growths: number) => void;
  /** The subscription waits for what does not come. */
  readonly refuse: (id: number, error: StrandlineError) => void;
}

const ASK_AGAIN_MS = 1_000;
/** The controller tells by itself; who still does not know after one question may have lost what it was told. */
const QUESTIONS_PER_REMINDER = 10;

export class KeyOrder {
  readonly #parts: KeyOrderParts;
  readonly #barriers = new Map<string, readonly GrowthBarrier[]>();
  /** Growth that each subscription stands before. */
  readonly #waiting = new Map<number, number>();
  /** How far partitions were dealt with that were unsubscribed since. */
  readonly #dealtWith = new Map<string, number>();

  constructor(parts: KeyOrderParts) {
    this.#parts = parts;
  }

  /** Throws `INVALID_REQUEST` where an older partition is not subscribed. */
  async atBarrier(one: OrderedSubscription, growth: number): Promise<void> {
    this.#waiting.set(one.id, growth);
    const from = (await this.#barriersOf(one, one.partition, growth))[growth]?.from ?? 0;
    for (let partition = 0; partition < from && this.#stands(one); partition += 1) {
      if (!this.#isRead(one.topicId, partition) && !this.#dealtWith.has(keyOf(one.topicId, partition)))
        throw notRead(one, partition);
      await this.#barriersOf(one, partition, growth);
      if (!this.#isRead(one.topicId, partition) && !this.#isPast(one.topicId, partition, growth))
        throw notRead(one, partition);
    }
    this.#passWhoMay();
  }

  /** It stands no longer, by its reader's own word. */
  unsubscribed({ id, topicId, partition, ackedTo }: OrderedSubscription): void {
    const key = keyOf(topicId, partition);
    this.#waiting.delete(id);
    this.#dealtWith.set(key, Math.max(ackedTo, this.#dealtWith.get(key) ?? 0));
    const subscriptions = this.#parts.subscriptions();
    for (const [waiting, growth] of this.#waiting) {
      const one = subscriptions.find((other) => other.id === waiting);
      if (one === undefined || one.topicId !== topicId || this.#isPast(topicId, partition, growth)) continue;
      const from = this.#barriers.get(keyOf(topicId, one.partition))?.[growth]?.from ?? 0;
      if (partition < from) this.#parts.refuse(waiting, notRead(one, partition));
    }
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
      if (barrier === undefined) return false;
      return (older !== undefined && older.ackedTo >= barrier.at) || this.#isPast(one.topicId, partition, growth);
    });
  }

  #isRead(topicId: string, partition: number): boolean {
    const all = this.#parts.subscriptions();
    return all.some((one) => one.topicId === topicId && one.partition === partition && one.keyOrder);
  }

  /** Dealt with up to its barrier, before it was unsubscribed. */
  #isPast(topicId: string, partition: number, growth: number): boolean {
    const key = keyOf(topicId, partition);
    const barrier = this.#barriers.get(key)?.[growth];
    const dealtWith = this.#dealtWith.get(key);
    return barrier !== undefined && dealtWith !== undefined && dealtWith >= barrier.at;
  }

  #stands({ id }: OrderedSubscription): boolean {
    return this.#parts.subscriptions().some((one) => one.id === id);
  }

  /** A partition that has not heard of the growth yet is asked again, as long as `one` waits: the controller is telling it. */
  async #barriersOf(one: OrderedSubscription, partition: number, growth: number): Promise<readonly GrowthBarrier[]> {
    const { topicId } = one;
    const key = keyOf(topicId, partition);
    for (let questions = 0; ; questions += 1) {
      const known = this.#barriers.get(key) ?? [];
      if (known.length > growth || !this.#stands(one)) return known;
      this.#barriers.set(key, await this.#parts.growthsOf(topicId, partition));
      if ((this.#barriers.get(key)?.length ?? 0) > growth) continue;
      if (questions % QUESTIONS_PER_REMINDER === 1) await this.#parts.remind(topicId, partition);
      await this.#parts.clock.sleep(ASK_AGAIN_MS);
    }
  }
}

function notRead({ id, topicId }: OrderedSubscription, partition: number): StrandlineError {
  const said = `keyOrder: partition ${partition} of ${topicId} is not subscribed on this socket with keyOrder`;
  return new StrandlineError("INVALID_REQUEST", said, { id, topicId, partition });
}

function keyOf(topicId: string, partition: number): string {
  return `${topicId} ${partition}`;
}
