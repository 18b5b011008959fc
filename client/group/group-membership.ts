/**
 * A consumer session's place in its group: which partitions are its own at the moment, and how what it handled is committed.
 * Two kinds: a member of a group at the edge, and one of the tabs of this browser.
 *
 * The session tells it the partitions of the subscription as they become known (`subscribed`), each poll of its page
 * (`polled`), what it commits, and what it has let go of (`release`). The membership changes the `state` of its ownerships
 * and calls `changed`; the session reads what is `theirs`, lets its page end what is `leaving`, and drops what is `lost`.
 */
import type { Offset } from "../../shared/brands.ts";
import type { ErrorCode } from "../../shared/error-table.ts";
import type { StrandlineError } from "../../shared/strandline-error.ts";
import type { ConsumerOptions } from "../calls/consumer-calls.ts";
import type { PartitionRef } from "../log/device-log.ts";
import type { StoreTransaction } from "../log/store.ts";

/** A partition that the member owns. Another ownership of the same partition, later, is another object. */
export interface Ownership {
  readonly topic: string;
  readonly ref: PartitionRef;
  /**
   * `theirs`: it may be read and handled. `leaving`: no more of it is begun; `release` follows. `lost`: it is another's, for
   * good. It goes on in this order alone. The membership writes it, and calls `changed` behind that.
   */
  readonly state: "theirs" | "leaving" | "lost";
}

export interface GroupPosition {
  readonly offset: Offset;
  /** Of a message whose chunks had not all come when it was committed: its first one stands there. */
  readonly readFrom?: Offset;
  /** Of whoever commits. */
  readonly metadata?: string;
}

/** Where a member begins. */
export interface GroupStart extends GroupPosition {
  /** The log was cut below where the group was, which is told. */
  readonly cutFrom?: Offset;
}

export interface OwnedOffset extends GroupPosition {
  readonly of: Ownership;
}

/** It is not the group's offset: another member has the partition. The ownership is lost. */
export interface CommitRefusal {
  readonly of: Ownership;
  /** `ILLEGAL_GENERATION` (device groups), `FENCED_MEMBER_EPOCH`, `STALE_MEMBER_EPOCH`, `UNKNOWN_MEMBER_ID`. */
  readonly code: ErrorCode;
}

export interface MembershipEvents {
  /** Ownerships have come, are to be let go of, or are lost; or `joined`, `holding` or the member's id is another. */
  changed(): void;
  /** Kept while offline, and refused: others may have handled `[from, to)` as well. */
  fenced(range: {
    readonly of: Ownership;
    readonly from: Offset | null;
    readonly to: Offset;
    readonly code: ErrorCode;
  }): void;
  /** It could not join, or was thrown out, and tries again; `final`: it does not, and the consumer ends with it. */
  failed(error: StrandlineError, final: boolean): void;
  heartbeat(facts: { readonly memberId: string; readonly groupGenerationId: number }): void;
}

/** Called within the transaction that it guards; throws `ILLEGAL_GENERATION` where the ownership is over. */
export type StoreFence = (transaction: StoreTransaction) => Promise<void>;

export interface GroupMembership {
  /** Null: it has not joined yet. In the group's words, for events. */
  readonly memberId: string | null;
  /** True: it has joined, and was told what it owns, be it nothing. */
  readonly joined: boolean;
  /** The session may be over (the tab was frozen): no handler is begun until the group, or the network's failure, has told. */
  readonly holding: boolean;
  /**
   * It alone shows what waits for partitions that are not known yet, which belongs to no group and to all tabs of the
   * device. Absent: who has joined does.
   */
  readonly readsUnassigned?: boolean;
  /** How partitions are shared out, for events: `sticky`. */
  readonly protocol: string;
  /** All that it owns, with what is leaving. */
  owned(): readonly Ownership[];
  /** All partitions of the subscription that the device knows, be it none; again when they become others. */
  subscribed(partitions: readonly { readonly topic: string; readonly ref: PartitionRef }[]): void;
  /**
   * The page works: told with every poll, and every few seconds while its handlers get on. One that does not for too long
   * steps down (`maxPollIntervalMs`), and joins again with the next.
   */
  polled(): void;
  /** Finds out what was lost unheard, as in a freeze. Absent: `holding` says it. */
  confirm?(): Promise<void>;
  /** The group's offset, as it stands for this ownership now; null: none. */
  position(of: Ownership): Promise<GroupStart | null>;
  /**
   * Resolves once they stand at the group, or on the device where the edge cannot be reached: those are sent later. Answers
   * which were refused; the others stand. Rejects where none of them could be tried, and nothing is lost by it.
   */
  commit(offsets: readonly OwnedOffset[]): Promise<readonly CommitRefusal[]>;
  /** Nothing of it is worked on any more, and what was handled is committed. What is not `leaving` is passed by. */
  release(of: readonly Ownership[]): void;
  /** What guards a handler's transaction. Null: the group is not this device's, and has no transactions. */
  fence(of: Ownership): StoreFence | null;
  /** The page is parked: all is lost at once, and it joins again with the next `polled`. */
  yield(): void;
  /** Leaves the group. Resolves when others can have what it owned, or the edge cannot be told. */
  close(): Promise<void>;
}

/** `options.group` is not null. The first `changed` comes after the constructor's task. */
export type JoinGroup = (options: ConsumerOptions, events: MembershipEvents) => GroupMembership;
