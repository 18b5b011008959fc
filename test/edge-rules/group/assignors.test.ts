/** Whatever the memberships: complete, disjoint, balanced; and the sticky one moves no more than it has to. */
import { describe, expect, test } from "vitest";
import type { AssignorInput, AssignorMember, AssignorTopic, Target } from "../../../edge/group/assignors/assignor.ts";
import { rangeAssignor } from "../../../edge/group/assignors/range.ts";
import { roundRobinAssignor } from "../../../edge/group/assignors/round-robin.ts";
import { stickyAssignor } from "../../../edge/group/assignors/sticky.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { seeded } from "../../harness/seeded.ts";

const ALL = [stickyAssignor, rangeAssignor, roundRobinAssignor];
const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

const topicIdOf = (name: string): TopicId => `id-${name}` as TopicId;

function topicOf(name: string, partitionCount: number): AssignorTopic {
  return { topicId: topicIdOf(name), topic: name, partitionCount, owners: Array(partitionCount).fill(null) };
}

function memberOf(
  memberId: string,
  topics: readonly AssignorTopic[],
  instanceId: string | null = null,
): AssignorMember {
  return { memberId, instanceId, topics: new Set(topics.map((topic) => topic.topicId)) };
}

/** As many members and topics as chance has it; `isEqual`: all subscribe to all. */
function randomInput(seed: number, isEqual: boolean): AssignorInput {
  const random = seeded(seed);
  const below = (end: number): number => Math.floor(random() * end);
  const bare = Array.from({ length: 1 + below(5) }, (_, n) => topicOf(`t${n}`, 1 + below(12)));
  const members = Array.from({ length: 1 + below(9) }, (_, n) =>
    memberOf(`m${n}`, isEqual ? bare : bare.filter(() => random() < 0.6), random() < 0.3 ? `i${9 - n}` : null),
  );
  // Owners that are gone, or do not subscribe any more, come up as well.
  const topics = bare.map((topic) => ({
    ...topic,
    owners: topic.owners.map(() => (random() < 0.3 ? null : `m${Math.floor(random() ** 3 * (members.length + 1))}`)),
  }));
  return { members, topics };
}

function loadsOf(input: AssignorInput, target: Target): Map<string, number> {
  const loads = new Map(input.members.map((member) => [member.memberId, 0]));
  for (const owners of target.values())
    for (const owner of owners) if (owner !== null) loads.set(owner, (loads.get(owner) ?? 0) + 1);
  return loads;
}

function spread(loads: ReadonlyMap<string, number>): number {
  return Math.max(...loads.values()) - Math.min(...loads.values());
}

/** Of several times, in milliseconds: a bound on it is met by a slow machine as well. */
function quickest(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    work();
    return performance.now() - before;
  });
  return Math.min(...times);
}

/** Partitions that somebody has who could keep them, and that go to another. */
function movesOf({ members, topics }: AssignorInput, target: Target): number {
  const byId = new Map(members.map((member) => [member.memberId, member]));
  return topics
    .flatMap((topic) => topic.owners.map((owner, partition) => ({ topic, owner, partition })))
    .filter(({ topic, owner }) => byId.get(owner ?? "")?.topics.has(topic.topicId) === true)
    .filter(({ topic, owner, partition }) => target.get(topic.topicId)?.[partition] !== owner).length;
}

/** With equal subscriptions nobody can keep more than its share, and only so many have the larger one. */
function fewestMoves({ members, topics }: AssignorInput): number {
  const kept = new Map(members.map((member) => [member.memberId, 0]));
  for (const owner of topics.flatMap((topic) => topic.owners)) {
    const count = kept.get(owner ?? "");
    if (owner !== null && count !== undefined) kept.set(owner, count + 1);
  }
  const total = topics.reduce((sum, topic) => sum + topic.partitionCount, 0);
  const share = Math.floor(total / members.length);
  const larger = total % members.length;
  return [...kept.values()]
    .toSorted((a, b) => b - a)
    .reduce((moves, count, rank) => moves + Math.max(0, count - (rank < larger ? share + 1 : share)), 0);
}

