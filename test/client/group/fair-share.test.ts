/** Who has what of a device's group: complete, fair within one, the same for all, and moved little. */
import { expect, test } from "vitest";
import { fairShare } from "../../../client/group/fair-share.ts";
import { SeededRandom } from "../../sim/seeded-random.ts";

const names = (count: number, topic = 1): string[] => Array.from({ length: count }, (_, at) => `${topic}/${at}`);

function counts(owners: ReadonlyMap<string, string>, members: Iterable<string>): number[] {
  return Array.from(members, (member) => [...owners.values()].filter((owner) => owner === member).length);
}

test("equal members: complete, fair within one, whatever the order they are known in", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const random = new SeededRandom(seed);
    const partitions = names(random.below(40));
    const members = new Map(Array.from({ length: 1 + random.below(9) }, () => [`tab-${random.next()}`, partitions]));
    const owners = fairShare(members);
    expect([...owners.keys()].toSorted()).toEqual(partitions.toSorted());
    const sizes = counts(owners, members.keys());
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    expect(new Map([...fairShare(new Map([...members].toReversed()))])).toEqual(owners);
  }
});

test("who comes or goes moves less than twice what must move", () => {
  let [moved, needed] = [0, 0];
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = new SeededRandom(seed);
    const partitions = names(12);
    const members = new Map(Array.from({ length: 1 + random.below(7) }, () => [`tab-${random.next()}`, partitions]));
    const before = fairShare(members);
    const after = fairShare(new Map([...members, [`tab-${random.next()}`, partitions]]));
    moved += partitions.filter((name) => before.get(name) !== after.get(name)).length;
    needed += Math.floor(partitions.length / (members.size + 1));
  }
  expect(moved / needed).toBeLessThan(2);
});

test("a member counts for what it reads alone, and those who read more make up for it", () => {
  const [one, other] = [names(4), names(4, 2)];
  const owners = fairShare(
    new Map([
      ["a", one],
      ["b", [...one, ...other]],
      ["c", other],
    ]),
  );
  expect(owners.size).toBe(8);
  for (const name of one) expect(["a", "b"]).toContain(owners.get(name));
  for (const name of other) expect(["b", "c"]).toContain(owners.get(name));
  expect(fairShare(new Map([["a", []]])).size).toBe(0);
  // Three that only one reads: the rest is for the other.
  const skewed = fairShare(
    new Map([
      ["a", [...names(3), ...names(3, 2)]],
      ["b", names(3, 2)],
    ]),
  );
  expect(counts(skewed, ["a", "b"])).toEqual([3, 3]);
});
