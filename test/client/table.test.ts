import { expect, test } from "vitest";
import { z } from "zod";
import { topic } from "../../client/index.ts";
import type { ReceivedMessage } from "../../client/page/received-message.ts";
import type { PageTable } from "../../client/page/table.ts";
import { systemClock } from "../../client/web-ports.ts";
import { OTHER_TOPIC_ID } from "./log/log-fixture.ts";
import { becomes, inWords, world } from "./table-world.ts";

/** All that was ever told of a key. */
function told(table: PageTable<string>, of: string): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  table.subscribe((changes) => {
    for (const { key, value } of changes) if (key === of) values.push(value);
  });
  return values;
}

test("the latest value of each key: tombstones delete, and who looks again sees the same object", async () => {
  const { page, edge, send } = await world();
  await edge.log.catalog.ensure("orders", { partitionCount: 2 });
  await send("orders-0", "b=1 a=1");
  await send("orders-1", "x=1");
  const table = page.table("orders");
  expect(table.snapshot()).toBeNull();
  expect(await inWords(table)).toBe("a=1 b=1 x=1");
  const seen = table.snapshot();
  expect(table.snapshot()).toBe(seen);
  const changes = told(table, "a");
  await send("orders-0", "a=2 b");
  await becomes(table, "a=2 x=1");
  expect(table.snapshot()).not.toBe(seen);
  expect(seen?.get("a")).toBe("1");
  expect(changes).toEqual(["2"]);
  expect([await table.get("a"), await table.get("b"), await table.size()]).toEqual(["2", undefined, 2]);
  expect(await table.get(new TextEncoder().encode("x"))).toBe("1");
  await send("orders-0", "ab=3 c=4");
  await becomes(table, "a=2 ab=3 c=4 x=1");
  expect(await table.entries({ prefix: "a" })).toEqual([
    ["a", "2"],
    ["ab", "3"],
  ]);
  expect(await table.entries({ limit: 1 })).toEqual([["a", "2"]]);
  await page.close();
});

test("own records are seen before any sync, stay seen while they move and are committed, and once", async () => {
  const { page, edge, send, commit, fetched } = await world();
  await send("orders", "a=1");
  const table = page.table("orders");
  expect(await inWords(table)).toBe("a=1");
  const values = told(table, "a");
  await send("orders", "a=2 b=1");
  await becomes(table, "a=2 b=1");
  await edge.learn("orders", 1);
  page.tell();
  await send("orders-0", "a=3");
  await becomes(table, "a=3 b=1");
  // Somebody else's record at 0 is not here yet: the replica cannot have what is behind it.
  await commit("orders-0", 4, 1);
  await systemClock.sleep(30);
  expect(await inWords(table)).toBe("a=3 b=1");
  await fetched("orders-0", 0, "b=0");
  await systemClock.sleep(30);
  expect(await inWords(table)).toBe("a=3 b=1");
  await fetched("orders-0", 1, "a=1 a=2 b=1 a=3 z=9");
  await becomes(table, "a=3 b=1 z=9");
  await fetched("orders-0", 6, "a=4");
  await becomes(table, "a=4 b=1 z=9");
  expect(values).toEqual(["2", "3", "4"]);
  await page.close();
});

test("a dead letter takes its value back", async () => {
  const { page, edge, send, fetched, refuse } = await world();
  await edge.learn("orders", 1);
  await fetched("orders-0", 0, "a=1");
  const table = page.table("orders");
  expect(await inWords(table)).toBe("a=1");
  await send("orders-0", "a=2 b=2");
  await becomes(table, "a=2 b=2");
  await refuse("orders-0");
  await becomes(table, "a=1");
  await page.close();
});

test("committed: what is not at the edge is not in the table", async () => {
  const { page, edge, send, commit } = await world();
  await edge.learn("orders", 1);
  const table = page.table("orders", { isolation: "committed" });
  expect(await inWords(table)).toBe("");
  await send("orders-0", "a=1");
  await systemClock.sleep(30);
  expect(await inWords(table)).toBe("");
  await commit("orders-0", 1, 0);
  await becomes(table, "a=1");
  await page.close();
});

