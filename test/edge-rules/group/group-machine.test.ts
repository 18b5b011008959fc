/** Each rule of a group, and each code that it answers with. */
import { describe, expect, test } from "vitest";
import { LEAVES, LEAVES_FOR_A_WHILE } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { codeOf, GroupLab, HEARTBEAT_MS, joined, LabMember, rounds, topicOf } from "./group-lab.ts";

describe("joining", () => {
  test("the first member gets all with the answer to its join, with the group's offsets", () => {
    const lab = new GroupLab();
    const member = new LabMember(lab, "m");
    expect(member.beat()).toEqual({
      memberId: "m",
      memberEpoch: 1,
      heartbeatIntervalMs: 5_000,
      sessionTimeoutMs: 45_000,
      assignment: [
        {
          topicId: "id-t",
          topic: "t",
          partitions: [0, 1, 2, 3, 4, 5].map((partition) => ({
            partition,
            committed: { offset: partition, metadata: "", committedAt: 0, leaderEpoch: null },
          })),
        },
      ],
    });
    // The next one names them: nothing is told twice.
    expect(member.beat().assignment[0]?.partitions[0]).toEqual({ partition: 0 });
    expect(lab.machine.describe()).toMatchObject({ state: "Stable", groupEpoch: 1, assignor: "sticky" });
  });

  test("repeated it is the same join, and what was not heard is told with the offset as it is by then", () => {
    const lab = new GroupLab();
    const member = new LabMember(lab, "m");
    const lost = lab.heartbeat({ memberId: "m", subscription: { topics: [], patterns: [] } });
    const again = member.beat();
    expect(again).toEqual(lost);
    expect(lab.machine.describe()).toMatchObject({ groupEpoch: 1, members: [{ memberId: "m" }] });
    expect(lab.fences.map((fence) => fence.epoch)).toEqual(Array(12).fill(1));
  });

  test("what is to be handed on is granted when its owner let go of it, and was fenced before", () => {
    const lab = new GroupLab();
    const [first] = joined(lab, 1);
    const second = new LabMember(lab, "second");
    expect(second.beat().assignment).toEqual([]);
    expect(lab.machine.describe().state).toBe("Assigning");
    const fences = lab.fences.length;
    expect(first?.beat().assignment[0]?.partitions).toHaveLength(3);
    expect(lab.fences.slice(fences)).toMatchObject(Array(3).fill({ memberId: "second", epoch: 2 }));
    second.beat();
    expect([first?.count, second.count]).toEqual([3, 3]);
    expect(lab.machine.describe().state).toBe("Stable");
  });

  test("a partition that cannot be reached waits, and the rest goes on", () => {
    const lab = new GroupLab();
    lab.unreachable.add(4);
    const member = new LabMember(lab, "m");
    member.beat();
    expect(member.count).toBe(5);
    expect(lab.machine.describe().state).toBe("Assigning");
    lab.unreachable.clear();
    member.beat();
    expect(member.count).toBe(6);
  });

  test("topics that are gone are forgotten once nobody reads them, and take no room then", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 1)] });
    const [member] = joined(lab, 1);
    const sizes: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      lab.topics = [topicOf("t", 1), topicOf(`gone-${round}`, 3)];
      lab.revision += 1;
      member?.beat({ resolved: { revision: lab.revision, topics: lab.topics } });
      member?.beat();
      // Those that are read stay, whoever says that they are gone.
      lab.machine.forgetTopics(["id-t" as TopicId, ...lab.machine.unreadTopics()]);
      lab.settle();
      sizes.push(JSON.stringify(lab.snapshot).length);
    }
    expect(Math.max(...sizes.slice(10)) - Math.min(...sizes.slice(10))).toBeLessThan(20);
    expect(member?.names().toSorted()).toEqual(["id-gone-49/0", "id-gone-49/1", "id-gone-49/2", "id-t/0"]);
    expect(lab.machine.unreadTopics()).toEqual([]);
  });

  test("a partition with a later fence: the group goes beyond it", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 1)] });
    const { machine } = lab;
    machine.heartbeat(
      {
        memberId: "m",
        memberEpoch: 0,
        owned: [],
        subscription: { topics: [], patterns: [] },
        resolved: { revision: 1, topics: lab.topics },
      },
      lab.now,
    );
    machine.snapshot();
    const [fence] = machine.fencesDue();
    if (fence === undefined) throw new Error("no fence");
    machine.notFenced(fence, { incarnation: 1, epoch: 40 });
    lab.settle();
    expect(lab.fences).toMatchObject([{ memberId: "m", epoch: 41 }]);
    expect(machine.assignmentOf("m")).toMatchObject({
      memberEpoch: 41,
      assignment: [{ partitions: [{ partition: 0 }] }],
    });
  });

  test("refused: too many, no such assignor, sessions and timeouts out of bounds, nothing subscribed", () => {
    const lab = new GroupLab({ membersMax: 2 });
    joined(lab, 2);
    const before = JSON.stringify(lab.machine.snapshot());
    const join = { memberId: "x", subscription: { topics: ["t"], patterns: [] } };
    expect(codeOf(() => lab.heartbeat(join))).toBe("GROUP_MAX_SIZE_REACHED");
    expect(codeOf(() => lab.heartbeat({ ...join, assignor: "nearest" }))).toBe("UNSUPPORTED_ASSIGNOR");
    for (const sessionTimeoutMs of [5_999, 1_800_001, 10_000.5])
      expect(codeOf(() => lab.heartbeat({ ...join, sessionTimeoutMs }))).toBe("INVALID_SESSION_TIMEOUT");
    expect(codeOf(() => lab.heartbeat({ ...join, rebalanceTimeoutMs: 0 }))).toBe("INVALID_REQUEST");
    expect(codeOf(() => lab.heartbeat({ memberId: "x" }))).toBe("INVALID_REQUEST");
    expect(codeOf(() => lab.heartbeat({ ...join, resolved: null }))).toBe("INVALID_REQUEST");
    expect(codeOf(() => lab.heartbeat({ ...join, memberEpoch: -3 }))).toBe("INVALID_REQUEST");
    expect(JSON.stringify(lab.machine.snapshot())).toBe(before);
  });

  test("a heartbeat is due after a third of a short session", () => {
    const lab = new GroupLab();
    expect(new LabMember(lab, "m", { sessionTimeoutMs: 6_000 }).beat().heartbeatIntervalMs).toBe(2_000);
  });
});

