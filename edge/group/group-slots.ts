/**
 * One partition in a group: whose it is to be, who may still work on it, and how far its hand-over has come.
 *
 *   wanted -> sent -> held -> told        the way of a fence; `failed`: asked for again with the next heartbeat or tick
 *
 * What a fence's answer says of the committed offset is told once. An owner that does not name the partition afterwards
 * has not heard of it, or has lost it: the fence is pushed again for the offset as it is by then.
 *
 * An owner is told the group's new epoch at once, without the partitions that are another's by then. It has let go of one
 * when a heartbeat at that epoch, or a later one, does not name it: nothing that was sent before it heard so can say that.
 */
import type { TopicId } from "../../shared/brands.ts";
import type { Member } from "./group-member.ts";
import type { FenceHeld } from "./group-words.ts";

type Phase = "wanted" | "sent" | "failed" | "held" | "told";

/** An earlier owner. */
export interface Holder {
  readonly member: Member;
  /** Of its ownership. */
  readonly since: number;
  /** The epoch in which the partition became another's. */
  readonly movedEpoch: number;
  readonly wasNamed: boolean;
  /** By the watched time: when it was first told to let go; null: it was not, or that was forgotten. */
  askedMs: number | null;
}

export interface GroupTopic {
  readonly topicId: TopicId;
  readonly topic: string;
  readonly slots: Slot[];
}

export class Slot {
  readonly of: GroupTopic;
  readonly partition: number;
  target: Member | null = null;
  /** The epoch in which it became the target's: its fence. */
  since = 0;
  phase: Phase = "told";
  /** Counts the fences that were handed out: an answer to another than the last says what was so before. */
  push = 0;
  committed: FenceHeld = null;
  /** The target may have heard that it owns it. */
  mayOwn = false;
  /** The target's last heartbeat named it. */
  isNamed = false;
  holders: readonly Holder[] = [];

  constructor(of: GroupTopic, partition: number) {
    this.of = of;
    this.partition = partition;
  }

  get isOpen(): boolean {
    return this.holders.length > 0 || (this.target !== null && this.phase !== "told");
  }

  get isDue(): boolean {
    return this.phase === "wanted" && this.holders.length === 0 && this.target?.isAway === false;
  }

  /** Whoever may work on it now is to let go of it first, unless it never heard that it was another's in between. */
  moveTo(next: Member | null, epoch: number): void {
    const last = this.target;
    if (last !== null && this.mayOwn) {
      const { since, isNamed: wasNamed } = this;
      this.holders = [...this.holders, { member: last, since, movedEpoch: epoch, wasNamed, askedMs: null }];
      last.holds.add(this);
    }
    const unaware = this.holders.find(({ member, movedEpoch }) => member === next && member.toldEpoch < movedEpoch);
    this.#put(next, unaware?.since ?? epoch);
    if (unaware === undefined) return;
    this.letGo(unaware.member);
    this.phase = "told";
    this.mayOwn = true;
    this.isNamed = unaware.wasNamed;
  }

  /** Of a member that is gone: what it worked on is over. */
  inherit(heir: Member | null, epoch: number): void {
    this.#put(heir, epoch);
  }

  #put(target: Member | null, since: number): void {
    this.target?.targets.delete(this);
    target?.targets.add(this);
    this.target = target;
    this.since = since;
    this.#begin();
  }

  /** Nobody was told of it yet, under this target. */
  #begin(): void {
    this.phase = "wanted";
    this.committed = null;
    this.mayOwn = false;
    this.isNamed = false;
  }

  letGo(member: Member): void {
    this.holders = this.holders.filter((holder) => holder.member !== member);
    member.holds.delete(this);
  }

  /** A heartbeat at that epoch did not name it. False: it was sent before the member heard that it is another's. */
  letGoAt(member: Member, epoch: number): boolean {
    const heard = this.holders.every((holder) => holder.member !== member || epoch >= holder.movedEpoch);
    if (heard) this.letGo(member);
    return heard;
  }

  asked(member: Member, watchedMs: number): void {
    for (const holder of this.holders) if (holder.member === member) holder.askedMs ??= watchedMs;
  }

  forgetAsked(member: Member): void {
    for (const holder of this.holders) if (holder.member === member) holder.askedMs = null;
  }

  /** The member is away, and works on nothing. */
  park(): void {
    this.#begin();
  }

  /** Of the target, at its epoch. Only what it was told can be its own; what it is yet to let go of is not. */
  named(epoch: number): void {
    if (!this.mayOwn || epoch < this.since || this.holders.some(({ member }) => member === this.target)) return;
    // It was told, so all others had let go: those that were learnt from the snapshot are of before.
    for (const { member } of this.holders) this.letGo(member);
    this.isNamed = true;
    this.phase = "told";
  }

  notNamed(): void {
    this.isNamed = false;
    if (this.mayOwn && this.phase === "told") this.phase = "wanted";
  }

  /** A heartbeat of an epoch that is over: it says nothing of what was told since, but perhaps that was not heard. */
  perhapsUnheard(): void {
    if (!this.isNamed) this.notNamed();
  }
}
