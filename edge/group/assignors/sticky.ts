/**
 * As balanced as the subscriptions let it be, and what need not move stays. Topics with the same subscribers are one
 * pool. First everybody keeps what it has; then what nobody has goes to the least loaded; then, as long as it levels,
 * one partition goes from a member to one with two less, directly or over others that hand on one of another pool.
 *
 * With equal subscriptions there is one pool, and no assignment within one of balance moves fewer: only members above
 * their share give, and they give no more than what is above it.
 */
import type { TopicId } from "../../../shared/brands.ts";
import type { Assignor, AssignorInput, Target } from "./assignor.ts";
import { Heap } from "./heap.ts";

interface Place {
  readonly owners: (string | null)[];
  readonly partition: number;
}

interface Pool {
  /** Of members with the same set of topics. */
  readonly kinds: readonly (readonly number[])[];
  /** Indexes of members. */
  readonly subscribers: readonly number[];
  /** By member: what it has of the pool. */
  readonly places: Map<number, Place[]>;
  readonly free: Place[];
}

export const stickyAssignor: Assignor = {
  name: "sticky",
  assign(input) {
    const sharing = new Sharing(input);
    sharing.fill();
    sharing.level();
    sharing.levelOverOthers();
    return sharing.target();
  },
};

class Sharing {
  readonly #ids: readonly string[];
  readonly #loads: number[];
  readonly #pools: readonly Pool[];
  readonly #poolsOf: Pool[][];
  readonly #target = new Map<TopicId, (string | null)[]>();

  constructor({ members, topics }: AssignorInput) {
    this.#ids = members.map((member) => member.memberId);
    this.#loads = members.map(() => 0);
    this.#poolsOf = members.map(() => []);
    const indexes = new Map(this.#ids.map((id, index) => [id, index]));
    const kinds = new Map<ReadonlySet<TopicId>, number[]>();
    for (const [index, { topics: own }] of members.entries()) {
      const kind = kinds.get(own);
      if (kind === undefined) kinds.set(own, [index]);
      else kind.push(index);
    }
    const pools: Pool[] = [];
    for (const topic of topics) {
      const readers = [...kinds].flatMap(([own, kind]) => (own.has(topic.topicId) ? [kind] : []));
      let pool = pools.find((known) => areEqual(known.kinds, readers));
      if (pool === undefined) {
        pool = { kinds: readers, subscribers: readers.flat(), places: new Map(), free: [] };
        pools.push(pool);
      }
      const owners = Array.from({ length: topic.partitionCount }, (): string | null => null);
      this.#target.set(topic.topicId, owners);
      for (let partition = 0; partition < topic.partitionCount; partition += 1) {
        const owner = indexes.get(topic.owners[partition] ?? "");
        const place = { owners, partition };
        if (owner !== undefined && members[owner]?.topics.has(topic.topicId) === true) this.#give(pool, place, owner);
        else pool.free.push(place);
      }
    }
    // Those with the fewest subscribers first: the others can give way.
    this.#pools = pools.toSorted((a, b) => a.subscribers.length - b.subscribers.length);
    for (const pool of this.#pools) for (const member of pool.subscribers) this.#poolsOf[member]?.push(pool);
  }

  target(): Target {
    return this.#target;
  }

  fill(): void {
    for (const pool of this.#pools) {
      if (pool.free.length === 0 || pool.subscribers.length === 0) continue;
      const lightest = new Heap();
      for (const member of pool.subscribers) lightest.push(this.#load(member), member);
      for (const place of pool.free) {
        const [, member] = lightest.pop() ?? [0, -1];
        this.#give(pool, place, member);
        lightest.push(this.#load(member), member);
      }
    }
  }

  /** Within each pool, from the most loaded that has something of it to the least loaded. */
  level(): void {
    for (const pool of this.#pools) {
      const lightest = new Heap();
      const heaviest = new Heap();
      for (const member of pool.subscribers) {
        lightest.push(this.#load(member), member);
        if (has(pool, member)) heaviest.push(-this.#load(member), member);
      }
      for (;;) {
        const [rank, from] = heaviest.pop() ?? [0, -1];
        const [least, to] = lightest.pop() ?? [0, -1];
        if (from === -1 || to === -1 || -rank - least < 2) break;
        this.#move(pool, from, to);
        // The giver is never among the lightest again, nor the taker among the heaviest: they are two apart.
        lightest.push(this.#load(to), to);
        if (has(pool, from)) heaviest.push(-this.#load(from), from);
      }
    }
  }

  levelOverOthers(): void {
    if (this.#pools.length < 2) return;
    for (let isLevel = false; !isLevel;) {
      isLevel = true;
      const done = new Set<number>();
      for (const from of this.#byLoad()) {
        while (!done.has(from) && this.#giveOverOthers(from, done)) isLevel = false;
      }
    }
  }

  #byLoad(): readonly number[] {
    return this.#ids.map((_, member) => member).toSorted((a, b) => this.#load(b) - this.#load(a) || a - b);
  }

  /**
   * Along a shortest way. False: whoever can be reached has at most one less; then nobody who was reached and has no
   * more than `from` can give either, and is `done`.
   */
  #giveOverOthers(from: number, done: Set<number>): boolean {
    const cameBy = new Map<number, readonly [pool: Pool, giver: number] | null>([[from, null]]);
    const seen = new Set<Pool>();
    for (const giver of cameBy.keys()) {
      for (const pool of this.#poolsOf[giver] ?? []) {
        if (seen.has(pool) || !has(pool, giver)) continue;
        seen.add(pool);
        for (const taker of pool.subscribers) {
          if (cameBy.has(taker)) continue;
          cameBy.set(taker, [pool, giver]);
          if (this.#load(from) - this.#load(taker) < 2) continue;
          for (let at = taker, way = cameBy.get(at); way != null; at = way[1], way = cameBy.get(at))
            this.#move(way[0], way[1], at);
          return true;
        }
      }
    }
    for (const member of cameBy.keys()) if (this.#load(member) <= this.#load(from)) done.add(member);
    return false;
  }

  #move(pool: Pool, from: number, to: number): void {
    const place = pool.places.get(from)?.pop();
    if (place === undefined) return;
    this.#loads[from] = this.#load(from) - 1;
    this.#give(pool, place, to);
  }

  #give(pool: Pool, place: Place, to: number): void {
    const places = pool.places.get(to);
    if (places === undefined) pool.places.set(to, [place]);
    else places.push(place);
    place.owners[place.partition] = this.#ids[to] ?? null;
    this.#loads[to] = this.#load(to) + 1;
  }

  #load(member: number): number {
    return this.#loads[member] ?? 0;
  }
}

function has(pool: Pool, member: number): boolean {
  return (pool.places.get(member)?.length ?? 0) > 0;
}

function areEqual<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
