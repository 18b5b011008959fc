/** The group, its partition and its members, and what one step changes. */
import type { Assignor } from "../../edge/group/assignors/assignor.ts";
import { GroupMachine } from "../../edge/group/group-machine.ts";
import { fromSnapshot, type GroupState } from "../../edge/group/group-snapshot.ts";
import type { DueFence } from "../../edge/group/group-words.ts";
import { JOINS } from "../../shared/api/groups.ts";
import type { TopicId } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { commitAt, fenceAt, offsetOf, type CellRules } from "./group-cell.ts";
import {
  bringBack,
  committedAt,
  keep,
  onShelf,
  shelve,
  TOPIC,
  type ModelMember,
  type ModelState,
} from "./group-state.ts";

export interface GroupRules extends CellRules {
  /** The partition holds the fence before the owner hears of it. */
  readonly isFenced: boolean;
  /** What is told was written before. */
  readonly isWrittenFirst: boolean;
}

export function beatOf(index: number, { life, epoch, owns }: ModelMember): string {
  return `HB|${index}.${life}|${epoch}|${owns === "no" ? 0 : 1}|1`;
}

export function preferring(preferred: number): Assignor {
  return {
    name: "preferred",
    assign: ({ members, topics }) => {
      const first = members.find((member) => member.memberId.startsWith(`${preferred}.`)) ?? members[0];
      return new Map(
        topics.map(({ topicId, partitionCount }) => [topicId, Array(partitionCount).fill(first?.memberId ?? null)]),
      );
    },
  };
}

/** One step's changes. Messages end with 1 where their sender waits for the answer; 0: nobody does any more. */
export class World {
  readonly state: ModelState;
  readonly violations: string[] = [];
  readonly #rules: GroupRules;
  #group: GroupState;
  #fences: DueFence[] = [];

  constructor(state: ModelState, rules: GroupRules, group: GroupState = bringBack(state.group)) {
    this.state = state;
    this.#rules = rules;
    this.#group = group;
  }

  get #machine(): GroupMachine {
    return new GroupMachine(this.#group, { assignors: [preferring(this.state.preferred)] });
  }

