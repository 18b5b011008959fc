/** What comes to a group from outside: topics that are new or grow, time, and nobody for long. */
import { describe, expect, test } from "vitest";
import { LEAVES } from "../../../shared/api/groups.ts";
import { codeOf, GroupLab, HEARTBEAT_MS, joined, LabMember, rounds, SESSION_MS, topicOf } from "./group-lab.ts";

describe("topics", () => {
  test("new ones and grown ones come with the next heartbeat of anybody; an older listing is ignored", () => {
    const lab = new GroupLab({ topics: [topicOf("t", 2)] });
    const members = joined(lab, 2);
    lab.revision = 5;
    lab.topics = [topicOf("t", 4), topicOf("u", 2)];
    rounds(lab, members, 3);
    expect(members.map((member) => member.count)).toEqual([3, 3]);
    const { groupEpoch } = lab.machine.describe();
    lab.revision = 4;
    lab.topics = [];
    rounds(lab, members, 1);
    expect(lab.machine.describe().groupEpoch).toBe(groupEpoch);
    lab.revision = 6;
    lab.topics = [topicOf("u", 1)];
    rounds(lab, members, 3);
    expect(members.map((member) => member.count)).toEqual([1, 1]);
    expect(lab.machine.topics().map(({ topic, partitionCount }) => [topic, partitionCount])).toEqual([
      ["t", 4],
      ["u", 2],
    ]);
  });

  test("a custom assignor by its name; what it gives to those who do not subscribe nobody gets", () => {
    const all = { name: "all-to-last", assign: () => new Map([["id-t" as never, ["m1", "m1", "x"]]]) };
    const lab = new GroupLab({ topics: [topicOf("t", 3)], assignors: [all] });
    const members = joined(lab, 2, { assignor: "all-to-last" });
    expect(members.map((member) => member.count)).toEqual([0, 2]);
    expect(lab.machine.describe().assignor).toBe("all-to-last");
  });
});

describe("an empty group", () => {
  test("offsets of nobody raise its epoch; while it has members they are refused", () => {
    const lab = new GroupLab();
    expect(lab.machine.raiseWhileEmpty([topicOf("v", 2)], lab.now)).toEqual({ incarnation: 1, epoch: 1 });
    expect(lab.machine.changed).toBe(true);
    lab.settle();
    expect(lab.machine.topics()).toEqual([topicOf("v", 2)]);
    joined(lab, 1);
    expect(codeOf(() => lab.machine.raiseWhileEmpty([], lab.now))).toBe("NON_EMPTY_GROUP");
  });

  test("keeps its offsets for seven days by the alarm, and not by a clock that was set forward or back", () => {
    const lab = new GroupLab();
    const [member] = joined(lab, 1);
    member?.beat({ memberEpoch: LEAVES });
    const days = 86_400_000;
    expect(lab.machine.nextLookMs).toBe(lab.now + 7 * days);
    expect(lab.tick(6 * days)).toBe("STAYS");
    lab.evict();
    expect(lab.tick(days)).toBe("RETENTION_OVER");
    expect(lab.tick(3_650 * days)).toBe("STAYS");
    expect(lab.tick(-3_650 * days)).toBe("STAYS");
    expect(lab.machine.nextLookMs).toBe(lab.now + 7 * days);
    expect(lab.tick(7 * days)).toBe("RETENTION_OVER");
  });
});

