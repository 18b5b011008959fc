/** Records of a topic that is not known wait under partition -1 and move, in order, once it is. */
import type { LocalSequence, Partition, TopicKey } from "../../../shared/brands.ts";
import { describe, expect, test } from "vitest";
import { movedUpTo } from "../../../client/log/keys.ts";
import type { MovedRow } from "../../../client/log/moved-map.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import { partitionForKey } from "../../../shared/murmur2.ts";
import { OTHER_TOPIC_ID, ROOT, Tab } from "./log-fixture.ts";

const home = (key: string, count: number): number => partitionForKey(new TextEncoder().encode(key), count);

describe("a topic that becomes known", () => {
  test("its records move to the partitions of their keys, in order", async () => {
    const tab = await Tab.open();
    expect(await tab.append("orders: l=a n=b l=c")).toBe("orders--1~0");
    expect(await tab.append("orders: n=d l=e")).toBe("orders--1~3");
    await tab.learn("orders", 2);
    const [k, j] = [home("l", 2), home("n", 2)];
    expect(k).not.toBe(j);
    expect(await tab.pending(`orders-${k}`)).toBe("0: a c | 2: e");
    expect(await tab.pending(`orders-${j}`)).toBe("0: b | 1: d");
    expect(await tab.pending("orders")).toBe("");
  });

  test("a receipt finds its record before the move, after it, after a reload, and when it is committed", async () => {
    const store = new MemoryStore();
    const tab = await Tab.open(store);
    await tab.append("orders: l=a n=b l=c");
    await tab.append("orders: l=d");
    expect(await tab.find("orders", 3)).toBe("pending orders--1~3");
    await tab.learn("orders", 2);
    const [k, j] = [home("l", 2), home("n", 2)];
    const reloaded = await Tab.open(store);
    expect(await reloaded.find("orders", 0)).toBe(`pending orders-${k}~0`);
    expect(await reloaded.find("orders", 1)).toBe(`pending orders-${j}~0`);
    expect(await reloaded.find("orders", 2)).toBe(`pending orders-${k}~1`);
    expect(await reloaded.find("orders", 3)).toBe(`pending orders-${k}~2`);
    expect(await reloaded.find("orders", 4)).toBe("unknown");
    await reloaded.commit(`orders-${k}`, 3, 70);
    expect(await tab.find("orders", 3)).toBe(`committed orders-${k}~2 @72`);
  });

  test("records that already have a partition stay before those that move behind them", async () => {
    const tab = await Tab.open();
    await tab.append("orders-0: a");
    await tab.append("orders: l=b");
    await tab.learn("orders", 1);
    await tab.append("orders-0: c");
    expect(await tab.pending("orders-0")).toBe("0: a | 1: b | 2: c");
  });

  test("R03 two copies move what they share into the same batches, whatever each of them appended behind it", async () => {
    const original = new MemoryStore();
    await (await Tab.open(original)).append("orders: l=a n=b m=c d e");
    const copies = [await Tab.open(original.snapshot()), await Tab.open(original.snapshot())];
    for (const [index, copy] of copies.entries()) {
      await copy.append(`orders: l=own${index} n=own${index} own${index}`);
      await copy.learn("orders", 3);
    }
    const [first, second] = await Promise.all(copies.map((copy) => firstBatches(copy, 3)));
    expect(first).toEqual(second);
    expect(first?.filter((batch) => batch !== null).length).toBeGreaterThan(1);
  });

  test("keyless records of one batch stay together", async () => {
    const tab = await Tab.open();
    await tab.append("orders: a b c d e f");
    await tab.learn("orders", 5);
    const all = await Promise.all([0, 1, 2, 3, 4].map((partition) => tab.pending(`orders-${partition}`)));
    expect(all.filter((pending) => pending !== "")).toEqual(["0: a b c d e f"]);
  });

  test("another tab that does not know it yet appends, and its records are assigned at once under the numbers it was given", async () => {
    const store = new MemoryStore();
    const [one, two] = [await Tab.open(store), await Tab.open(store)];
    await one.append("orders: l=a");
    await two.append("orders: l=b");
    await two.learn("orders", 3);
    const k = home("l", 3);
    expect(await one.append("orders: l=c")).toBe("orders--1~2");
    expect(await one.append("orders: l=d n=e")).toBe("orders--1~3");
    expect(await one.pending(`orders-${k}`)).toBe("0: a | 1: b | 2: c | 3: d");
    expect(await one.find("orders", 2)).toBe(`pending orders-${k}~2`);
    expect(await one.find("orders", 3)).toBe(`pending orders-${k}~3`);
    expect(await one.find("orders", 4)).toBe(`pending orders-${home("n", 3)}~0`);
  });

  test("a hundred thousand waiting records move, and each is found", async () => {
    const store = new MemoryStore();
    const tab = await Tab.open(store);
    const words = Array.from({ length: 10_000 }, (_, index) => `key${index % 97}=${index}`).join(" ");
    for (let batch = 0; batch < 10; batch += 1) await tab.append(`orders: ${words}`);
    await tab.learn("orders", 7);
    const waiting = await tab.log.outbox.waiting();
    expect(waiting).toHaveLength(7);
    expect(waiting.reduce((sum, { records }) => sum + records, 0)).toBe(100_000);
    const homes = Array.from({ length: 100_000 }, (_, index) => home(`key${(index % 10_000) % 97}`, 7));
    for (const at of [0, 1, 1_023, 1_024, 1_025, 9_999, 10_000, 54_321, 99_999]) {
      const before = homes.slice(0, at).filter((partition) => partition === homes[at]).length;
      expect(await tab.find("orders", at)).toBe(`pending orders-${homes[at]}~${before}`);
    }
    // Each look reads one map: a send of many records looks once for each of them.
    const maps = await store.transact(["meta"], { mode: "readonly" }, (transaction) =>
      transaction.entries<MovedRow>("meta", movedUpTo(1 as TopicKey, 99_999 as LocalSequence), 1_000),
    );
    expect(maps.reduce((sum, { value }) => sum + value.partitions.length, 0)).toBe(100_000);
    expect(Math.max(...maps.map(({ value }) => value.partitions.length))).toBeLessThanOrEqual(1_024);
  });
});

