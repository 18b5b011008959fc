/**
 * A consumer group as a pure state machine: no storage, clock or network. Its shell does with each call, in this order:
 *
 *   1. `heartbeat`, `leave`, `tick`, `fenced`, ...: something was heard;
 *   2. `if (machine.changed) write(machine.snapshot())`, also where the call threw: before anything is told or sent;
 *   3. `fencesDue()` are sent to their partitions, and each is answered with `fenced` or `notFenced`;
 *   4. `assignmentOf(memberId)` is told to the member: what was fenced in between is in it;
 *   5. the alarm is set for `nextLookMs` where it stands later, or not at all; then `tick`.
 *
 * Whatever stands between two snapshots (who let go of what, which fences are held, who was heard of when) is learnt
 * again after an eviction.
 */
import type { GroupAssignment, GroupSubscription, LeaveGroup } from "../../shared/api/groups.ts";
import type { FenceEpoch } from "../partition/group-port.ts";
import type {
  DescribedGroup,
  DueFence,
  FenceHeld,
  GroupOptions,
  GroupSnapshot,
  LookedAt,
  ResolvedHeartbeat,
  ResolvedTopic,
} from "./group-words.ts";

export class GroupMachine {
  readonly incarnation: number;
  /** The state is another than the last snapshot that was taken. */
  changed = true;

  /** `from`: the incarnation of a group that is new, or the last snapshot that was written. */
  constructor(from: number | GroupSnapshot, options: GroupOptions) {
    this.incarnation = typeof from === "number" ? from : from.incarnation;
    void options;
  }

  /**
   * The answer of one that leaves; null: `assignmentOf` says it. Also expires others whose time is over.
   * Throws, and the beat has changed nothing then (what the time brought has happened: look at `changed` as well):
   * `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`, `UNRELEASED_INSTANCE_ID`, `GROUP_MAX_SIZE_REACHED`,
   * `UNSUPPORTED_ASSIGNOR`, `INVALID_SESSION_TIMEOUT`, `INVALID_REQUEST`.
   */
  heartbeat(beat: ResolvedHeartbeat, nowMs: number): GroupAssignment | null {
    throw new Error(`not built ${beat.memberId} ${nowMs}`);
  }

  /** What the member may own from now on. Throws `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`. */
  assignmentOf(memberId: string): GroupAssignment {
    throw new Error(`not built ${memberId}`);
  }

  /** What a member subscribed to last, for its next resolution; null: there is no such member. */
  subscriptionOf(memberId: string): GroupSubscription | null {
    throw new Error(`not built ${memberId}`);
  }

  /** Throws `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`. A dynamic member does not leave for a while, but for good. */
  leave(leaving: LeaveGroup, nowMs: number): GroupAssignment {
    throw new Error(`not built ${leaving.memberId} ${nowMs}`);
  }

  /** Looks after sessions, rebalance timeouts and the retention of an empty group. As often as one likes. */
  tick(nowMs: number): LookedAt {
    throw new Error(`not built ${nowMs}`);
  }

  /** When `tick` is due, whatever else happens. Moves on only as `tick` or a heartbeat passes it: one alarm in a session's time. */
  get nextLookMs(): number {
    throw new Error("not built");
  }

  /** Each is handed out once, until `fenced` or `notFenced` was said of it. Those that failed are due again with the next heartbeat or tick. */
  fencesDue(): readonly DueFence[] {
    throw new Error("not built");
  }

  /** The partition holds it; `committed` is the group's offset there. */
  fenced(fence: DueFence, committed: FenceHeld): void {
    throw new Error(`not built ${fence.partition} ${committed?.offset}`);
  }

  /** `held`: the partition has a later fence than ours, which we must go beyond; null: it could not be asked. */
  notFenced(fence: DueFence, held: FenceEpoch | null): void {
    throw new Error(`not built ${fence.partition} ${held?.epoch}`);
  }

  /**
   * For offsets that no member commits: raises the epoch that `memberId: null` is to be fenced with at those partitions.
   * Throws `NON_EMPTY_GROUP`.
   */
  raiseWhileEmpty(topics: readonly ResolvedTopic[], nowMs: number): FenceEpoch {
    throw new Error(`not built ${topics.length} ${nowMs}`);
  }

  get isEmpty(): boolean {
    throw new Error("not built");
  }

  /** All topics that the group has met, with partition counts: where its offsets may be. */
  topics(): readonly ResolvedTopic[] {
    throw new Error("not built");
  }

  describe(): DescribedGroup {
    throw new Error("not built");
  }

  /** To be written before anything is told. Takes `changed` back. */
  snapshot(): GroupSnapshot {
    throw new Error("not built");
  }
}
