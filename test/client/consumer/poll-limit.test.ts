/** A consumer whose handlers do not get on gives its partitions up: one that waits, or that says that it works, does get on. */
import { expect, test } from "vitest";
import { systemClock } from "../../../client/web-ports.ts";
import { until } from "./consumer-lab.ts";
import { rebalanceWorld } from "./rebalance-world.ts";

test("who waits for records keeps its partitions, however short the poll limit is", async () => {
  const { told, member, seen } = await rebalanceWorld({ config: { maxPollInterval: 40, maxWaitTimeInMs: 60_000 } });
  member().assign("t-0");
  await until(() => seen.length === 4);
  const polls = member().polls;
  await until(() => member().polls - polls > 3);
  expect(told.filter((each) => each.startsWith("lost"))).toEqual([]);
});

test("who calls heartbeat is heard within its poll limit, however short that is", async () => {
  const { member, gates, seen, payloads } = await rebalanceWorld({ config: { maxPollInterval: 150 } });
  gates.shut("0a@0");
  member().assign("t-0");
  await until(() => seen.includes("0a@0"));
  const polls = member().polls;
  for (let beat = 0; beat < 40; beat += 1) {
    await payloads.get("0a@0")?.heartbeat();
    await systemClock.sleep(10);
  }
  // A poll may have been under way.
  expect(member().polls - polls).toBeGreaterThan(2);
  gates.open("0a@0");
});