describe("a topic made again under its name", () => {
  test("gets a key of its own, and what the other tab appends goes there", async () => {
    const store = new MemoryStore();
    const [one, two] = [await Tab.open(store), await Tab.open(store)];
    await one.learn("orders", 2);
    await one.append("orders-0: a");
    const before = await one.ref("orders-0");
    await two.log.catalog.follow(before.topicKey);
    await two.learn("orders", 2, OTHER_TOPIC_ID);
    expect(await one.append("orders-0: b")).toBe("orders-0~0");
    expect(await one.pending("orders-0")).toBe("0: b");
    const [old, made] = await two.log.catalog.all();
    expect(old).toMatchObject({ topicKey: before.topicKey, retired: true });
    expect(made).toMatchObject({ name: "orders", topicId: OTHER_TOPIC_ID, retired: false, followed: true });
  });

  test("a partition count never shrinks, a local topic stays local", async () => {
    const tab = await Tab.open();
    await tab.learn("orders", 4);
    await tab.learn("orders", 2);
    expect(await tab.log.catalog.byName("orders")).toMatchObject({ partitionCount: 4 });
    await tab.log.catalog.ensure("notes", { partitionCount: 1 });
    await tab.learn("notes", 9);
    expect(await tab.log.catalog.byName("notes")).toMatchObject({ local: true, partitionCount: 1, topicId: null });
  });
});

test("opening with many pending records reads none of them", async () => {
  const store = new MemoryStore();
  const tab = await Tab.open(store);
  for (let batch = 0; batch < 50; batch += 1) await tab.append("orders-0: a b c");
  const scopes: string[] = [];
  const transact = store.transact.bind(store);
  store.transact = (stores, ...rest) => {
    scopes.push(...stores);
    return transact(stores, ...rest);
  };
  const reopened = await Tab.open(store);
  expect(await reopened.log.outbox.waiting()).toHaveLength(1);
  await reopened.log.outbox.open(await reopened.ref("orders-0"), ROOT);
  expect(scopes).not.toContain("pending");
});

/** The bytes of each partition's first pending batch. */
async function firstBatches(tab: Tab, partitions: number): Promise<(Uint8Array | null)[]> {
  const topic = await tab.log.catalog.byName("orders");
  const rows = Array.from({ length: partitions }, async (_, partition) => {
    const ref = { topicKey: topic?.topicKey as TopicKey, partition: partition as Partition };
    const [batch] = await tab.log.outbox.read(ref, 0 as LocalSequence, { bytesMax: 1, countMax: 1 });
    return batch?.bytes ?? null;
  });
  return await Promise.all(rows);
}