describe("epochs", () => {
  test("unknown, above what it was told, or of before it joined", () => {
    const lab = new GroupLab();
    const [first] = joined(lab, 1);
    const late = new LabMember(lab, "late");
    late.beat();
    expect(codeOf(() => lab.heartbeat({ memberId: "nobody", memberEpoch: 1 }))).toBe("UNKNOWN_MEMBER_ID");
    expect(codeOf(() => lab.heartbeat({ memberId: "m0", memberEpoch: 9 }))).toBe("FENCED_MEMBER_EPOCH");
    expect(codeOf(() => lab.heartbeat({ memberId: "late", memberEpoch: 1 }))).toBe("FENCED_MEMBER_EPOCH");
    first?.beat();
    expect(first?.epoch).toBe(2);
  });

  test("a heartbeat that was sent before the member heard of a move lets go of nothing", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 2)] });
    const [first] = joined(lab, 1);
    const second = new LabMember(lab, "second");
    second.beat();
    // Of before the first grant, and late.
    lab.heartbeat({ memberId: "m0", memberEpoch: 1, owned: [] });
    second.beat();
    expect(second.count).toBe(0);
    first?.beat();
    second.beat();
    expect([first?.count, second.count]).toEqual([1, 1]);
  });

  test("one that never heard that it was to let go keeps it without a new fence", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 2)] });
    const [first] = joined(lab, 1);
    const fences = lab.fences.length;
    const second = new LabMember(lab, "second");
    second.beat();
    second.beat({ memberEpoch: LEAVES });
    first?.beat();
    expect(first?.count).toBe(2);
    expect(lab.fences.length).toBe(fences);
  });

  test("one that heard it lets go first, and has it again under a new epoch", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 2)] });
    const [first] = joined(lab, 1);
    const second = new LabMember(lab, "second");
    second.beat();
    const owned = first?.owned ?? [];
    const told = lab.heartbeat({ memberId: "m0", memberEpoch: 1, owned });
    expect(told).toMatchObject({ memberEpoch: 2, assignment: [{ partitions: [{ partition: 0 }] }] });
    second.beat({ memberEpoch: LEAVES });
    // It works on both still, and is told the one alone.
    const working = lab.heartbeat({ memberId: "m0", memberEpoch: 2, owned });
    expect(working).toMatchObject({ memberEpoch: 3, assignment: [{ partitions: [{ partition: 0 }] }] });
    const back = lab.heartbeat({ memberId: "m0", memberEpoch: 3, owned: [{ ...owned[0]!, partitions: [0] }] });
    expect(back.memberEpoch).toBe(4);
    expect(back.assignment[0]?.partitions).toMatchObject([
      { partition: 0 },
      { partition: 1, committed: { offset: 1 } },
    ]);
    expect(lab.fences.at(-1)).toMatchObject({ partition: 1, memberId: "m0", epoch: 4 });
  });

  test("one that does not let go in its time is thrown out", () => {
    const lab = new GroupLab();
    const [first] = joined(lab, 1, { rebalanceTimeoutMs: 12_000 });
    const second = new LabMember(lab, "second");
    second.beat();
    const owned = first?.owned ?? [];
    const stubborn = (): unknown => lab.heartbeat({ memberId: "m0", memberEpoch: 1, owned });
    stubborn();
    for (let round = 0; round < 2; round += 1) {
      lab.now += HEARTBEAT_MS;
      stubborn();
      second.beat();
    }
    lab.now += HEARTBEAT_MS;
    expect(codeOf(stubborn)).toBe("FENCED_MEMBER_EPOCH");
    second.beat();
    expect(second.count).toBe(6);
    expect(codeOf(() => lab.heartbeat({ memberId: "m0" }))).toBe("FENCED_MEMBER_EPOCH");
  });
});

