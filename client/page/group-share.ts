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
  readonly #owned = new Map<string, OwnedPartition>();
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
    const owned = this.#owned.get(nameOf(line));
    return owned !== undefined && owned.ownership === line.ownership && !owned.leaving;
  }

  /** What a handler has done with it counts. Pending records are this device's own, whoever has the partition. */
  counts(line: Line): boolean {
    return !this.#inGroup || line.pending || this.#owned.get(nameOf(line))?.ownership === line.ownership;
  }

  owned(): OwnedPartition[] {
    return [...this.#owned.values()];
  }

  ownershipOf(of: TopicPartition): number | undefined {
    return this.#owned.get(nameOf(of))?.ownership;
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
    const before = new Map(this.#owned);
    this.#owned.clear();
    for (const each of owned) this.#owned.set(nameOf(each), each);
    const known = (each: OwnedPartition, among: ReadonlyMap<string, OwnedPartition>): OwnedPartition | null => {
      const other = among.get(nameOf(each));
      return other?.ownership === each.ownership ? other : null;
    };
    return {
      assigned: owned.filter((each) => known(each, before) === null),
      leaving: owned.filter((each) => each.leaving && known(each, before)?.leaving !== true),
      gone: [...before.values()].filter((each) => known(each, this.#owned) === null),
    };
  }
}
