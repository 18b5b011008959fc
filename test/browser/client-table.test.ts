/** `table`, end to end: facade, worker and IndexedDB. */
import { expect, test } from "vitest";
import type { StrandlineError, Table } from "../../client/index.ts";
import { IdbStore } from "../../client/log/idb-store.ts";
import { systemClock } from "../../client/web-ports.ts";
import { freshDatabase, openClient, openMortalClient } from "./client-fixture.ts";

const becomes = (table: Table<unknown>, entries: readonly (readonly [string, unknown])[]): Promise<void> =>
  expect.poll(() => table.entries(), { interval: 5 }).toEqual(entries);

test("JSON is data, text is text, a tombstone is nothing; another tab sees it, and so does the next page", async () => {
  const database = freshDatabase();
  const [client, other] = [openClient({ database }), openClient({ database })];
  const tables = [client.table("profiles"), other.table("profiles")];
  await Promise.all(tables.map(({ ready }) => ready));
  const producer = client.producer();
  await producer.send({
    topic: "profiles",
    messages: [
      { key: "ann", value: { age: 3 } },
      { key: "bob", value: "text" },
    ],
  });
  for (const table of tables)
    await becomes(table, [
      ["ann", { age: 3 }],
      ["bob", "text"],
    ]);
  await producer.send({
    topic: "profiles",
    messages: [
      { key: "bob", value: null },
      { key: new Uint8Array([255, 1]), value: "b" },
    ],
  });
  for (const table of tables)
    await becomes(table, [
      ["ann", { age: 3 }],
      ["\uDFFF\u00FF\u0001", "b"],
    ]);
  expect(await tables[0]?.get(new Uint8Array([255, 1]))).toBe("b");
  await Promise.all([client.close(), other.close()]);
  await expect.poll(() => tables[0]?.get("ann").catch(({ code }: StrandlineError) => code)).toBe("CLOSED");
  const again = openClient({ database }).table<{ age: number }>("profiles");
  expect((await again.get("ann"))?.age).toBe(3);
});

test("what is sent while the edge is out of reach is in the table at once, also after a reload", async () => {
  const database = freshDatabase();
  const options = { database, url: "http://localhost:9/unreachable", retry: { initialRetryTime: 10_000 } };
  const client = openClient(options);
  const table = client.table<number>("votes");
  await client.producer().send({ topic: "votes", messages: [{ key: "pear", value: 1 }] });
  await becomes(table, [["pear", 1]]);
  const changes: unknown[] = [];
  table.subscribe((each) => changes.push(...each));
  await client.producer().send({ topic: "votes", messages: [{ key: "pear", value: 2 }] });
  await becomes(table, [["pear", 2]]);
  expect(changes).toEqual([{ key: "pear", value: 2 }]);
  await client.close();
  await becomes(openClient(options).table("votes"), [["pear", 2]]);
  const committed = openClient(options).table("votes", { isolation: "committed" });
  await becomes(committed, []);
});

test("100,000 keys: loaded from the log, again after the worker died, and kept for the next page", async () => {
  const database = freshDatabase();
  const { client, kill } = openMortalClient({ database });
  const count = 100_000;
  const producer = client.producer();
  for (let from = 0; from < count; from += 10_000) {
    const messages = Array.from({ length: 10_000 }, (_, index) => ({
      key: `key-${from + index}`,
      value: from + index,
    }));
    await producer.send({ topic: "many", messages });
  }
  const table = client.table<number>("many");
  expect(await table.size()).toBe(count);
  const snapshot = table.snapshot();
  kill();
  await expect
    .poll(
      () =>
        client.sync.status().then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
  await producer.send({ topic: "many", messages: [{ key: "key-7", value: -1 }] });
  await expect.poll(() => table.get("key-7"), { timeout: 20_000 }).toBe(-1);
  expect(await table.size()).toBe(count);
  expect(snapshot?.get("key-7")).toBe(7);
  expect(await table.entries({ prefix: "key-99999" })).toEqual([["key-99999", 99_999]]);
  const store = new IdbStore({ name: database, clock: systemClock });
  const kept = (): Promise<number> =>
    store.transact(["tables"], { mode: "readonly" }, async (transaction) => {
      const row = await transaction.get<{ positions: number[] }>("tables", [1]);
      return row?.positions.reduce((sum, offset) => sum + offset, 0) ?? 0;
    });
  await expect.poll(kept, { timeout: 20_000, interval: 50 }).toBe(count + 1);
  await client.close();
  // Without the log there is nothing else that it could come from.
  await store.transact(["log"], { mode: "readwrite" }, (transaction) =>
    transaction.delete("log", { from: [1], to: [2] }),
  );
  store.close();
  const next = openClient({ database }).table<number>("many");
  expect(await next.size()).toBe(count);
  expect([await next.get("key-7"), await next.get("key-8")]).toEqual([-1, 8]);
}, 90_000);
