/** Who is in the group: joins, heartbeats, goings. Each change of who or what raises the epoch and asks for a new target. */
import { JOINS } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { formerIdsOf, isOverdue, newMember, settingsOf, type Member } from "./group-member.ts";
import { Slot, type GroupTopic } from "./group-slots.ts";
import type { GroupState } from "./group-snapshot.ts";
import { movesTo, votedAssignor } from "./group-target.ts";
import type { GroupOptions, Resolution, ResolvedHeartbeat, ResolvedTopic } from "./group-words.ts";

const MEMBERS_MAX = 1_000;
/** Members that were thrown out and are told so; older ones are just unknown. */
const THROWN_OUT = 16;

export class GroupMembers {
  readonly #state: GroupState;
  readonly #options: GroupOptions;

  constructor(state: GroupState, options: GroupOptions) {
    this.#state = state;
    this.#options = options;
  }

  get assignor(): string {
    return votedAssignor(this.#state.members, this.#options.assignors)?.name ?? "";
  }

  /** Also one that is away. Throws `UNKNOWN_MEMBER_ID`, `FENCED_MEMBER_EPOCH`, `FENCED_INSTANCE_ID`. */
  known(memberId: string): Member {
    this.#refuseFenced(memberId);
    const member = this.#state.members.get(memberId);
    if (member === undefined) throw unknown(memberId);
    return member;
  }

  /** As `known`; one that is away has left. */
  present(memberId: string): Member {
    const member = this.known(memberId);
    if (member.isAway) throw unknown(memberId);
    return member;
  }

  #refuseFenced(memberId: string): void {
    if (this.#state.thrownOut.includes(memberId)) throw fenced(memberId, "it was thrown out");
    for (const { instanceId, formerIds } of this.#state.members.values())
      if (formerIds.includes(memberId))
        throw new StrandlineError("FENCED_INSTANCE_ID", `instance ${JSON.stringify(instanceId)}, member ${memberId}`, {
          memberId,
          instanceId,
        });
  }

  join(beat: ResolvedHeartbeat): void {
    const { memberId: id, instanceId = null, resolved } = beat;
    this.#refuseFenced(id);
    const assignor = this.#assignorOf(beat.assignor ?? this.#options.assignors[0]?.name ?? "");
    const settings = settingsOf(beat, null, assignor);
    if (resolved === null) throw new StrandlineError("INVALID_REQUEST", `member ${id} joins without topics`);
    const twin = this.#twinOf(beat);
    const { members } = this.#state;
    const most = this.#options.membersMax ?? MEMBERS_MAX;
    if (twin === undefined && members.size >= most)
      throw new StrandlineError("GROUP_MAX_SIZE_REACHED", `${most} members`, { membersMax: most });

    const { revision } = resolved;
    const topics = idsOf(resolved);
    const formerIds = formerIdsOf(twin);
    const isGrown = this.meet(resolved.topics);
    const joinedEpoch = this.raise();
    const member = newMember({
      id,
      instanceId,
      formerIds,
      joinedEpoch,
      settings,
      revision,
      topics,
      isAway: false,
    });
    members.set(id, member);
    this.#state.emptySinceMs = null;
    if (twin !== undefined) this.#replace(twin, member);
    const isSame = twin !== undefined && areEqual(twin.topics, topics) && twin.settings.assignor === assignor;
    if (!isSame || isGrown) this.#share();
  }

  /** The member whose place the joiner takes. Throws `UNRELEASED_INSTANCE_ID`. */
  #twinOf({ instanceId, previousMemberId }: ResolvedHeartbeat): Member | undefined {
    if (instanceId === undefined) return undefined;
    const twin = [...this.#state.members.values()].find((member) => member.instanceId === instanceId);
    if (twin === undefined || twin.isAway || twin.id === previousMemberId) return twin;
    throw new StrandlineError("UNRELEASED_INSTANCE_ID", `instance ${JSON.stringify(instanceId)}`, { instanceId });
  }

  #replace(twin: Member, member: Member): void {
    for (const slot of [...twin.targets]) slot.inherit(member, this.#state.epoch);
    this.#drop(twin);
  }

  /** Of one that is in the group. Throws as `present`, `FENCED_MEMBER_EPOCH` for an epoch that it was never told. */
  hear(beat: ResolvedHeartbeat): void {
    const member = this.present(beat.memberId);
    const { memberEpoch } = beat;
    const isJoin = memberEpoch === JOINS;
    if (!isJoin && (memberEpoch > member.toldEpoch || memberEpoch < member.joinedEpoch))
      throw fenced(member.id, `epoch ${memberEpoch}, it is at ${member.toldEpoch}`);
    const assignor = this.#assignorOf(beat.assignor ?? member.settings.assignor);
    const settings = settingsOf(beat, member.settings, assignor);
    const isRepeat = isJoin || memberEpoch < member.epoch;
    const isOther = assignor !== member.settings.assignor && !isRepeat;
    if (!isRepeat && JSON.stringify(settings) !== JSON.stringify(member.settings)) {
      member.settings = settings;
      this.#state.changed = true;
    }
    if (isRepeat) for (const slot of member.targets) slot.perhapsUnheard();
    else this.#hearOwned(member, beat);
    if (this.#resolve(member, beat.resolved) || isOther) {
      this.raise();
      this.#share();
    }
  }

  #hearOwned(member: Member, { memberEpoch, owned }: ResolvedHeartbeat): void {
    member.epoch = memberEpoch;
    const names = new Set<Slot>();
    for (const { topicId, partitions } of owned)
      for (const partition of partitions) {
        const slot = this.#state.topics.get(topicId)?.slots[partition];
        if (slot !== undefined) names.add(slot);
      }
    for (const slot of member.targets) {
      if (names.has(slot)) slot.named(memberEpoch);
      else slot.notNamed();
    }
    const letGo = [...member.holds].filter((slot) => !names.has(slot) && slot.letGoAt(member, memberEpoch));
    if (letGo.length > 0) this.#noteReleases();
    const own = letGo.filter((slot) => slot.target === member);
    if (own.length === 0) return;
    // It is to have it again: what it sent while it worked on it before is of no epoch that counts then.
    const since = this.raise();
    for (const slot of own) slot.since = since;
  }

  #noteReleases(): void {
    if (!this.#state.writesReleases) return;
    this.#state.changed = true;
    this.#state.writesReleases = this.openSlots().some((slot) => slot.holders.length > 0);
  }

  /** True: it means other topics than before, or there are more partitions. */
  #resolve(member: Member, resolved: Resolution | null): boolean {
    if (resolved === null || resolved.revision < member.revision) return false;
    member.revision = resolved.revision;
    const isGrown = this.meet(resolved.topics);
    const topics = idsOf(resolved);
    const isSame = areEqual(topics, member.topics);
    if (!isSame) member.topics = topics;
    return !isSame || isGrown;
  }