describe("R27 sessions", () => {
  test("a crash is over within a session and one heartbeat; the sender of a heartbeat is not silent", () => {
    const lab = new GroupLab();
    const [first, second] = joined(lab, 2);
    rounds(lab, [first!], SESSION_MS / HEARTBEAT_MS + 1);
    expect(first?.count).toBe(6);
    expect(codeOf(() => second?.beat())).toBe("UNKNOWN_MEMBER_ID");
    lab.now += SESSION_MS + 10_000;
    first?.beat();
    expect(first?.count).toBe(6);
  });

  test.each([10 * 31_536_000_000, -10 * 31_536_000_000])("a clock that jumps by %d ms expires nobody", (jumpMs) => {
    const lab = new GroupLab();
    const members = joined(lab, 3);
    const before = lab.machine.describe();
    lab.now += jumpMs;
    lab.tick();
    rounds(lab, members, 2);
    expect(lab.machine.describe()).toEqual(before);
    // And afterwards silence counts as it did.
    rounds(lab, members.slice(1), SESSION_MS / HEARTBEAT_MS + 1);
    expect(lab.machine.describe().members).toHaveLength(2);
  });

  test("R22 of an object that sleeps from alarm to alarm the silent ones go, and those that are heard of stay", () => {
    const lab = new GroupLab();
    const [first] = joined(lab, 3);
    lab.sleep(SESSION_MS);
    for (let slept = 0; slept < 2; slept += 1) {
      lab.now += SESSION_MS / 2;
      first?.beat();
      lab.sleep(SESSION_MS / 2 + 1);
    }
    expect(lab.machine.describe().members.map(({ memberId }) => memberId)).toEqual(["m0"]);
    first?.beat();
    expect(first?.count).toBe(6);
    for (let slept = 0; slept < 2; slept += 1) lab.sleep(SESSION_MS + 1);
    expect(lab.machine.isEmpty).toBe(true);
  });

  test.each([10 * 31_536_000_000, -10 * 31_536_000_000])(
    "nor while it sleeps and the clock jumps by %d ms",
    (jumpMs) => {
      const lab = new GroupLab();
      const members = joined(lab, 3);
      lab.sleep(SESSION_MS);
      for (const jump of [jumpMs, 1_000, -jumpMs, 1_000]) lab.sleep(jump);
      rounds(lab, members, 1);
      expect(members.map((member) => member.count)).toEqual([2, 2, 2]);
      // And what was noted of silence is forgotten: it writes nothing more.
      const { writes } = lab;
      rounds(lab, members, 2);
      expect(lab.writes).toBe(writes);
    },
  );

  test("R22 nor has it to wait for who has a long session: each goes after its own", () => {
    const lab = new GroupLab();
    const long = new LabMember(lab, "long", {
      subscription: { topics: ["t"], patterns: [] },
      sessionTimeoutMs: 1_800_000,
    });
    long.beat();
    const [short] = joined(lab, 1);
    lab.sleep(SESSION_MS);
    lab.now += HEARTBEAT_MS;
    short?.beat();
    for (let slept = 0; slept < 3; slept += 1) lab.sleep(SESSION_MS + 1);
    expect(lab.machine.describe().members.map(({ memberId }) => memberId)).toEqual(["long"]);
    lab.sleep(1_800_000 - 2 * SESSION_MS);
    expect(lab.machine.isEmpty).toBe(true);
  });

  test("R22 who is known to be silent is known to be so after an alarm that finds others awake", () => {
    const lab = new GroupLab();
    new LabMember(lab, "dead", { subscription: { topics: ["t"], patterns: [] }, sessionTimeoutMs: 300_000 }).beat();
    const [alive] = joined(lab, 1);
    lab.sleep(SESSION_MS);
    for (let woken = 0; woken < 8; woken += 1) {
      lab.now += SESSION_MS - 1_000;
      alive?.beat();
      lab.now += 1_001;
      lab.machine.tickOfAlarm(lab.now);
      lab.settle();
      lab.evict();
    }
    expect(lab.machine.describe().members.map(({ memberId }) => memberId)).toEqual(["m0"]);
  });

  test("R27 silence that is over is forgotten for good: a clock that was wrong for minutes throws out nobody", () => {
    const lab = new GroupLab();
    const [first] = joined(lab, 1);
    lab.sleep(SESSION_MS);
    lab.evict();
    lab.now += 600_000;
    lab.tick();
    first?.beat();
    lab.evict();
    lab.now -= 600_000 - SESSION_MS - 1_000;
    lab.tick();
    expect(lab.machine.isEmpty).toBe(false);
  });

  test("the alarm alone finds the silent ones", () => {
    const lab = new GroupLab();
    joined(lab, 2);
    while (!lab.machine.isEmpty) {
      expect(lab.machine.nextLookMs).toBeGreaterThan(lab.now);
      lab.tick(lab.machine.nextLookMs - lab.now);
    }
    expect(lab.alarms).toBeLessThan(8);
  });
});