test("what is kept is there when the log is not, and is read no second time", async () => {
  const { store, open, page, edge, send } = await world();
  await edge.log.catalog.ensure("orders", { partitionCount: 1 });
  const keys = Array.from({ length: 2_500 }, (_, index) => `k${index}`);
  await send("orders-0", keys.map((key) => `${key}=1`).join(" "));
  await send("orders-0", "k7 k8=2");
  const table = page.table("orders");
  expect(await table.size()).toBe(2_499);
  const { topicKey } = await edge.ref("orders-0");
  const kept = (): Promise<number[]> =>
    store.transact(["tables"], { mode: "readonly" }, async (transaction) => {
      const row = await transaction.get<{ positions: number[] }>("tables", [topicKey]);
      return [...(row?.positions ?? [])];
    });
  await expect.poll(kept).toEqual([2_502]);
  await table.close();
  await store.transact(["log"], { mode: "readwrite" }, (transaction) =>
    transaction.delete("log", { from: [topicKey], to: [topicKey + 1] }),
  );
  const again = (await open()).table("orders");
  expect(await again.size()).toBe(2_499);
  expect([await again.get("k7"), await again.get("k8"), await again.get("k9")]).toEqual([undefined, "2", "1"]);
  await again.close();
  await page.close();
});

test("two tabs see the same, and the next keeps the rows where the first has ended", async () => {
  const { store, open, page, edge, send } = await world();
  await edge.log.catalog.ensure("orders", { partitionCount: 1 });
  const other = await open();
  const [one, two] = [page.table("orders"), other.table("orders")];
  await send("orders-0", "a=1");
  await becomes(one, "a=1");
  await becomes(two, "a=1");
  await one.close();
  await send("orders-0", "a=2");
  await becomes(two, "a=2");
  const { topicKey } = await edge.ref("orders-0");
  const kept = (): Promise<unknown> =>
    store.transact(["tables"], { mode: "readonly" }, async (transaction) => {
      const row = await transaction.get<{ positions: number[] }>("tables", [topicKey]);
      return row?.positions;
    });
  await expect.poll(kept).toEqual([2]);
  await other.close();
  await page.close();
});

test("a log that begins anew, and a topic that is made again, make the table anew", async () => {
  const { page, edge, fetched } = await world();
  await edge.learn("orders", 1);
  await fetched("orders-0", 0, "a=1 b=1 c=1");
  const table = page.table("orders");
  expect(await inWords(table)).toBe("a=1 b=1 c=1");
  await systemClock.sleep(30);
  await fetched("orders-0", 0, "a=9", { restart: true });
  await becomes(table, "a=9");
  await edge.learn("orders", 1, OTHER_TOPIC_ID);
  await fetched("orders-0", 0, "n=1");
  await becomes(table, "n=1");
  await page.close();
});

test("a worker that dies is replaced, and nothing that was seen is gone meanwhile", async () => {
  const { page, edge, send } = await world();
  await edge.log.catalog.ensure("orders", { partitionCount: 1 });
  await send("orders-0", "a=1 b=1");
  const table = page.table("orders");
  await table.ready;
  const [of, seen] = [told(table, "a"), table.snapshot()];
  page.kill();
  await send("orders-0", "b=2");
  await becomes(table, "a=1 b=2");
  expect(of).toEqual([]);
  expect(seen?.get("b")).toBe("1");
  await page.close();
});

test("values that cannot be decoded are told and stand for nothing; a topic may say how it is read", async () => {
  const { page, edge, send } = await world();
  await edge.log.catalog.ensure("numbers", { partitionCount: 1 });
  await send("numbers-0", "a=1 b=x c=3");
  const invalid: string[] = [];
  const table = page.table<number>("numbers", {
    decode(message) {
      const value = Number(message.text());
      if (Number.isNaN(value)) throw new TypeError("no number");
      return value;
    },
    onInvalid: (message, error) => invalid.push(`${message.text()}: ${String(error)}`),
  });
  expect(await table.entries()).toEqual([
    ["a", 1],
    ["c", 3],
  ]);
  expect(invalid).toEqual(["x: TypeError: no number"]);
  await table.close();
  await expect(table.get("a")).rejects.toMatchObject({ code: "CLOSED" });
  expect(() => page.table("no good name!")).toThrow(expect.objectContaining({ code: "INVALID_TOPIC_EXCEPTION" }));
  await page.close();
});

test("a typed topic says how its values are read", async () => {
  const { page, edge, send } = await world();
  await edge.log.catalog.ensure("orders", { partitionCount: 1 });
  await send("orders-0", 'a={"amount":"2"} b={"amount":"x"} c');
  const orders = topic("orders", { value: z.object({ amount: z.coerce.number() }) });
  const invalid: string[] = [];
  const onInvalid = (message: ReceivedMessage): void => void invalid.push(message.text() ?? "");
  const table = page.table<{ amount: number }>(orders, { onInvalid });
  expect(await table.entries()).toEqual([["a", { amount: 2 }]]);
  expect(invalid).toEqual(['{"amount":"x"}']);
  await page.close();
});