  #assignorOf(name: string): string {
    const has = this.#options.assignors.some((assignor) => assignor.name === name);
    if (!has)
      throw new StrandlineError("UNSUPPORTED_ASSIGNOR", `${JSON.stringify(name.slice(0, 64))}`, {
        assignor: name.slice(0, 64),
      });
    return name;
  }

  seen(memberId: string, watchedMs: number): void {
    const member = this.#state.members.get(memberId);
    if (member !== undefined) member.seenMs = watchedMs;
    const { unheard } = this.#state;
    if (unheard?.members.some(([id]) => id === memberId) !== true) return;
    const members = unheard.members.filter(([id]) => id !== memberId);
    this.#state.unheard = members.length === 0 ? null : { ...unheard, members };
    this.#state.changed = true;
  }

  /** Nobody was watched: all have their whole session from now on, but for those that are known to be silent. */
  beginSessions(watchedMs: number): void {
    const silent = new Map(this.#state.unheard?.members);
    for (const member of this.#state.members.values()) {
      if (silent.has(member.id)) continue;
      member.seenMs = watchedMs;
      for (const slot of member.holds) slot.forgetAsked(member);
    }
  }

  expire({ watchedMs, nowMs, sender }: { watchedMs: number; nowMs: number; sender: string | null }): void {
    const members = [...this.#state.members.values()];
    const silent = members.filter(
      ({ id, isAway, seenMs, settings }) => (id !== sender || isAway) && watchedMs - seenMs > settings.sessionTimeoutMs,
    );
    const overdue = members.filter((member) => !silent.includes(member) && isOverdue(member, watchedMs));
    this.#state.thrownOut = [...this.#state.thrownOut, ...overdue.map((member) => member.id)].slice(-THROWN_OUT);
    this.remove([...silent, ...overdue], nowMs);
  }

  remove(gone: readonly Member[], nowMs: number): void {
    if (gone.length === 0) return;
    for (const member of gone) this.#drop(member);
    if (this.#state.members.size === 0) {
      this.#state.emptySinceMs = nowMs;
      this.#state.unheard = null;
    }
    this.raise();
    this.#share();
  }

  #drop(member: Member): void {
    this.#state.members.delete(member.id);
    for (const slot of [...member.holds]) slot.letGo(member);
    for (const slot of [...member.targets]) slot.inherit(null, this.#state.epoch);
  }

  park(member: Member): void {
    if (member.isAway) return;
    member.isAway = true;
    for (const slot of [...member.holds]) slot.letGo(member);
    for (const slot of member.targets) slot.park();
    this.#state.changed = true;
  }

  /** True: some are new, or have grown; no topic ever shrinks. */
  meet(topics: readonly ResolvedTopic[]): boolean {
    let isGrown = false;
    for (const { topicId, topic, partitionCount } of topics) {
      const known: GroupTopic = this.#state.topics.get(topicId) ?? { topicId, topic, slots: [] };
      this.#state.topics.set(topicId, known);
      for (let partition = known.slots.length; partition < partitionCount; partition += 1) {
        known.slots.push(new Slot(known, partition));
        isGrown = true;
      }
    }
    return isGrown;
  }

  unreadTopics(): readonly TopicId[] {
    const members = [...this.#state.members.values()];
    return [...this.#state.topics].flatMap(([topicId, { slots }]) => {
      const isFree = slots.every((slot) => slot.target === null && slot.holders.length === 0);
      return isFree && !members.some((member) => member.topics.has(topicId)) ? [topicId] : [];
    });
  }

  forgetTopics(gone: Iterable<TopicId>): void {
    const unread = new Set(this.unreadTopics());
    for (const topicId of gone)
      if (unread.has(topicId)) this.#state.changed = this.#state.topics.delete(topicId) || this.#state.changed;
  }

  raise(): number {
    this.#state.changed = true;
    this.#state.epoch += 1;
    return this.#state.epoch;
  }

  #share(): void {
    const { members, topics, epoch } = this.#state;
    const assignor = votedAssignor(members, this.#options.assignors);
    if (assignor === null) return;
    for (const [slot, next] of movesTo(assignor, members, topics.values())) slot.moveTo(next, epoch);
  }

  openSlots(): readonly Slot[] {
    return [...this.#state.topics.values()].flatMap(({ slots }) => slots.filter((slot) => slot.isOpen));
  }

  retryFences(): void {
    for (const { slots } of this.#state.topics.values())
      for (const slot of slots) if (slot.phase === "failed") slot.phase = "wanted";
  }
}

function idsOf({ topics }: Resolution): ReadonlySet<TopicId> {
  return new Set(topics.map((topic) => topic.topicId));
}

function areEqual(a: ReadonlySet<TopicId>, b: ReadonlySet<TopicId>): boolean {
  return a.size === b.size && [...a].every((topicId) => b.has(topicId));
}

function unknown(memberId: string): StrandlineError {
  return new StrandlineError("UNKNOWN_MEMBER_ID", `member ${memberId}`, { memberId });
}

function fenced(memberId: string, why: string): StrandlineError {
  return new StrandlineError("FENCED_MEMBER_EPOCH", `member ${memberId}, ${why}`, { memberId });
}
