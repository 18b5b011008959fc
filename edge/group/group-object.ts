import { DurableObject } from "cloudflare:workers";
import { JOINS, LEAVES, LEAVES_FOR_A_WHILE, type GroupDescription } from "../../shared/api/groups.ts";
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Env } from "../env.ts";
import { inParallel } from "../in-parallel.ts";
import { setLogLevel } from "../log.ts";
import { attempt, type Outcome } from "../outcome.ts";
import { systemClock as clock } from "../system-ports.ts";
import type { Assignor } from "./assignors/assignor.ts";
import { ASSIGNORS } from "./assignors/assignors.ts";
import { guarded } from "./assignors/guarded.ts";
import { FencePushes, type FencePush } from "./fence-pushes.ts";
import {
  NO_LISTING,
  type GroupAddress,
  type GroupCalls,
  type GroupTopic,
  type HeartbeatCall,
  type HeartbeatTold,
  type HeldOffsets,
  type OffsetChange,
} from "./group-calls.ts";
import { GroupLife, told, unavailable } from "./group-life.ts";
import type { GroupMachine } from "./group-machine.ts";
import { CALLS_AT_ONCE_MAX, CALLS_PER_EVENT_MAX, GroupPartitions } from "./group-partitions.ts";
import type { ResolvedTopic } from "./group-words.ts";

/** A member waits for its own fences so long; what they open later it hears with its next heartbeat. */
const FENCES_WAIT_MS_MAX = 1_000;

/**
 * One per consumer group: its coordinator. A shell around `GroupMachine`: what is heard is one synchronous step, written
 * down before anything of it is told. Whoever wants assignors of their own binds a class that extends this one:
 *
 *   export class OwnGroups extends GroupObject {
 *     protected override assignors() { return [...super.assignors(), byCountry]; }
 *   }
 */
