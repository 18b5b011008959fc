/** Partitions that are let go of while what was handled of them cannot be committed. */
import { expect, test } from "vitest";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import { until } from "./consumer-lab.ts";
import { rebalanceWorld } from "./rebalance-world.ts";

async function handled(settings: Parameters<typeof rebalanceWorld>[0]) {
  const made = await rebalanceWorld(settings);
  const { gates, seen, member, payloads } = made;
  gates.shut("0c@2");
  member().assign("t-0");
  await until(() => seen.includes("0c@2"));
  return { ...made, late: () => payloads.get("0c@2")?.isStale() === true };
}

test.each(["at once", "behind what becomes of its partitions"])(
  "released by a call that fails %s: what was handled is told as lost, once",
  async (when) => {
    const [heard, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { group, gates, told, member, lab, late } = await handled({ run: { autoCommitThreshold: 1_000 } });
    lab.releasing = async (release) => {
      const answer = release();
      await answer.catch(() => {});
      if (when !== "at once") await heard.promise;
      return await answer.finally(() => released.resolve());
    };
    group.failing = new StrandlineError("STORE_FAILED", "by the test");
    member().revoke("t-0");
    await until(late);
    gates.open("0c@2");
    await until(() => group.ownersOf("t-0").length === 0);
    group.failing = null;
    // It is told behind that.
    member().assign("t-1");
    await until(() => told.includes('assigned {"t":[1]}'));
    heard.resolve();
    await released.promise;
    await until(() => told.includes('lost {"t":[0]}'));
    expect(told.filter((each) => /fenced|lost|revoked/.test(each))).toEqual([
      "fenced t-0 0-3 ILLEGAL_GENERATION",
      'lost {"t":[0]}',
    ]);
  },
);

test("refused by a commit that is under way as it is released: what was handled is told as lost, once", async () => {
  const { group, gates, told, member, late } = await handled({});
  // What came before is committed.
  await until(() => group.committed.get("t-0") === 2);
  const { promise, resolve } = Promise.withResolvers<void>();
  group.underWay = promise;
  const { commits } = group;
  gates.open("0c@2");
  await until(() => group.commits > commits);
  member().revoke("t-0");
  await until(late);
  await until(() => group.commits > commits + 1);
  group.refusing.add("t-0");
  resolve();
  await until(() => group.told.filter((each) => each === "refused t-0@4").length === 2);
  await until(() => told.at(-1)?.startsWith("join") === true);
  expect(told.filter((each) => each.startsWith("fenced"))).toHaveLength(1);
});
