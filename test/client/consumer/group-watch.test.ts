/** What a page makes of what it hears of its group. */
import { expect, test } from "vitest";
import { ChunkAssembler } from "../../../client/page/chunks.ts";
import { GroupShare } from "../../../client/page/group-share.ts";
import { GroupWatch, type GroupWatchDeps } from "../../../client/page/group-watch.ts";
import { PausedPartitions } from "../../../client/page/paused-partitions.ts";
import { PositionBook } from "../../../client/page/position-book.ts";

const SESSION_MS = 6_000;
const VIEW = { memberId: "m", joined: true, protocol: "sticky", holding: false, owned: [] };

test("an answer that a freeze has held up does not let handlers go on; one to a question after it does", async () => {
  let now = 0;
  const answers: PromiseWithResolvers<unknown>[] = [];
  const on = (): Promise<unknown> => {
    const answer = Promise.withResolvers<unknown>();
    answers.push(answer);
    return answer.promise;
  };
  const book = new PositionBook(new ChunkAssembler({} as never), new PausedPartitions(), new GroupShare(true));
  const deps = {
    ...{ book, link: { on }, clock: { now: () => now }, tell: () => {} },
    ...{ options: { groupId: "g" }, group: { sessionTimeoutMs: SESSION_MS } },
  };
  const watch = new GroupWatch(deps as unknown as GroupWatchDeps);
  watch.follow(1);
  answers[0]?.resolve({ view: { ...VIEW, version: 1 }, news: [] });
  await expect.poll(() => answers.length).toBe(2);
  expect(watch.holding).toBe(false);
  // The tab stands still, with the answer to its second question before it.
  now += SESSION_MS + 1;
  answers[1]?.resolve({ view: { ...VIEW, version: 2 }, news: [] });
  await expect.poll(() => answers.length).toBe(3);
  expect(watch.holding).toBe(true);
  const free = watch.free();
  // The worker has had no word of the group either, since it woke.
  answers[3]?.resolve({ view: { ...VIEW, version: 2, holding: true }, news: [] });
  await answers[3]?.promise;
  await Promise.resolve();
  expect(watch.holding).toBe(true);
  answers[2]?.resolve({ view: { ...VIEW, version: 3 }, news: [] });
  await free;
  expect(watch.holding).toBe(false);
});
