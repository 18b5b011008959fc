/** What handlers of all pages have handled, and what has to hold of it and of the group's commits at any time. */
import type { ConsumerPayloads, EachBatchPayload, EachMessagePayload } from "../../client/page/consumer-events.ts";
import type { SimulatedGroup } from "./simulated-group.ts";

export class HandledRecords {
  readonly #group: SimulatedGroup;
  readonly #handled: Set<number>[];
  readonly #committed: number[];
  readonly wrong: string[] = [];
  readonly history: string[] = [];
  readonly told: Record<string, number> = {};
  handledAgain = 0;
  #checked = 0;
  #pages = 0;

  constructor(group: SimulatedGroup) {
    this.#group = group;
    this.#handled = group.ends.map(() => new Set());
    this.#committed = group.ends.map(() => 0);
  }

  page(): PageHistory {
    this.#pages += 1;
    return new PageHistory(this, `page ${this.#pages}`);
  }

  note(page: string, partition: number, offset: number): void {
    const handled = this.#handled[partition];
    if (handled?.has(offset) === true) this.handledAgain += 1;
    handled?.add(offset);
    this.history.push(`${page}: ${partition}@${offset}`);
  }

  /** Of the commits that were taken since. */
  check(): void {
    const { accepted } = this.#group;
    for (const { partition, memberId, memberEpoch, offset, owner, fence } of accepted.slice(this.#checked)) {
      this.history.push(`committed ${partition}@${offset} of ${memberId}`);
      if (owner !== memberId || memberEpoch < fence)
        this.wrong.push(`${partition}: taken from ${memberId} at ${memberEpoch}, while ${owner} had it from ${fence}`);
      const before = this.#committed[partition] ?? 0;
      if (offset < before) this.wrong.push(`${partition}: committed ${offset} after ${before}`);
      this.#committed[partition] = offset;
      this.#missing(partition, { from: before, to: offset });
    }
    this.#checked = accepted.length;
    this.wrong.push(...this.#group.doubleOwners());
  }

  /** All is handled and committed. */
  complete(ends: readonly number[]): void {
    this.check();
    for (const [partition, to] of ends.entries()) {
      this.#missing(partition, { from: 0, to });
      const committed = this.#group.committed(partition) ?? 0;
      if (committed !== to) this.wrong.push(`${partition}: ${committed} of ${to} is committed once all is well`);
    }
  }

  #missing(partition: number, { from, to }: { readonly from: number; readonly to: number }): void {
    for (let offset = from; offset < to; offset += 1)
      if (this.#handled[partition]?.has(offset) !== true) this.wrong.push(`${partition}@${offset} was not handled`);
  }
}

/** Of a partition on a page, until it is told that the partition is lost, or that others may have handled the same. */
interface Life {
  readonly handled: Set<number>;
  /** Null: what others have handled comes first. */
  next: number | null;
}

export class PageHistory {
  readonly #all: HandledRecords;
  readonly #page: string;
  /** By partition. */
  readonly #lives = new Map<number, Life>();

  constructor(all: HandledRecords, page: string) {
    this.#all = all;
    this.#page = page;
  }

  told<Name extends keyof ConsumerPayloads>(name: Name, payload: ConsumerPayloads[Name]): void {
    const { told, history } = this.#all;
    told[name] = (told[name] ?? 0) + 1;
    if (name === "partitions_lost" || name === "partitions_assigned" || name === "partitions_revoked") {
      const { partitions } = payload as ConsumerPayloads["partitions_lost"];
      history.push(`${this.#page}: ${name} ${JSON.stringify(partitions)}`);
      for (const partition of Object.values(partitions).flat()) {
        if (name === "partitions_lost") this.#lives.delete(partition);
        else this.#life(partition).next = null;
      }
    } else if (name === "commit_fenced") {
      const { partition, from, to, code } = payload as ConsumerPayloads["commit_fenced"];
      history.push(`${this.#page}: fenced ${partition} ${from}-${to} ${code}`);
      this.#lives.delete(partition);
    } else if (name === "offset_reset") this.#all.wrong.push(`${this.#page}: ${JSON.stringify(payload)}`);
  }

  eachMessage(work: () => Promise<void>): (payload: EachMessagePayload) => Promise<void> {
    return async ({ partition, message: { offset }, isStale }) => {
      if (isStale()) this.#all.wrong.push(`${this.#page} began ${partition}@${offset}, which is stale`);
      await this.#handle(partition, offset, work);
    };
  }

  eachBatch(work: () => Promise<void>): (payload: EachBatchPayload) => Promise<void> {
    return async ({ batch: { partition, messages }, isStale, isRunning, resolveOffset, heartbeat }) => {
      for (const { offset } of messages) {
        if (isStale() || !isRunning()) return;
        await this.#handle(partition, offset, work);
        resolveOffset(offset);
        await heartbeat();
      }
    };
  }

  #life(partition: number): Life {
    const life = this.#lives.get(partition) ?? { handled: new Set<number>(), next: null };
    this.#lives.set(partition, life);
    return life;
  }

  async #handle(partition: number, offset: number, work: () => Promise<void>): Promise<void> {
    const life = this.#life(partition);
    const at = `${this.#page}: ${partition}@${offset}`;
    if (life.next !== null && life.next !== offset) this.#all.wrong.push(`${at} where ${life.next} was to come`);
    if (life.handled.has(offset)) this.#all.wrong.push(`${at} again, untold`);
    life.next = offset;
    await work();
    if (life.handled.has(offset)) this.#all.wrong.push(`${at} twice at a time`);
    life.handled.add(offset);
    if (life.next === offset) life.next = offset + 1;
    this.#all.note(this.#page, partition, offset);
  }
}