describe("leaving and static members", () => {
  test("one that leaves hands on at once; again it is unknown", () => {
    const lab = new GroupLab();
    const [first, second] = joined(lab, 2);
    expect(first?.beat({ memberEpoch: LEAVES })).toMatchObject({ memberEpoch: -1, assignment: [] });
    second?.beat();
    expect(second?.count).toBe(6);
    expect(codeOf(() => lab.machine.leave({ memberId: "m0" }, lab.now))).toBe("UNKNOWN_MEMBER_ID");
  });

  test("a static member that is away keeps its place, and takes it again under another id", () => {
    const lab = new GroupLab();
    const [first, second] = [new LabMember(lab, "a", { instanceId: "one" }), new LabMember(lab, "b")];
    rounds(lab, [first, second], 3);
    const names = first.names();
    expect(first.beat({ memberEpoch: LEAVES_FOR_A_WHILE }).memberEpoch).toBe(-2);
    expect(first.beat({ memberEpoch: LEAVES_FOR_A_WHILE }).memberEpoch).toBe(-2);
    expect(codeOf(() => lab.heartbeat({ memberId: "a" }))).toBe("UNKNOWN_MEMBER_ID");
    rounds(lab, [second, new LabMember(lab, "c")], 2);
    const heir = new LabMember(lab, "a2", { instanceId: "one" });
    heir.beat();
    expect(heir.names().every((name) => names.includes(name))).toBe(true);
    expect(heir.count).toBeGreaterThan(1);
    expect(codeOf(() => lab.heartbeat({ memberId: "a", memberEpoch: 1 }))).toBe("FENCED_INSTANCE_ID");
    expect(codeOf(() => lab.heartbeat({ memberId: "a" }))).toBe("FENCED_INSTANCE_ID");
  });

  test("away for longer than its session it has lost its place", () => {
    const lab = new GroupLab();
    const [first, second] = [new LabMember(lab, "a", { instanceId: "one" }), new LabMember(lab, "b")];
    rounds(lab, [first, second], 3);
    first.beat({ memberEpoch: LEAVES_FOR_A_WHILE });
    rounds(lab, [second], 9);
    expect(second.count).toBe(3);
    rounds(lab, [second], 1);
    expect(second.count).toBe(6);
  });

  test("two of one instance: the second waits, unless it names the first as an earlier life", () => {
    const lab = new GroupLab();
    const first = new LabMember(lab, "a", { instanceId: "one" });
    rounds(lab, [first], 2);
    const epoch = lab.machine.describe().groupEpoch;
    expect(codeOf(() => new LabMember(lab, "b", { instanceId: "one" }).beat())).toBe("UNRELEASED_INSTANCE_ID");
    expect(codeOf(() => new LabMember(lab, "b", { instanceId: "one", previousMemberId: "x" }).beat())).toBe(
      "UNRELEASED_INSTANCE_ID",
    );
    expect(lab.machine.describe().groupEpoch).toBe(epoch);
    const heir = new LabMember(lab, "b", { instanceId: "one", previousMemberId: "a" });
    heir.beat();
    expect(heir.count).toBe(6);
    expect(codeOf(() => first.beat())).toBe("FENCED_INSTANCE_ID");
    expect(codeOf(() => lab.machine.leave({ memberId: "a" }, lab.now))).toBe("FENCED_INSTANCE_ID");
  });
});
