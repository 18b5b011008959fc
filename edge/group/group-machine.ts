/**
 * A consumer group as a pure state machine: no storage, clock or network. Its shell does with each call, in this order:
 *
 *   1. `heartbeat`, `leave`, `tick`, `fenced`, ...: something was heard;
 *   2. `if (machine.changed) write(machine.snapshot())`, also where the call threw: before anything is told or sent;
 *   3. `fencesDue()` are sent to their partitions, and each is answered with `fenced` or `notFenced`, come what may;
 *      where `changed` is true afterwards, from 2 again;
 *   4. `assignmentOf(memberId)` is told to the member: what was fenced in between is in it;
 *   5. the alarm is set where `nextLookMs` is another than it was; then `tick`.
 *
 * Whatever stands between two snapshots (who let go of what, which fences are held, who was heard of when) is learnt
 * again after an eviction.
 */
import {
  JOINS,
  LEAVES,
  LEAVES_FOR_A_WHILE,
  type GroupAssignment,
  type GroupSubscription,
  type LeaveGroup,
} from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import { assert } from "../../shared/assert.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { FenceEpoch } from "../partition/group-port.ts";
import { describeGroup, tellTargets } from "./group-description.ts";
import { heartbeatIntervalMs, type Member } from "./group-member.ts";
import { GroupMembers } from "./group-members.ts";
import { fromSnapshot, takeSnapshot, type GroupState } from "./group-snapshot.ts";
import type { Slot } from "./group-slots.ts";
import { asResolved } from "./group-target.ts";
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
import { WatchedTime } from "./watched-time.ts";

/** An empty group keeps its offsets for so long. */
const RETENTION_MS = 7 * 24 * 3_600_000;
/** A look at an empty group that comes later than that was not the alarm's: the clock was set, or nobody looked. */
const RETENTION_LATE_MS_MAX = 24 * 3_600_000;

export class GroupMachine {
  readonly #state: GroupState;
  readonly #members: GroupMembers;
  readonly #time: WatchedTime;
  /** Since this machine began. */
  #hasHeard = false;
  /** What it has watched is longer than it is there. */
  #goesOn: boolean;

  /** `from`: the incarnation of a group that is new, or the last snapshot that was written; or all that another machine knew. */
  constructor(from: number | GroupSnapshot | GroupState, options: GroupOptions) {
    this.#state =
      typeof from === "number"
        ? {
            incarnation: from,
            epoch: 0,
            emptySinceMs: null,
            members: new Map(),
            topics: new Map(),
            thrownOut: [],
            unheard: null,
            changed: true,
            writesReleases: false,
          }
        : "changed" in from
          ? from
          : fromSnapshot(from);
    this.#members = new GroupMembers(this.#state, options);
    this.#time = new WatchedTime(this.#state.unheard);
    this.#goesOn = this.#state.unheard !== null;
  }

  get incarnation(): number {
    return this.#state.incarnation;
  }

  /** The state is another than the last snapshot that was taken. */
  get changed(): boolean {
    return this.#state.changed;
  }

