/** A member of a group at the edge, against the edge's real rules. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { GroupLab } from "./group-lab.ts";

let lab: GroupLab;
beforeEach(() => (lab = new GroupLab()));
afterEach(async () => await lab.close());

test("two members share the partitions, and what the first lets go of goes on where it committed", async () => {
  const a = await lab.tab();
  await lab.owning(a, 0, 1, 2, 3);
  expect(await lab.during(a.commit([0, 5], [1, 6], [2, 7], [3, 8]))).toEqual([]);
  const b = await lab.tab();
  await lab.clock.until("half each", () => a.owned.length === 2 && b.owned.length === 2);
  for (const partition of b.owned) expect(await b.member.position(b.of(partition))).toEqual({ offset: 5 + partition });
  expect([...a.owned, ...b.owned].toSorted()).toEqual([0, 1, 2, 3]);
});
