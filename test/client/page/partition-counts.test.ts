/** What the page remembers of topics, while they change under it. */
import { expect, test } from "vitest";
import { PartitionCounts } from "../../../client/page/partition-counts.ts";

function world() {
  const answers: PromiseWithResolvers<number | null>[] = [];
  const counts = new PartitionCounts(() => {
    const answer = Promise.withResolvers<number | null>();
    answers.push(answer);
    return answer.promise;
  });
  return { answers, counts };
}

test("those who need an answer at one time ask once", async () => {
  const { answers, counts } = world();
  const learned = [counts.learn("t"), counts.learn("t")];
  answers[0]?.resolve(6);
  await Promise.all(learned);
  expect([answers.length, counts.get("t")]).toEqual([1, 6]);
});

test("an answer to a question that was asked again is dropped, whichever comes first", async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const { answers, counts } = world();
    const first = counts.learn("t");
    counts.renew(["t"]);
    const second = counts.learn("t");
    for (const index of order) answers[index]?.resolve(index === 0 ? 6 : 1);
    await Promise.all([first, second]);
    expect([answers.length, counts.get("t")]).toEqual([2, 1]);
  }
});

test("what was forgotten is asked again, and what was asked before is no answer", async () => {
  const { answers, counts } = world();
  const before = counts.learn("t");
  counts.forget("t");
  answers[0]?.resolve(6);
  await before;
  expect(counts.get("t")).toBeUndefined();
  const after = counts.learn("t");
  answers[1]?.resolve(1);
  await after;
  expect(counts.get("t")).toBe(1);
});