/** Whether a member could hand one on, over whomever, to one with two less: written without the assignor's pools. */
function couldLevel({ members, topics }: AssignorInput, target: Target): boolean {
  const loads = loadsOf({ members, topics }, target);
  return members.some(({ memberId: first }) => {
    const reached = new Set([first]);
    for (const giver of reached)
      for (const topic of topics)
        if (target.get(topic.topicId)?.includes(giver) === true)
          for (const taker of members) if (taker.topics.has(topic.topicId)) reached.add(taker.memberId);
    return [...reached].some((last) => (loads.get(first) ?? 0) - (loads.get(last) ?? 0) >= 2);
  });
}

describe.each(ALL)("$name", (assignor) => {
  test("each partition has one owner that subscribes to it, if anybody does; the same again for the same question", () => {
    for (const seed of SEEDS) {
      const input = randomInput(seed, seed % 2 === 0);
      const target = assignor.assign(input);
      expect(target.size).toBe(input.topics.length);
      for (const { topicId, partitionCount } of input.topics) {
        const readers = input.members.filter((member) => member.topics.has(topicId)).map((member) => member.memberId);
        const owners = target.get(topicId) ?? [];
        expect(owners.length).toBe(partitionCount);
        for (const owner of owners) {
          if (readers.length === 0) expect(owner).toBeNull();
          else expect(readers).toContain(owner);
        }
      }
      expect(assignor.assign(randomInput(seed, seed % 2 === 0))).toEqual(target);
    }
  });

  test("without members or topics", () => {
    const topic = topicOf("t", 3);
    expect(assignor.assign({ members: [], topics: [topic] })).toEqual(new Map([[topic.topicId, [null, null, null]]]));
    expect(assignor.assign({ members: [memberOf("m", [])], topics: [] })).toEqual(new Map());
    const none = { ...topic, partitionCount: 0, owners: [] };
    expect(assignor.assign({ members: [memberOf("m", [none])], topics: [none] })).toEqual(
      new Map([[topic.topicId, []]]),
    );
  });
});

test("range: runs of each topic, the first members with one more", () => {
  const [a, b] = [topicOf("a", 5), topicOf("b", 3)];
  const members = ["m2", "m1"].map((id) => memberOf(id, [a, b]));
  expect(rangeAssignor.assign({ members, topics: [a, b] })).toEqual(
    new Map([
      [a.topicId, ["m1", "m1", "m1", "m2", "m2"]],
      [b.topicId, ["m1", "m1", "m2"]],
    ]),
  );
});

test("range: another life of a static member stands where it stood", () => {
  const topic = topicOf("a", 4);
  const dealt = (id: string): unknown =>
    rangeAssignor
      .assign({ members: [memberOf("m", [topic], "y"), memberOf(id, [topic], "x")], topics: [topic] })
      .get(topic.topicId);
  expect(dealt("a")).toEqual(["a", "a", "m", "m"]);
  expect(dealt("z")).toEqual(["z", "z", "m", "m"]);
});

test("roundrobin: dealt in turn over the topics, within one of each other where all subscribe to all", () => {
  const [a, b] = [topicOf("a", 3), topicOf("b", 2)];
  const members = ["m1", "m2"].map((id) => memberOf(id, [a, b]));
  expect(roundRobinAssignor.assign({ members, topics: [a, b] })).toEqual(
    new Map([
      [a.topicId, ["m1", "m2", "m1"]],
      [b.topicId, ["m2", "m1"]],
    ]),
  );
  for (const seed of SEEDS) {
    const input = randomInput(seed, true);
    expect(spread(loadsOf(input, roundRobinAssignor.assign(input)))).toBeLessThanOrEqual(1);
  }
});

