/** A group, its partitions and its members, with a clock that is set by hand. */
import type { Assignor } from "../../../edge/group/assignors/assignor.ts";
import { rangeAssignor } from "../../../edge/group/assignors/range.ts";
import { roundRobinAssignor } from "../../../edge/group/assignors/round-robin.ts";
import { stickyAssignor } from "../../../edge/group/assignors/sticky.ts";
import { GroupMachine } from "../../../edge/group/group-machine.ts";
import type { DueFence, GroupSnapshot, ResolvedHeartbeat, ResolvedTopic } from "../../../edge/group/group-words.ts";
import { JOINS, type GroupAssignment, type TopicPartitions } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";

export const HEARTBEAT_MS = 5_000;
export const SESSION_MS = 45_000;

export function topicOf(name: string, partitionCount: number): ResolvedTopic {
  return { topicId: `id-${name}` as TopicId, topic: name, partitionCount };
}

export interface LabOptions {
  readonly topics?: readonly ResolvedTopic[];
  readonly membersMax?: number;
  readonly assignors?: readonly Assignor[];
  /** After every call. */
  readonly isEvicted?: boolean;
}

export class GroupLab {
  readonly #options: LabOptions;
  machine: GroupMachine;
  now = 1_800_000_000_000;
  topics: readonly ResolvedTopic[];
  revision = 1;
  snapshot: GroupSnapshot | null = null;
  /** Rows. */
  writes = 0;
  /** Alarms that were set. */
  alarms = 0;
  #alarmMs = 0;
  /** By partition: who holds the fence, and the offset. */
  readonly fences: DueFence[] = [];
  readonly unreachable = new Set<number>();

  constructor(options: LabOptions = {}) {
    this.#options = options;
    this.topics = options.topics ?? [topicOf("t", 6)];
    this.machine = new GroupMachine(1, this.#groupOptions());
    this.machine.tick(this.now);
    this.settle();
    this.writes = 0;
  }

  #groupOptions(): ConstructorParameters<typeof GroupMachine>[1] {
    const assignors = this.#options.assignors ?? [stickyAssignor, rangeAssignor, roundRobinAssignor];
    const { membersMax } = this.#options;
    return membersMax === undefined ? { assignors } : { assignors, membersMax };
  }

  /** As the shell does after each call. */
  settle(): void {
    if (this.machine.changed) {
      this.snapshot = JSON.parse(JSON.stringify(this.machine.snapshot())) as GroupSnapshot;
      this.writes += 1;
    }
    for (const fence of this.machine.fencesDue()) {
      this.fences.push(fence);
      if (this.unreachable.has(fence.partition)) this.machine.notFenced(fence, null);
      else this.machine.fenced(fence, { offset: fence.partition, metadata: "", committedAt: 0, leaderEpoch: null });
    }
    if (this.machine.nextLookMs !== this.#alarmMs) {
      this.#alarmMs = this.machine.nextLookMs;
      this.alarms += 1;
    }
  }

  evict(): void {
    if (this.snapshot !== null) this.machine = new GroupMachine(this.snapshot, this.#groupOptions());
  }

  /** Writes, also where it throws. */
  heartbeat(beat: Partial<ResolvedHeartbeat> & { readonly memberId: string }): GroupAssignment {
    const resolved = { revision: this.revision, topics: this.topics };
    try {
      const left = this.machine.heartbeat({ memberEpoch: JOINS, owned: [], resolved, ...beat }, this.now);
      this.settle();
      return left ?? this.machine.assignmentOf(beat.memberId);
    } finally {
      this.settle();
      if (this.#options.isEvicted === true) this.evict();
    }
  }

  tick(afterMs = 0): ReturnType<GroupMachine["tick"]> {
    this.now += afterMs;
    const looked = this.machine.tick(this.now);
    this.settle();
    if (this.#options.isEvicted === true) this.evict();
    return looked;
  }

  /** The object sleeps until its alarm wakes it, and sleeps again. */
  sleep(afterMs: number): void {
    this.evict();
    this.now += afterMs;
    this.machine.tick(this.now);
    this.machine.tickOfAlarm(this.now);
    this.settle();
    this.evict();
  }
}

/** Lets go at once, and says so with a heartbeat of its own, as clients do. */
export class LabMember {
  readonly #lab: GroupLab;
  readonly id: string;
  readonly #joining: Partial<ResolvedHeartbeat>;
  epoch = JOINS as number;
  owned: readonly TopicPartitions[] = [];
  granted = new Map<string, number | null>();

  constructor(lab: GroupLab, id: string, joining: Partial<ResolvedHeartbeat> = {}) {
    this.#lab = lab;
    this.id = id;
    this.#joining = { subscription: { topics: ["t"], patterns: [] }, ...joining };
  }

  get count(): number {
    return this.names().length;
  }

  names(): readonly string[] {
    return this.owned.flatMap(({ topicId, partitions }) => partitions.map((partition) => `${topicId}/${partition}`));
  }

  /** True: it let go of something, and another heartbeat is due at once. */
  hear(answer: GroupAssignment): boolean {
    const before = this.names();
    this.epoch = answer.memberEpoch;
    for (const { topicId, partitions } of answer.assignment)
      for (const { partition, committed } of partitions)
        if (committed !== undefined) this.granted.set(`${topicId}/${partition}`, committed?.offset ?? null);
    this.owned = answer.assignment.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partition }) => partition),
    }));
    const now = new Set(this.names());
    return before.some((name) => !now.has(name));
  }

  beat(more: Partial<ResolvedHeartbeat> = {}): GroupAssignment {
    const { id: memberId, epoch: memberEpoch, owned } = this;
    const joining = memberEpoch === JOINS ? this.#joining : {};
    const answer = this.#lab.heartbeat({ memberId, memberEpoch, owned, ...joining, ...more });
    if (!this.hear(answer) || answer.memberEpoch < JOINS) return answer;
    const { epoch, owned: left } = this;
    this.hear(this.#lab.heartbeat({ memberId, memberEpoch: epoch, owned: left }));
    return answer;
  }
}

/** Everybody beats once in each interval. */
export function rounds(lab: GroupLab, members: readonly LabMember[], count: number): void {
  for (let round = 0; round < count; round += 1) {
    lab.now += HEARTBEAT_MS;
    for (const member of members) member.beat();
  }
}

export function joined(lab: GroupLab, count: number, joining: Partial<ResolvedHeartbeat> = {}): LabMember[] {
  const members = Array.from({ length: count }, (_, n) => new LabMember(lab, `m${n}`, joining));
  for (const member of members) member.beat();
  rounds(lab, members, 3);
  return members;
}

/** `none`: it did not throw. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof StrandlineError) return thrown.code;
    throw thrown;
  }
  return "none";
}
