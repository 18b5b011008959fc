/** What becomes of a group whose assignor is wrong. */
import { afterEach, expect, test, vi } from "vitest";
import type { Assignor, AssignorInput, Target } from "../../../edge/group/assignors/assignor.ts";
import { guarded } from "../../../edge/group/assignors/guarded.ts";
import { LEAVES, type GroupSubscription } from "../../../shared/api/groups.ts";
import type { TopicId } from "../../../shared/brands.ts";
import { GroupLab, joined, topicOf } from "./group-lab.ts";

afterEach(() => void vi.restoreAllMocks());

const ID = "id-t" as TopicId;
const all = (owner: string | null) => (): Target => new Map([[ID, Array.from({ length: 6 }, () => owner)]]);
const WRONG: readonly (readonly [string, (input: AssignorInput) => unknown])[] = [
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["answers nothing", () => undefined],
  ["answers no map", () => ({ [ID]: [] })],
  ["leaves topics out", () => new Map()],
  ["leaves partitions out", () => new Map([[ID, ["m0"]]])],
  ["names nobody", all(null)],
  ["names a member that is none", all("nobody")],
];

test.each(WRONG)("an assignor that %s: the group goes on as by sticky", (_, assign) => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const assignor = guarded({ name: "own", assign: assign as Assignor["assign"] });
  const lab = new GroupLab({ assignors: [assignor] });
  const members = joined(lab, 3);
  expect(members.map((one) => one.count)).toEqual([2, 2, 2]);
  members[0]?.beat({ memberEpoch: LEAVES });
  for (const one of [1, 2, 1, 2]) members[one]?.beat();
  expect(members.slice(1).map((one) => one.count)).toEqual([3, 3]);
  expect(logged).toHaveBeenCalled();
});

test("one that keeps its promise is followed, also where nobody subscribes to a topic", () => {
  const logged = vi.spyOn(console, "error").mockReturnValue();
  const subscription: GroupSubscription = { topics: ["t"], patterns: [] };
  const lab = new GroupLab({
    topics: [topicOf("t", 6)],
    assignors: [guarded({ name: "own", assign: all("m1") })],
  });
  const members = joined(lab, 2, { subscription });
  expect(members.map((one) => one.count)).toEqual([0, 6]);
  lab.revision += 1;
  lab.topics = [];
  for (const one of members) one.beat({ resolved: { revision: lab.revision, topics: [] } });
  expect(members.map((one) => one.count)).toEqual([0, 0]);
  // The first join alone was none of its answers: m1 was not there.
  expect(logged).toHaveBeenCalledTimes(1);
});