describe("sticky", () => {
  test("equal subscriptions: within one of each other, with the fewest moves there can be", () => {
    let moved = 0;
    for (const seed of SEEDS) {
      const input = randomInput(seed, true);
      const target = stickyAssignor.assign(input);
      expect(spread(loadsOf(input, target))).toBeLessThanOrEqual(1);
      expect(movesOf(input, target), `seed ${seed}`).toBe(fewestMoves(input));
      moved += movesOf(input, target);
    }
    expect(moved).toBeGreaterThan(SEEDS.length);
  });

  test("unequal subscriptions: nobody can hand one on to a member with two less, over others neither", () => {
    for (const seed of SEEDS) {
      const input = randomInput(seed, false);
      expect(couldLevel(input, stickyAssignor.assign(input)), `seed ${seed}`).toBe(false);
    }
    const unlevel = SEEDS.map((seed) => randomInput(seed, false)).filter((input) =>
      couldLevel(input, rangeAssignor.assign(input)),
    );
    expect(unlevel.length).toBeGreaterThan(10);
  });

  test("what is balanced stays, down to the last partition", () => {
    for (const seed of SEEDS) {
      const input = randomInput(seed, seed % 2 === 0);
      const target = stickyAssignor.assign(input);
      const again = input.topics.map((topic) => ({ ...topic, owners: target.get(topic.topicId) ?? [] }));
      expect(stickyAssignor.assign({ ...input, topics: again })).toEqual(target);
    }
  });

  test("over another: the one that can take nothing of the full one's topic gets what a third hands on", () => {
    const [a, b] = [topicOf("a", 4), topicOf("b", 2)];
    const members = [memberOf("full", [a]), memberOf("between", [a, b]), memberOf("idle", [b])];
    const topics = [
      { ...a, owners: ["full", "full", "full", "between"] },
      { ...b, owners: ["between", "between"] },
    ];
    const target = stickyAssignor.assign({ members, topics });
    expect([...loadsOf({ members, topics }, target).values()]).toEqual([2, 2, 2]);
  });

  const BIG = [
    { members: 100, topics: 10, partitions: 30 },
    { members: 1000, topics: 100, partitions: 100 },
    { members: 1000, topics: 1, partitions: 10_000 },
  ];
  test.each(BIG)("$members members, $topics topics of $partitions: one joins, one leaves", (size) => {
    const bare = Array.from({ length: size.topics }, (_, n) => topicOf(`t${n}`, size.partitions));
    const own = new Set(bare.map((topic) => topic.topicId));
    const members = Array.from({ length: size.members }, (_, n) => ({ ...memberOf(`m${n}`, []), topics: own }));
    let topics: readonly AssignorTopic[] = bare;
    let slowest = 0;
    for (const some of [members.slice(1), members, members.slice(0, -1), members, members.slice(0, 1), members]) {
      const input = { members: some, topics };
      const target = stickyAssignor.assign(input);
      expect(movesOf(input, target)).toBe(fewestMoves(input));
      expect(spread(loadsOf(input, target))).toBeLessThanOrEqual(1);
      slowest = Math.max(
        slowest,
        quickest(() => stickyAssignor.assign(input)),
      );
      topics = topics.map((topic) => ({ ...topic, owners: target.get(topic.topicId) ?? [] }));
    }
    console.log(`sticky, ${size.members} x ${size.topics * size.partitions}: ${slowest.toFixed(1)} ms`);
    expect(slowest).toBeLessThan(50);
  });

  test("a thousand members with subscriptions of their own", () => {
    const random = seeded(7);
    const bare = Array.from({ length: 100 }, (_, n) => topicOf(`t${n}`, 100));
    const members = Array.from({ length: 1000 }, (_, n) =>
      memberOf(
        `m${n}`,
        bare.filter(() => random() < 0.1),
      ),
    );
    const target = stickyAssignor.assign({ members, topics: bare });
    expect(spread(loadsOf({ members, topics: bare }, target))).toBeLessThanOrEqual(1);
    const first = members[0]?.memberId ?? "";
    const others = members.slice(1);
    const topics = bare.map((topic) => ({ ...topic, owners: target.get(topic.topicId) ?? [] }));
    const left = stickyAssignor.assign({ members: others, topics });
    expect(spread(loadsOf({ members: others, topics }, left))).toBeLessThanOrEqual(1);
    // Its own ten, and those that others hand on for them.
    expect(movesOf({ members: others, topics }, left)).toBeLessThan(50);
    expect([...left.values()].flat()).not.toContain(first);
  });
});
