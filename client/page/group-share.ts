/** Which partitions are a consumer's own, as its page knows it: asked before each record. */
import type { GroupView, OwnedPartition } from "../calls/consumer-calls.ts";
import { nameOf, type Line } from "./line-position.ts";
import type { TopicPartition } from "./paused-partitions.ts";

export interface ShareChange {
  /** The group has told what is owned, for the first time or again. */
  readonly joined: boolean;
  readonly assigned: readonly OwnedPartition[];
  readonly leaving: readonly OwnedPartition[];
  readonly gone: readonly OwnedPartition[];
}

export class GroupShare {
  readonly #inGroup: boolean;
  /** By ownership. */
  #owned: ReadonlyMap<number, OwnedPartition> = new Map();
  /** Refused at a commit, which may be heard of before the worker's word is here. */
  readonly #refused = new Set<number>();
  view: GroupView | null = null;

  constructor(inGroup: boolean) {
    this.#inGroup = inGroup;
  }

  /** A handler may be called with it. */
  begins(line: Line): boolean {
    if (!this.#inGroup) return true;
    if (line.partition < 0) return this.view?.joined === true;
    return line.ownership !== undefined && this.#owned.get(line.ownership)?.leaving === false;
  }

  /** What a handler has done with it counts. Pending records are this device's own, whoever has the partition. */
  counts(line: Line): boolean {
    if (!this.#inGroup || line.pending) return true;
    return line.ownership === undefined ? this.ownershipOf(line) === undefined : this.#owned.has(line.ownership);
  }

  owned(): OwnedPartition[] {
    return [...this.#owned.values()];
  }

  ownershipOf(of: TopicPartition): number | undefined {
    return this.owned().find((each) => nameOf(each) === nameOf(of))?.ownership;
  }

  /** Null: it is known already. */
  heard(view: GroupView): ShareChange | null {
    if (this.view !== null && view.version <= this.view.version) {
      // It begins with the passing of time, and ends with a change.
      if (view.holding && view.version === this.view.version) this.view = view;
      return null;
    }
    const joined = view.joined && this.view?.joined !== true;
    this.view = view;
    return { joined, ...this.#become(view.owned.filter(({ ownership }) => !this.#refused.has(ownership))) };
  }

  /** All of it, when the worker has died. */
  lose(): ShareChange {
    this.view = null;
    this.#refused.clear();
    return { joined: false, ...this.#become([]) };
  }

  refuse(ownerships: ReadonlySet<number>): ShareChange {
    for (const each of ownerships) this.#refused.add(each);
    return { joined: false, ...this.#become(this.owned().filter(({ ownership }) => !ownerships.has(ownership))) };
  }

  #become(owned: readonly OwnedPartition[]): Omit<ShareChange, "joined"> {
    const before = this.#owned;
    this.#owned = new Map(owned.map((each) => [each.ownership, each]));
    return {
      assigned: owned.filter((each) => !before.has(each.ownership)),
      leaving: owned.filter((each) => each.leaving && before.get(each.ownership)?.leaving !== true),
      gone: [...before.values()].filter((each) => !this.#owned.has(each.ownership)),
    };
  }
}