  /**
   * The answer of one that leaves; null: `assignmentOf` says it. Also expires others whose time is over.
   * Throws, and the beat has changed nothing then (what the time brought has happened: look at `changed` as well):
   * `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`, `UNRELEASED_INSTANCE_ID`, `GROUP_MAX_SIZE_REACHED`,
   * `UNSUPPORTED_ASSIGNOR`, `INVALID_SESSION_TIMEOUT`, `INVALID_REQUEST`.
   */
  heartbeat(beat: ResolvedHeartbeat, nowMs: number): GroupAssignment | null {
    const { memberId, memberEpoch } = beat;
    if (memberEpoch === LEAVES || memberEpoch === LEAVES_FOR_A_WHILE)
      return this.leave({ memberId, forAWhile: memberEpoch === LEAVES_FOR_A_WHILE }, nowMs);
    if (!Number.isSafeInteger(memberEpoch) || memberEpoch < LEAVES_FOR_A_WHILE)
      throw new StrandlineError("INVALID_REQUEST", `memberEpoch ${memberEpoch}`, { memberEpoch });
    this.#look(nowMs, memberId);
    if (memberEpoch === JOINS && !this.#state.members.has(memberId)) this.#members.join(beat);
    else this.#members.hear(beat);
    this.#hasHeard = true;
    this.#members.seen(memberId, this.#time.watchedMs);
    this.#lookAgain(nowMs);
    return null;
  }

  /** What the member may own from now on. Throws `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`. */
  assignmentOf(memberId: string): GroupAssignment {
    assert(!this.changed, "what is told was written before");
    const member = this.#members.present(memberId);
    member.toldEpoch = this.#state.epoch;
    for (const slot of member.holds) slot.asked(member, this.#time.watchedMs);
    return answer(member, this.#state.epoch, tellTargets(member));
  }

  /** What a member subscribed to last, for its next resolution; null: there is no such member. */
  subscriptionOf(memberId: string): GroupSubscription | null {
    return this.#state.members.get(memberId)?.settings.subscription ?? null;
  }

  /** Throws `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`. A dynamic member leaves for good. */
  leave({ memberId, forAWhile }: LeaveGroup, nowMs: number): GroupAssignment {
    this.#look(nowMs, memberId);
    const member = this.#members.known(memberId);
    const isBack = forAWhile === true && member.instanceId !== null;
    if (isBack) this.#members.park(member);
    else this.#members.remove([member], nowMs);
    return answer(member, isBack ? LEAVES_FOR_A_WHILE : LEAVES, []);
  }

  /** Looks after sessions, rebalance timeouts and the retention of an empty group. As often as one likes. */
  tick(nowMs: number): LookedAt {
    return this.#look(nowMs, null) ? "RETENTION_OVER" : "STAYS";
  }

  /** The alarm's own. */
  tickOfAlarm(nowMs: number): LookedAt {
    const looked = this.tick(nowMs);
    this.#noteSilence(nowMs);
    return looked;
  }

  /**
   * Where it is the alarm that woke the object, which sleeps again before the next one, no time would ever be watched:
   * since when nobody was heard of is kept then, and goes on being so of those that stay silent beside others.
   */
  #noteSilence(nowMs: number): void {
    const { unheard, members } = this.#state;
    const { lookMs } = this.#time;
    if (lookMs === null) return;
    const before = unheard === null || unheard.sinceMs > nowMs ? { sinceMs: nowMs, members: [] } : unheard;
    const { sinceMs } = before;
    const known = new Map(before.members);
    const ids = [...members.keys()].filter((id) => !this.#hasHeard || known.has(id));
    if (ids.length === 0) return;
    const silent = ids.map((id) => [id, known.get(id) ?? nowMs - sinceMs] as const);
    const next = { sinceMs, lookMs, members: silent };
    if (JSON.stringify(next) === JSON.stringify(unheard)) return;
    this.#state.unheard = next;
    this.#state.changed = true;
  }

  /**
   * When `tick` is due, whatever else happens; before the first call that names a time: at once. While there are members
   * it moves on only once it has passed: one alarm in a session's time.
   */
  get nextLookMs(): number {
    const { emptySinceMs } = this.#state;
    return emptySinceMs === null ? (this.#time.lookMs ?? 0) : emptySinceMs + RETENTION_MS;
  }

  /**
   * Each is handed out once, until `fenced` or `notFenced` was said of it. Those that failed are due again with the next
   * heartbeat or tick.
   */
  fencesDue(): readonly DueFence[] {
    assert(!this.changed, "what is sent was written before");
    return this.#members.openSlots().flatMap((slot) => {
      if (!slot.isDue || slot.target === null) return [];
      slot.phase = "sent";
      slot.push += 1;
      const { topicId, topic } = slot.of;
      const { incarnation } = this.#state;
      const { partition, since: epoch, push } = slot;
      return [{ topicId, topic, partition, memberId: slot.target.id, incarnation, epoch, push }];
    });
  }

  /** The partition holds it; `committed` is the group's offset there. */
  fenced(fence: DueFence, committed: FenceHeld): void {
    const slot = this.#sent(fence);
    if (slot === null) return;
    slot.phase = "held";
    slot.committed = committed;
  }

  /** `held`: the partition has a later fence than ours, which we must go beyond; null: it could not be asked. */
  notFenced(fence: DueFence, held: FenceEpoch | null): void {
    const slot = this.#sent(fence);
    if (slot === null) return;
    slot.phase = "failed";
    if (held?.incarnation !== this.incarnation || held.epoch < fence.epoch) return;
    this.#state.epoch = Math.max(this.#state.epoch, held.epoch);
    slot.moveTo(slot.target, this.#members.raise());
  }

  #sent({ topicId, partition, memberId, epoch, push }: DueFence): Slot | null {
    const slot = this.#state.topics.get(topicId)?.slots[partition];
    return slot?.phase === "sent" && slot.target?.id === memberId && slot.since === epoch && slot.push === push
      ? slot
      : null;
  }

  /**
   * For offsets that no member commits: raises the epoch that `memberId: null` is to be fenced with at those partitions.
   * Throws `NON_EMPTY_GROUP`.
   */
  raiseWhileEmpty(topics: readonly ResolvedTopic[], nowMs: number): FenceEpoch {
    this.#look(nowMs, null);
    const { size } = this.#state.members;
    if (size > 0) throw new StrandlineError("NON_EMPTY_GROUP", `${size} members`, { members: size });
    this.#members.meet(topics);
    this.#state.emptySinceMs = nowMs;
    return { incarnation: this.incarnation, epoch: this.#members.raise() };
  }

  get isEmpty(): boolean {
    return this.#state.members.size === 0;
  }

  /** All topics that the group has met, with partition counts: where its offsets may be. */
  topics(): readonly ResolvedTopic[] {
    return [...this.#state.topics.values()].map(asResolved);
  }

  /** Those that no member subscribes to, or works on. */
  unreadTopics(): readonly TopicId[] {
    return this.#members.unreadTopics();
  }

  /** Those of them that were deleted: no offset of them is anywhere. */
  forgetTopics(gone: Iterable<TopicId>): void {
    this.#members.forgetTopics(gone);
  }

  describe(): DescribedGroup {
    return describeGroup(this.#state, this.#members.assignor);
  }

  /** To be written before anything is told. Takes `changed` back. */
  snapshot(): GroupSnapshot {
    this.#state.changed = false;
    return takeSnapshot(this.#state);
  }

  /** `sender` is heard of at this moment: its silence is over. True: an empty group's retention is over. */
  #look(nowMs: number, sender: string | null): boolean {
    const isWatched = this.#time.pass(nowMs);
    this.#members.retryFences();
    if (this.isEmpty) return this.#retentionOver(nowMs);
    if (!isWatched && this.#state.unheard !== null) {
      this.#state.unheard = null;
      this.#state.changed = true;
    }
    if (!isWatched || this.#goesOn) this.#members.beginSessions(this.#time.watchedMs);
    this.#goesOn = false;
    if (isWatched) this.#members.expire({ watchedMs: this.#time.watchedMs, nowMs, sender });
    this.#lookAgain(nowMs);
    return false;
  }

  #lookAgain(nowMs: number): void {
    const sessions = [...this.#state.members.values()].map((member) => member.settings.sessionTimeoutMs);
    if (sessions.length > 0) this.#time.look(nowMs, Math.min(...sessions));
  }

  #retentionOver(nowMs: number): boolean {
    const sinceMs = this.#state.emptySinceMs ?? Infinity;
    if (nowMs >= sinceMs && nowMs < sinceMs + RETENTION_MS) return false;
    if (nowMs >= sinceMs && nowMs <= sinceMs + RETENTION_MS + RETENTION_LATE_MS_MAX) return true;
    this.#state.emptySinceMs = nowMs;
    this.#state.changed = true;
    return false;
  }
}

function answer(member: Member, memberEpoch: number, assignment: GroupAssignment["assignment"]): GroupAssignment {
  const { sessionTimeoutMs } = member.settings;
  return {
    memberId: member.id,
    memberEpoch,
    heartbeatIntervalMs: heartbeatIntervalMs(member),
    sessionTimeoutMs,
    assignment,
  };
}
