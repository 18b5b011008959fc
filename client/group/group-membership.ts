/**
 * A consumer session's place in its group: which partitions are its own at the moment, and how what it handled is committed.
 * Two implementations: a member of a group at the edge, and one of the tabs of this browser.
 */
import type { Offset } from "../../shared/brands.ts";
import type { PartitionRef } from "../log/device-log.ts";

/** A partition that the member owns. Another ownership of the same partition, later, is another object. */
export interface Ownership {
  readonly topic: string;
  readonly ref: PartitionRef;
  /** `theirs`: it may be read and handled. `leaving`: no more of it is begun; `release` follows. `lost`: it is another's. */
  state: "theirs" | "leaving" | "lost";
}

export interface GroupPosition {
  readonly offset: Offset;
  /** Of a message whose chunks had not all come when it was committed: its first one stands there. */
  readonly readFrom?: Offset;
}

export interface OwnedOffset extends GroupPosition {
  readonly of: Ownership;
}

export interface MembershipEvents {
  /** Ownerships have come, are to be let go of, or are lost. */
  changed(): void;
  /** Kept while offline, and refused: others may have handled `[from, to)` as well. */
  fenced(range: {
    readonly of: Ownership;
    readonly from: Offset | null;
    readonly to: Offset;
    readonly code: string;
  }): void;
  /** It could not join, or was thrown out, and tries again; `final`: it does not. */
  failed(error: unknown, final: boolean): void;
  heartbeat(facts: { readonly memberId: string; readonly groupGenerationId: number }): void;
}

export interface GroupMembership {
  /** Null: it has not joined yet. In the group's words, for events. */
  readonly memberId: string | null;
  /** True: it has joined, and was told what it owns, be it nothing. */
  readonly joined: boolean;
  /** All that it owns, with what is leaving. */
  owned(): readonly Ownership[];
  /** Topics of the subscription, as they become known on the device. */
  subscribed(topics: readonly { readonly topic: string; readonly refs: readonly PartitionRef[] }[]): void;
  /** The page works: asked for with every poll. One that does not for too long steps down (`maxPollIntervalMs`). */
  polled(): void;
  /** The group's offset where the ownership begins; null: none. */
  position(of: Ownership): Promise<GroupPosition | null>;
  /**
   * Resolves once they stand at the group, or on the device where the edge cannot be reached: those are sent later.
   * Rejects with `ILLEGAL_GENERATION` (device groups), `FENCED_MEMBER_EPOCH`, `STALE_MEMBER_EPOCH`, `UNKNOWN_MEMBER_ID`; the
   * ownerships it names are lost then.
   */
  commit(offsets: readonly OwnedOffset[]): Promise<void>;
  /** Nothing of it is worked on any more, and what was handled is committed. */
  release(of: readonly Ownership[]): void;
  /** Leaves the group. Resolves when others can have what it owned, or the edge cannot be told. */
  close(): Promise<void>;
}
