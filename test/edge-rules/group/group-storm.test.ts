/** Groups as large as they get, and as restless; and objects that are evicted after every call. */
import { describe, expect, test } from "vitest";
import { LEAVES } from "../../../shared/api/groups.ts";
import { seeded } from "../../harness/seeded.ts";
import { GroupLab, HEARTBEAT_MS, joined, LabMember, rounds, SESSION_MS, topicOf } from "./group-lab.ts";

/** Nobody works on what another works on. */
function expectDisjoint(members: readonly LabMember[]): void {
  const names = members.flatMap((member) => member.names());
  expect(new Set(names).size).toBe(names.length);
}

function expectShared(members: readonly LabMember[], partitions: number): void {
  expectDisjoint(members);
  const counts = members.map((member) => member.count);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(partitions);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
}

function ownersOf(members: readonly LabMember[]): ReadonlyMap<string, string> {
  return new Map(members.flatMap((member) => member.names().map((name) => [name, member.id] as const)));
}

function movedSince(before: ReadonlyMap<string, string>, members: readonly LabMember[]): number {
  const after = ownersOf(members);
  return [...before].filter(([name, owner]) => after.get(name) !== owner).length;
}

describe("100 members and 300 partitions", () => {
  const lab = new GroupLab({ topics: Array.from({ length: 10 }, (_, n) => topicOf(`t${n}`, 30)) });
  const members = joined(lab, 100);

  test("steady heartbeats write nothing, push nothing, and need one alarm in a session's time", () => {
    expectShared(members, 300);
    const { writes, alarms, fences } = lab;
    const pushed = fences.length;
    rounds(lab, members, (10 * SESSION_MS) / HEARTBEAT_MS);
    expect([lab.writes - writes, fences.length - pushed]).toEqual([0, 0]);
    expect(lab.alarms - alarms).toBeLessThanOrEqual(10);
  });

  test("a join is settled within two heartbeats, moves no more than it must, and writes one row", () => {
    const before = ownersOf(members);
    const { writes } = lab;
    const pushed = lab.fences.length;
    members.unshift(new LabMember(lab, "joiner"));
    rounds(lab, members, 2);
    expectShared(members, 300);
    expect(movedSince(before, members)).toBe(2);
    expect(lab.fences.length - pushed).toBe(2);
    expect(lab.writes - writes).toBe(1);
    expect(lab.machine.describe().state).toBe("Stable");
  });

  test("a leave is settled within two", () => {
    const before = ownersOf(members.slice(1));
    const { writes } = lab;
    const [joiner] = members.splice(0, 1);
    joiner?.beat({ memberEpoch: LEAVES });
    rounds(lab, members, 2);
    expectShared(members, 300);
    expect(movedSince(before, members)).toBe(0);
    expect(lab.writes - writes).toBe(1);
  });

  test("a crash within the session and one more", () => {
    const [crashed] = members.splice(50, 1);
    const before = ownersOf(members);
    rounds(lab, members, SESSION_MS / HEARTBEAT_MS);
    expectDisjoint([...members, crashed!]);
    rounds(lab, members, 2);
    expectShared(members, 300);
    expect(movedSince(before, members)).toBe(0);
  });

  test("an object that comes back after an eviction disturbs nobody", () => {
    const before = ownersOf(members);
    const { writes } = lab;
    const pushed = lab.fences.length;
    lab.evict();
    rounds(lab, members, 3);
    expect(movedSince(before, members)).toBe(0);
    expect([lab.writes - writes, lab.fences.length - pushed]).toEqual([0, 0]);
  });
});

/** Joins, goings, crashes and heartbeats in any order; `beforeEach` is called before each. */
function storm(lab: GroupLab, seed: number, look: (members: readonly LabMember[]) => void): LabMember[] {
  const random = seeded(seed);
  const members = joined(lab, 4);
  let made = 0;
  for (let step = 0; step < 300; step += 1) {
    lab.now += 200;
    const at = Math.floor(random() * members.length);
    const chance = random();
    if (chance < 0.08) {
      made += 1;
      const joiner = new LabMember(lab, `late${made}`);
      members.push(joiner);
      joiner.beat();
    } else if (chance < 0.16 && members.length > 1) {
      const [leaver] = members.splice(at, 1);
      leaver?.beat({ memberEpoch: LEAVES });
    } else members[at]?.beat();
    look(members);
  }
  return members;
}

describe("R20 R22 storms", () => {
  test.each([1, 2, 3, 4, 5])(
    "some fifty joins and leaves in a minute, seed %d: never two owners, and it settles",
    (seed) => {
      const lab = new GroupLab({ topics: [topicOf("t", 20)] });
      const writes = lab.writes;
      const members = storm(lab, seed, expectDisjoint);
      rounds(lab, members, 3);
      expectShared(members, 20);
      const { groupEpoch, state } = lab.machine.describe();
      expect(state).toBe("Stable");
      expect(groupEpoch).toBeGreaterThan(30);
      expect(lab.writes - writes).toBeLessThanOrEqual(2 * groupEpoch);
    },
  );

  test.each([1, 2, 3, 4, 5])("the same with an eviction after every call, seed %d", (seed) => {
    const lab = new GroupLab({ topics: [topicOf("t", 20)], isEvicted: true });
    const members = storm(lab, seed, expectDisjoint);
    rounds(lab, members, 4);
    expectShared(members, 20);
  });

  test("evicted after every call, each change ends as it does without", () => {
    const histories = [false, true].map((isEvicted) => {
      const lab = new GroupLab({ topics: [topicOf("t", 7)], isEvicted });
      const random = seeded(11);
      const members = joined(lab, 3);
      const history: unknown[] = [];
      for (let step = 0; step < 40; step += 1) {
        const at = Math.floor(random() * members.length);
        if (random() < 0.5 || members.length < 2) members.push(new LabMember(lab, `late${step}`));
        else members.splice(at, 1)[0]?.beat({ memberEpoch: LEAVES });
        rounds(lab, members, 3);
        history.push(members.map(({ id, epoch, owned }) => [id, epoch, owned]));
      }
      return history;
    });
    expect(histories[1]).toEqual(histories[0]);
  });
});

test("1,000 members and 10,000 partitions: a snapshot fits in a row, and comes back as it was", () => {
  const topics = Array.from({ length: 100 }, (_, n) => topicOf(`t${n}`, 100));
  const lab = new GroupLab({ topics });
  const subscription = { topics: topics.map(({ topic }) => topic), patterns: [] };
  const resolved = { revision: 1, topics };
  for (let n = 0; n < 1_000; n += 1)
    lab.machine.heartbeat(
      { memberId: `${n}`.padStart(66, "m"), memberEpoch: 0, owned: [], subscription, resolved },
      lab.now,
    );
  const snapshot = lab.machine.snapshot();
  const text = JSON.stringify(snapshot);
  console.log(`snapshot of 1000 x 10000: ${text.length} bytes`);
  expect(text.length).toBeLessThan(1_900_000);
  lab.snapshot = snapshot;
  lab.evict();
  expect(JSON.stringify(lab.machine.snapshot())).toBe(text);
});
