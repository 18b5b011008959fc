/** What is committed by itself while handlers are at work, and what is not. */
import { expect, test } from "vitest";
import type { RunConfig } from "../../../client/page/consumer-events.ts";
import { until } from "./consumer-lab.ts";
import { rebalanceWorld } from "./rebalance-world.ts";

function batches(eachBatch: RunConfig["eachBatch"], more: Partial<RunConfig> = {}): Partial<RunConfig> {
  return { ...more, eachMessage: undefined, eachBatch } as object;
}

test("what was handled is committed while the handler is long at a later record of the same answer", async () => {
  const { group, gates, seen, member } = await rebalanceWorld();
  gates.shut("0c@2");
  member().assign("t-0");
  await until(() => seen.includes("0c@2"));
  await until(() => group.committed.get("t-0") === 2);
  gates.open("0c@2");
  await until(() => group.committed.get("t-0") === 4);
});

test("what a batch has resolved is committed while it goes on", async () => {
  const gate = Promise.withResolvers<void>();
  const { group, member } = await rebalanceWorld({
    run: batches(async ({ resolveOffset }) => {
      resolveOffset(1);
      await gate.promise;
    }),
  });
  member().assign("t-0");
  await until(() => group.committed.get("t-0") === 2);
  gate.resolve();
  await until(() => group.committed.get("t-0") === 4);
});

test.each(["by itself", "when asked to"])(
  "what a batch has resolved within its tx is not committed %s",
  async (how) => {
    const [resolved, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { group, consumer, member } = await rebalanceWorld({
      run: batches(async ({ batch, resolveOffset, commitOffsetsIfNecessary, tx }) => {
        if (batch.partition === 0) return await resolved.promise;
        tx.state.put("k", 1);
        resolveOffset(1);
        if (how === "when asked to") await commitOffsetsIfNecessary();
        resolved.resolve();
        await gate.promise;
        throw new Error("of the handler");
      }),
    });
    const crashes: string[] = [];
    consumer.on("crash", ({ error }) => crashes.push(String(error)));
    member().assign("t-0", "t-1");
    await until(() => group.committed.get("t-0") === 4);
    gate.resolve();
    await until(() => crashes.length > 0);
    await consumer.stop();
    expect(group.committed.get("t-1")).toBe(undefined);
  },
);

test("what a batch that has no more to do with its tx has resolved is committed, and a tx that comes too late is refused", async () => {
  const late: ((value: string) => void)[] = [];
  const { group, member } = await rebalanceWorld({
    run: batches(
      async ({ resolveOffset, tx }) => {
        resolveOffset(1);
        late.push((value) => tx.send({ topic: "out", messages: [{ value }] }));
      },
      { eachBatchAutoResolve: false },
    ),
  });
  member().assign("t-0");
  await until(() => late.length > 0 && group.committed.get("t-0") === 2);
  expect(() => late[0]?.("x")).toThrow("handler");
});

test("what is handled again behind a seek is told as lost, though more of it was committed before", async () => {
  const { group, consumer, gates, seen, told, member } = await rebalanceWorld({ run: { autoCommit: false } });
  member().assign("t-0");
  await until(() => seen.length === 4);
  const underWay = Promise.withResolvers<void>();
  group.underWay = underWay.promise;
  const committed = consumer.commitOffsets([{ topic: "t", partition: 0, offset: 4 }]);
  gates.shut("0c@2");
  consumer.seek({ topic: "t", partition: 0, offset: 0 });
  await until(() => seen.length === 7);
  underWay.resolve();
  await committed;
  member().lose("t-0");
  await until(() => told.some((each) => each.startsWith("lost")));
  expect(told).toContain("fenced t-0 0-2 ILLEGAL_GENERATION");
  gates.open("0c@2");
});
