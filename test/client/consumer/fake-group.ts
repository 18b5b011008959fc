/** A group as a test tells it to be: who owns what, by whose word, and what was committed under which ownership. */
import type {
  CommitRefusal,
  GroupMembership,
  GroupStart,
  JoinGroup,
  MembershipEvents,
  OwnedOffset,
  Ownership,
} from "../../../client/group/group-membership.ts";
import type { PartitionRef } from "../../../client/log/device-log.ts";
import { turnOver } from "../../../client/log/turn-over.ts";
import type { Offset } from "../../../shared/brands.ts";
import type { StrandlineError } from "../../../shared/strandline-error.ts";

type Owned = { -readonly [Key in keyof Ownership]: Ownership[Key] };

export class FakeGroup {
  readonly members: FakeMember[] = [];
  readonly committed = new Map<string, number>();
  /** `commit t-0@3`, `release t-0`, in order. */
  readonly told: string[] = [];
  /** Called with each commit that stands. */
  onCommit: (place: string, offset: number, before: number) => void = () => {};
  /** These commits are refused, as if another member had been given the partition. */
  readonly refusing = new Set<string>();
  /** Commits are decided after it. */
  underWay: Promise<void> = Promise.resolve();
  /** Commits reject with it, as where the store fails. */
  failing: Error | null = null;
  /** How many came here, decided or not. */
  commits = 0;

  get groups(): { readonly device: JoinGroup } {
    return {
      device: (_, events) => {
        const member = new FakeMember(this, events, `m${this.members.length}`);
        this.members.push(member);
        return member;
      },
    };
  }

  /** Those that are in the group. */
  get living(): FakeMember[] {
    return this.members.filter(({ closed }) => !closed);
  }

  /** More than one would be wrong. */
  ownersOf(place: string): FakeMember[] {
    return this.members.filter((member) => member.has(place));
  }
}

export class FakeMember implements GroupMembership {
  readonly memberId: string;
  readonly protocol = "test";
  readonly #group: FakeGroup;
  readonly #events: MembershipEvents;
  readonly #owned = new Map<string, Owned>();
  readonly #known = new Map<string, { readonly topic: string; readonly ref: PartitionRef }>();
  joined = true;
  holding = false;
  closed = false;
  polls = 0;

  constructor(group: FakeGroup, events: MembershipEvents, memberId: string) {
    this.#group = group;
    this.#events = events;
    this.memberId = memberId;
  }

  knows(place: string): boolean {
    return this.#known.has(place);
  }

  has(place: string): boolean {
    return this.#owned.has(place);
  }

  owned(): readonly Ownership[] {
    return [...this.#owned.values()];
  }

  assign(...places: string[]): void {
    for (const place of places) {
      const known = this.#known.get(place);
      if (known === undefined || this.closed) throw new Error(`${place} is not known to ${this.memberId}`);
      this.#owned.set(place, { ...known, state: "theirs" });
    }
    this.#events.changed();
  }

  revoke(...places: string[]): void {
    for (const place of places) this.#set(place, "leaving");
    this.#events.changed();
  }

  /** At once, and nobody asks. */
  lose(...places: string[]): void {
    for (const place of places) {
      this.#set(place, "lost");
      this.#owned.delete(place);
    }
    this.#events.changed();
  }

  hold(holding: boolean): void {
    this.holding = holding;
    this.#events.changed();
  }

  fail(error: StrandlineError, final: boolean): void {
    this.#events.failed(error, final);
  }

  beat(): void {
    this.#events.heartbeat({ memberId: this.memberId, groupGenerationId: 7 });
  }

  fenced(place: string, from: number, to: number): void {
    const of = this.#owned.get(place) as Ownership;
    this.#events.fenced({ of, from: from as Offset, to: to as Offset, code: "FENCED_MEMBER_EPOCH" });
  }

  subscribed(partitions: readonly { readonly topic: string; readonly ref: PartitionRef }[]): void {
    for (const each of partitions) this.#known.set(placeOf(each), each);
  }

  polled(): void {
    this.polls += 1;
  }

  async position(of: Ownership): Promise<GroupStart | null> {
    await Promise.resolve();
    const offset = this.#group.committed.get(placeOf(of));
    return offset === undefined ? null : { offset: offset as Offset };
  }

  async commit(offsets: readonly OwnedOffset[]): Promise<readonly CommitRefusal[]> {
    this.#group.commits += 1;
    await this.#group.underWay;
    if (this.#group.failing !== null) throw this.#group.failing;
    const refusals: CommitRefusal[] = [];
    for (const { of, offset } of offsets) {
      const place = placeOf(of);
      const refused = this.#owned.get(place) !== of || this.#group.refusing.has(place);
      this.#group.told.push(`${refused ? "refused" : "commit"} ${place}@${offset}`);
      if (refused) {
        refusals.push({ of, code: "FENCED_MEMBER_EPOCH" });
        if (this.#owned.get(place) === of) this.lose(place);
      } else {
        this.#group.onCommit(place, offset, this.#group.committed.get(place) ?? 0);
        this.#group.committed.set(place, offset);
      }
    }
    return refusals;
  }

  release(of: readonly Ownership[]): void {
    for (const each of of) {
      const place = placeOf(each);
      if (this.#owned.get(place) !== each || each.state !== "leaving") continue;
      this.#set(place, "lost");
      this.#owned.delete(place);
      this.#group.told.push(`release ${place}`);
    }
    this.#events.changed();
  }

  fence(of: Ownership): () => Promise<void> {
    return async () => {
      if (of.state === "lost") throw turnOver("g");
    };
  }

  yield(): void {
    this.lose(...this.#owned.keys());
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const place of this.#owned.keys()) this.#set(place, "lost");
    this.#owned.clear();
  }

  #set(place: string, state: Ownership["state"]): void {
    const owned = this.#owned.get(place);
    if (owned !== undefined) owned.state = state;
  }
}

function placeOf({ topic, ref }: Pick<Ownership, "topic" | "ref">): string {
  return `${topic}-${ref.partition}`;
}