  finish(): void {
    this.pushFences();
    this.state.group = keep(this.#group);
    const oldest = Math.min(onShelf(this.state.durable).epoch, this.#group.epoch);
    for (const epoch of Object.keys(this.state.told)) if (Number(epoch) < oldest) delete this.state.told[epoch];
    // An answer that the machine does not wait for is no message.
    const isWaiting = this.#group.topics.get(TOPIC)?.slots[0]?.phase === "sent";
    this.state.net = [
      ...new Set(
        this.state.net
          .filter((message) => isWaiting || !message.startsWith("FA"))
          .map((message) => (isWaiting || !message.startsWith("FE") ? message : message.replace(/\|1$/, "|0"))),
      ),
    ].toSorted();
  }

  write(): void {
    this.state.durable = shelve(this.#machine.snapshot());
  }

  #persist(): void {
    if (!this.#group.changed) return;
    const snapshot = this.#machine.snapshot();
    if (this.#rules.isWrittenFirst) this.state.durable = shelve(snapshot);
  }

  put(message: string): void {
    if (!this.state.net.includes(message)) this.state.net.push(message);
  }

  take(message: string): void {
    this.state.net = this.state.net.filter((other) => other !== message);
  }

  pushFences(): void {
    this.#persist();
    this.#fences = [...this.#machine.fencesDue()];
    for (const fence of this.#fences) {
      this.state.net = this.state.net.map((message) =>
        message.startsWith("FE") ? message.replace(/\|1$/, "|0") : message,
      );
      this.state.net = this.state.net.filter((message) => !message.startsWith("FA"));
      this.put(`FE|${fence.memberId}|${fence.epoch}|${this.#rules.isFenced ? 1 : 0}`);
      if (!this.#rules.isFenced) this.#machine.fenced(fence, committedAt(offsetOf(this.state.cell)));
    }
  }

  /** Older beats are under way still, but their answers are not heeded. */
  beat(index: number): void {
    const member = this.state.members[index]!;
    const ofIt = (message: string): boolean => message.slice(3).startsWith(`${index}.${member.life}|`);
    this.state.net = this.state.net
      .filter((message) => !(message.startsWith("HR") && ofIt(message)))
      .map((message) => (message.startsWith("HB") && ofIt(message) ? message.replace(/\|1$/, "|0") : message));
    this.put(beatOf(index, member));
  }

  heartbeat(message: string): void {
    const [, memberId = "", epoch = "", owns, isHeeded] = message.split("|");
    let answer = `HR|${memberId}|-1|0|-|1`;
    try {
      this.#machine.heartbeat(
        {
          memberId,
          memberEpoch: Number(epoch),
          owned: owns === "1" ? [{ topicId: TOPIC, partitions: [0] }] : [],
          subscription: { topics: [], patterns: [] },
          resolved: this.#resolved(memberId),
        },
        0,
      );
      this.pushFences();
      const { memberEpoch, assignment } = this.#machine.assignmentOf(memberId);
      const granted = assignment[0]?.partitions[0];
      if (granted !== undefined) this.#judgeTold(memberId, memberEpoch, granted.committed !== undefined);
      const start = granted?.committed === undefined ? "-" : (granted.committed?.offset ?? 0);
      answer = `HR|${memberId}|${memberEpoch}|${granted === undefined ? 0 : 1}|${start}|1`;
    } catch (thrown) {
      if (!(thrown instanceof StrandlineError)) throw thrown;
    }
    if (isHeeded === "1") this.put(answer);
  }

  #resolved(memberId: string): {
    revision: number;
    topics: { topicId: TopicId; topic: string; partitionCount: number }[];
  } {
    const own = this.#group.members.get(memberId)?.topics ?? new Set([TOPIC]);
    return {
      revision: 1,
      topics: [...own].map((topicId) => ({ topicId, topic: topicId, partitionCount: topicId === TOPIC ? 1 : 0 })),
    };
  }

  #judgeTold(memberId: string, epoch: number, isGrant: boolean): void {
    const { told } = this.state;
    const other = told[epoch];
    if (other !== undefined && other !== memberId)
      this.violations.push(`TWO OWNERS in epoch ${epoch}: ${other} and ${memberId}`);
    told[epoch] = memberId;
    if (!isGrant) return;
    this.state.owner = memberId;
    for (const [index, { life, owns }] of this.state.members.entries()) {
      const id = `${index}.${life}`;
      if (id !== memberId && owns !== "no" && this.#group.members.has(id))
        this.violations.push(`OVERLAP ${memberId} is granted what ${id} works on`);
    }
  }

  hear(message: string): void {
    const [, memberId = "", epochText, assigned, start] = message.split("|");
    const index = Number(memberId[0]);
    const member = this.state.members[index]!;
    const epoch = Number(epochText);
    if (memberId !== `${index}.${member.life}`) return;
    if (epoch === -1) return this.rejoin(index);
    if (epoch < member.epoch) return;
    member.epoch = epoch;
    if (assigned === "0" && member.owns === "own") member.owns = "leaving";
    if (assigned === "1" && member.owns === "no" && start !== "-") {
      member.owns = "own";
      member.pos = Number(start);
      member.sent = member.pos;
    }
  }

  rejoin(index: number): void {
    const { life } = this.state.members[index]!;
    this.state.members[index] = { life: life + 1, epoch: 0, owns: "no", pos: 0, sent: 0, commit: 0 };
    this.state.net = this.state.net.filter((message) => !message.startsWith(`HR|${index}.`));
  }

  commit(index: number): void {
    const member = this.state.members[index]!;
    // Of one that is sent again the counter is what it was.
    if (member.pos > member.sent) member.commit += 1;
    member.sent = member.pos;
    this.put(`CO|${index}.${member.life}|${member.epoch}|${member.pos}|${member.commit}`);
  }

  committed(message: string): void {
    const [, memberId = "", epoch, offsetText, commit] = message.split("|");
    const offset = Number(offsetText);
    const request = { memberId, memberEpoch: Number(epoch), commit: Number(commit), offset };
    const { cell, owner, processed } = this.state;
    const next = commitAt(cell, request, this.#rules);
    if (next === null) return;
    if (owner !== null && owner !== memberId)
      this.violations.push(`STALE COMMIT of ${memberId} is accepted, ${owner} was told that it owns it`);
    if (offset < offsetOf(cell)) this.violations.push(`REGRESS from ${offsetOf(cell)} to ${offset}`);
    for (let each = 0; each < offset; each += 1)
      if (((processed >> each) & 1) === 0) this.violations.push(`SKIP of ${each}`);
    this.state.cell = next;
  }

  fence(message: string): void {
    const [, memberId = "", epoch = "", isHeeded] = message.split("|");
    this.state.cell = fenceAt(this.state.cell, { memberId, epoch: Number(epoch) });
    if (isHeeded === "1") this.put(`FA|${memberId}|${epoch}|${offsetOf(this.state.cell)}|1`);
  }

  fenced(message: string): void {
    const [, memberId = "", epoch = "", offset] = message.split("|");
    this.#machine.fenced(this.#fenceOf(memberId, Number(epoch)), committedAt(Number(offset)));
  }

  #fenceOf(memberId: string, epoch: number): DueFence {
    const push = this.#group.topics.get(TOPIC)?.slots[0]?.push ?? 0;
    return { topicId: TOPIC, topic: TOPIC, partition: 0, incarnation: 1, memberId, epoch, push };
  }

  unreached(): void {
    const slot = this.#group.topics.get(TOPIC)?.slots[0];
    this.#machine.notFenced(this.#fenceOf(slot?.target?.id ?? "", slot?.since ?? 0), null);
  }

  expire(id: string): void {
    const member = this.#group.members.get(id);
    if (member !== undefined) member.seenMs = -1e9;
    this.#machine.tick(0);
    this.#persist();
  }

  /** Another topic comes up or goes, and the assignor looks again. */
  move(): void {
    this.state.preferred = 1 - this.state.preferred;
    const [member] = this.#group.members.values();
    if (member === undefined) return;
    const { topics } = this.#resolved(member.id);
    const other = { topicId: "u" as TopicId, topic: "u", partitionCount: 0 };
    const next = topics.some(({ topicId }) => topicId === "u")
      ? topics.filter(({ topicId }) => topicId !== "u")
      : [...topics, other];
    this.#machine.heartbeat(
      { memberId: member.id, memberEpoch: JOINS, owned: [], resolved: { revision: 1, topics: next } },
      0,
    );
    this.#persist();
  }

  evict(): void {
    this.#group = fromSnapshot(onShelf(this.state.durable));
    this.state.net = this.state.net
      .filter((message) => !message.startsWith("FA"))
      .map((message) => (message.startsWith("FE") ? message.replace(/\|1$/, "|0") : message));
  }
}