export class GroupObject extends DurableObject<Env> implements GroupCalls {
  readonly #life: GroupLife;
  readonly #partitions: GroupPartitions;
  readonly #pushes: FencePushes;
  /** By which listing of topics a member's subscription was resolved last, since this instance began. */
  readonly #resolved = new Map<string, number>();

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    setLogLevel(env.STRANDLINE_LOG_LEVEL);
    this.#partitions = new GroupPartitions(env, clock);
    this.#pushes = new FencePushes({ atOnceMax: CALLS_AT_ONCE_MAX, push: async (one) => await this.#push(one) });
    this.#life = new GroupLife({
      ...{ state, env, clock, partitions: this.#partitions, assignors: this.assignors().map(guarded) },
      membersMax: LIMITS.groupMembersMax,
      stands: (machine) => this.#pushDue(machine),
    });
    void state.blockConcurrencyWhile(async () => await this.#life.woke().catch(told));
  }

  /** The first one is that of members which name none. Asked once, of a class that is not set up yet. */
  protected assignors(): readonly Assignor[] {
    return ASSIGNORS;
  }

  async heartbeat(address: GroupAddress, call: HeartbeatCall): Promise<Outcome<HeartbeatTold>> {
    const { memberId, memberEpoch } = call.heartbeat;
    const opened = memberEpoch === JOINS ? await this.#life.made(address) : this.#there(() => unknownMember(memberId));
    if (!opened.ok) return opened;
    const machine = opened.value;
    const heard = attempt(() => this.#life.step(machine, () => this.#heard(machine, call)));
    if (!heard.ok) return heard;
    if (heard.value !== null) return { ok: true, value: heard.value };
    const waits = new AbortController();
    await Promise.race([this.#pushes.settled(memberId), clock.sleep(FENCES_WAIT_MS_MAX, waits.signal)]);
    waits.abort();
    return attempt(() => {
      if (this.#life.machine() !== machine) throw unavailable("the group began again meanwhile");
      return { assignment: machine.assignmentOf(memberId), resolve: null };
    });
  }

  async describe({ groupId }: GroupAddress): Promise<Outcome<GroupDescription>> {
    const opened = this.#there(() => noSuchGroup(groupId));
    if (!opened.ok) return opened;
    const machine = opened.value;
    return await Promise.resolve(
      attempt(() => {
        this.#look(machine);
        return { groupId, protocolType: "consumer" as const, ...machine.describe() };
      }),
    );
  }

  async heldOffsets(): Promise<Outcome<HeldOffsets>> {
    return await Promise.resolve(
      attempt(() => {
        const machine = this.#life.machine();
        if (machine === null) return { incarnation: null, topics: [], isEmpty: true };
        this.#look(machine);
        const topics = machine.topics().map((topic) => ({
          ...{ ...topic, ...this.#life.placeOf(topic.topicId) },
          partitions: Array.from({ length: topic.partitionCount }, (_, partition) => partition),
        }));
        return { incarnation: machine.incarnation, topics, isEmpty: machine.isEmpty };
      }),
    );
  }

  async changeOffsets(
    address: GroupAddress,
    changes: readonly OffsetChange[],
  ): Promise<Outcome<readonly Outcome<null>[]>> {
    const { namespace, groupId } = address;
    const opened = await this.#life.made(address);
    if (!opened.ok) return opened;
    const machine = opened.value;
    const raised = attempt(() => {
      const stated = this.#life.step(machine, () => {
        const now = clock.now();
        machine.tick(now);
        const topics = [...new Map(changes.map(({ topic }) => [topic.topicId, topic])).values()];
        const epoch = machine.raiseWhileEmpty(resolvedOf(topics), now);
        this.#life.learnPlaces(topics);
        return epoch;
      });
      // Another call for which it was made as well was refused, and it is none.
      if (this.#life.machine() !== machine) throw unavailable("the group was not made");
      return stated;
    });
    if (!raised.ok) return raised;
    const outcomes = await inParallel(changes, CALLS_AT_ONCE_MAX, async ({ topic, partition, to }) => {
      const request = { group: groupId, memberId: null, ...raised.value, reset: to };
      const at = { namespace, topicId: topic.topicId, partition, place: topic };
      const outcome = await this.#partitions.ask(at, async (port) => await port.fence(request));
      if (!outcome.ok) return outcome;
      return attempt(() => {
        if (!outcome.value.fenced) throw unavailable("a later change of the group has come in between");
        return null;
      });
    });
    return { ok: true, value: outcomes };
  }

  async remove(address: GroupAddress): Promise<Outcome<null>> {
    const { groupId } = address;
    const removed = attempt(() => {
      const machine = this.#life.machine();
      if (machine === null) return false;
      this.#look(machine);
      if (!machine.isEmpty)
        throw new StrandlineError("NON_EMPTY_GROUP", `${JSON.stringify(groupId)}: stop its consumers first`, {
          groupId,
        });
      this.#life.end(machine);
      this.#resolved.clear();
      return true;
    });
    if (!removed.ok) return removed;
    if (!removed.value) {
      await this.#life.forgetUnmade(address);
      return { ok: false, error: noSuchGroup(groupId).toBody() };
    }
    await this.#life.goOn();
    return { ok: true, value: null };
  }

  override async alarm(): Promise<void> {
    await this.#life.alarmed();
  }

  #there(absent: () => StrandlineError): Outcome<GroupMachine> {
    return attempt(() => {
      const machine = this.#life.machine();
      if (machine === null) throw absent();
      return machine;
    });
  }

  /** Those whose time is over are not there any more, for whoever looks now. */
  #look(machine: GroupMachine): void {
    this.#life.step(machine, () => machine.tick(clock.now()));
  }

  /** Null: the answer is `assignmentOf`, once what is due to partitions was sent. */
  #heard(machine: GroupMachine, { heartbeat, revision, resolution }: HeartbeatCall): HeartbeatTold | null {
    const { memberId, memberEpoch } = heartbeat;
    const isLeaving = memberEpoch === LEAVES || memberEpoch === LEAVES_FOR_A_WHILE;
    const isKnown = revision <= (this.#resolved.get(memberId) ?? NO_LISTING);
    const resolve = isLeaving || isKnown || resolution !== null ? null : machine.subscriptionOf(memberId);
    if (resolve !== null) return { assignment: null, resolve };
    const resolved = resolution === null ? null : { ...resolution, topics: resolvedOf(resolution.topics) };
    const left = machine.heartbeat({ ...heartbeat, resolved }, clock.now());
    if (left !== null) {
      this.#resolved.delete(memberId);
      return { assignment: left, resolve: null };
    }
    if (resolution !== null) {
      // Of members that are gone nobody says so. Who is forgotten here is only asked once more.
      if (this.#resolved.size > 2 * LIMITS.groupMembersMax) this.#resolved.clear();
      this.#resolved.set(memberId, resolution.revision);
      this.#life.learnPlaces(resolution.topics);
    }
    return null;
  }

  /** What there is too much of for one event is due again with the next heartbeat. */
  #pushDue(machine: GroupMachine): void {
    const due = machine.fencesDue();
    for (const fence of due.slice(CALLS_PER_EVENT_MAX)) machine.notFenced(fence, null);
    this.#pushes.add(machine, due.slice(0, CALLS_PER_EVENT_MAX));
  }

  async #push({ machine, fence }: FencePush): Promise<void> {
    // Of a group that is no more, or was read again since: what is due then is handed out again.
    if (this.#life.machine() !== machine) return;
    const { namespace, groupId } = this.#life.address;
    const { topicId, partition, memberId, incarnation, epoch } = fence;
    const request = { group: groupId, memberId, incarnation, epoch };
    const at = { namespace, topicId, partition, place: this.#life.placeOf(topicId) };
    const outcome = await this.#partitions.ask(at, async (port) => await port.fence(request));
    try {
      if (this.#life.machine() !== machine) return;
      if (outcome.ok && outcome.value.fenced) machine.fenced(fence, outcome.value.committed);
      else this.#life.step(machine, () => machine.notFenced(fence, outcome.ok ? outcome.value.held : null));
    } catch (error) {
      told(error);
    }
  }
}

function resolvedOf(topics: readonly GroupTopic[]): ResolvedTopic[] {
  return topics.map(({ topicId, topic, partitionCount }) => ({ topicId, topic, partitionCount }));
}

function unknownMember(memberId: string): StrandlineError {
  return new StrandlineError("UNKNOWN_MEMBER_ID", JSON.stringify(memberId), { memberId });
}

function noSuchGroup(groupId: string): StrandlineError {
  return new StrandlineError("GROUP_ID_NOT_FOUND", JSON.stringify(groupId), { groupId });
}
