/** A group at the edge by its real rules, in memory: the coordinator's machine with its snapshot, and what partitions keep. */
import { GroupMachine } from "../../edge/group/group-machine.ts";
import { ASSIGNORS } from "../../edge/group/assignors/assignors.ts";
import type { GroupSnapshot } from "../../edge/group/group-words.ts";
import { decideCommit, decideFence } from "../../edge/partition/group-fence.ts";
import type { GroupRow } from "../../edge/partition/group-row.ts";
import {
  JOINS,
  type CommitOffsets,
  type CommittedOffsets,
  type GroupAssignment,
  type GroupHeartbeat,
} from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

export const TOPIC = "t";
export const TOPIC_ID = "topic-t" as TopicId;
const LOOK_MS = 15_000;
const OPTIONS = { assignors: ASSIGNORS };

export interface AcceptedCommit {
  readonly partition: number;
  readonly memberId: string;
  readonly memberEpoch: number;
  readonly offset: number;
  /** The fence that stood. */
  readonly owner: string | null;
  readonly fence: number;
}

export class SimulatedGroup {
  readonly #clock: Clock;
  readonly #rows: (GroupRow | null)[];
  readonly #owners = new Map<string, Set<string>>();
  #machine = new GroupMachine(1, OPTIONS);
  #snapshot: GroupSnapshot | null = null;
  readonly ends: number[];
  readonly accepted: AcceptedCommit[] = [];
  /** Codes of what partitions refused. */
  readonly refused: string[] = [];
  /** Each snapshot is a write. */
  writes = 0;
  heartbeats = 0;
  joins = 0;

  constructor(clock: Clock, ends: readonly number[]) {
    this.#clock = clock;
    this.ends = [...ends];
    this.#rows = ends.map(() => null);
  }

  committed(partition: number): number | null {
    return this.#rows[partition]?.committed?.offset ?? null;
  }

  metadata(partition: number): string | undefined {
    return this.#rows[partition]?.committed?.metadata;
  }

  ownerOf(partition: number): string | null {
    return this.#rows[partition]?.memberId ?? null;
  }

  /** Epochs of a partition that had two owners, as its fences say. */
  doubleOwners(): string[] {
    return [...this.#owners].flatMap(([epoch, members]) =>
      members.size > 1 ? [`${epoch}: ${[...members].join()}`] : [],
    );
  }

  get members(): number {
    return this.#machine.describe().members.length;
  }

  /** All that was not written is forgotten. */
  evict(): void {
    this.#machine = new GroupMachine(structuredClone(this.#snapshot) ?? 1, OPTIONS);
  }

  /** As often as its alarm would, for ever. */
  async watch(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(LOOK_MS);
      this.#machine.tickOfAlarm(this.#clock.now());
      this.#write();
      this.#fence();
    }
  }

  heartbeat(said: GroupHeartbeat): GroupAssignment {
    this.heartbeats += 1;
    if (said.memberEpoch === JOINS) this.joins += 1;
    const memberId = said.memberEpoch === JOINS ? `${said.memberId}.mac` : said.memberId;
    const topics = [{ topicId: TOPIC_ID, topic: TOPIC, partitionCount: this.ends.length }];
    const now = this.#clock.now();
    let left: GroupAssignment | null;
    try {
      left = this.#machine.heartbeat({ ...said, memberId, resolved: { revision: 1, topics } }, now);
    } finally {
      this.#write();
    }
    this.#fence();
    return structuredClone(left ?? this.#machine.assignmentOf(memberId));
  }

  commit({ memberId, memberEpoch, commit, offsets }: CommitOffsets): CommittedOffsets {
    return {
      offsets: offsets.map(({ topicId, partition, offset, metadata = "", leaderEpoch = null }) => {
        const row = this.#rows[partition] ?? null;
        const request = { group: "g", memberId: memberId ?? "", memberEpoch, commit, offset, metadata, leaderEpoch };
        const verdict = decideCommit(row, request, this.#around(partition));
        if (verdict.kind === "refuse") {
          this.refused.push(verdict.code);
          return { topicId, partition, error: new StrandlineError(verdict.code, "").toBody() };
        }
        if (verdict.row !== null) {
          this.#rows[partition] = verdict.row;
          const fence = { owner: row?.memberId ?? null, fence: row?.epoch ?? 0 };
          this.accepted.push({ partition, memberId: memberId ?? "", memberEpoch, offset, ...fence });
        }
        return { topicId, partition, error: null };
      }),
    };
  }

  #write(): void {
    if (!this.#machine.changed) return;
    this.#snapshot = structuredClone(this.#machine.snapshot());
    this.writes += 1;
  }

  #fence(): void {
    for (const due of this.#machine.fencesDue()) {
      const request = { group: "g", memberId: due.memberId, incarnation: due.incarnation, epoch: due.epoch };
      const epoch = `partition ${due.partition}, epoch ${due.epoch}`;
      this.#owners.set(epoch, (this.#owners.get(epoch) ?? new Set()).add(due.memberId));
      const verdict = decideFence(this.#rows[due.partition] ?? null, request, this.#around(due.partition));
      if (verdict.kind === "refuse") throw new Error(verdict.code);
      if (verdict.row !== null) this.#rows[due.partition] = verdict.row;
      const { fenced, held, committed } = verdict.answer;
      if (fenced) this.#machine.fenced(due, committed);
      else this.#machine.notFenced(due, held);
      this.#write();
    }
  }

  #around(partition: number) {
    return { now: this.#clock.now(), logStartOffset: 0, highWatermark: this.ends[partition] ?? 0 };
  }
}
