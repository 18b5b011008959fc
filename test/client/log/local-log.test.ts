import "fake-indexeddb/auto";
import { describe, expect, test } from "vitest";
import { IdbStore } from "../../../client/log/idb-store.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { PartitionRef } from "../../../client/log/device-log.ts";
import type { PartitionRow } from "../../../client/log/rows.ts";
import type { StoreTransaction } from "../../../client/log/store.ts";
import { batchCount } from "../../../shared/record-batch.ts";
import { partition } from "../../../shared/brands.ts";
import { LIMITS } from "../../../shared/limits.ts";
import { RecordBatchEncoder } from "../../../shared/record-batch-encode.ts";
import { appendOf, batchOf, inWords, Tab } from "./log-fixture.ts";

function counting(store: MemoryStore): { readonly writes: () => number } {
  let writes = 0;
  store.fault = () => {
    writes += 1;
    return null;
  };
  return { writes: () => writes };
}

function large(bytes: number): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  while (encoder.byteLength + 10_100 < bytes)
    encoder.append({ key: null, value: new Uint8Array(10_000), timestamp: 1_000 });
  return encoder.finish({ crc: false });
}

async function writeAsAnotherTab(transaction: StoreTransaction, ref: PartitionRef, count: number): Promise<void> {
  const row = await transaction.get<PartitionRow>("partitions", [ref.topicKey, ref.partition]);
  const next = row?.nextLocalSequence ?? 0;
  void transaction.put("pending", [ref.topicKey, ref.partition, next], {
    bytes: new Uint8Array(),
    count,
    createdAt: 0,
  });
  void transaction.put("partitions", [ref.topicKey, ref.partition], { ...row, nextLocalSequence: next + count });
}

describe("group commit", () => {
  test("the appends of one task become one batch in one transaction", async () => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    await tab.append("orders-0: a");
    const { writes } = counting(store);
    const answers = await Promise.all([
      tab.append("orders-0: b"),
      tab.append("orders-0: c d"),
      tab.append("orders-0: e"),
    ]);
    expect(answers).toEqual(["orders-0~1", "orders-0~2", "orders-0~4"]);
    expect(await tab.pending("orders-0")).toBe("0: a | 1: b c d e");
    expect(writes()).toBe(1);
  });

  test("appends that meet while a transaction is under way share the next, in their order", async () => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    await tab.append("orders-0: a");
    const { writes } = counting(store);
    const first = tab.append("orders-0: b");
    await Promise.resolve().then(() => Promise.resolve());
    const answers = await Promise.all([first, ...["c", "d", "e"].map((value) => tab.append(`orders-0: ${value}`))]);
    expect(answers).toEqual(["orders-0~1", "orders-0~2", "orders-0~3", "orders-0~4"]);
    expect(await tab.pending("orders-0")).toBe("0: a | 1: b | 2: c d e");
    expect(writes()).toBe(2);
  });

  test("one batch for each partition, of several topics", async () => {
    const tab = await Tab.known();
    const answers = await Promise.all([
      tab.append("orders-0: a", "audit-3: x"),
      tab.append("orders-0: b", "orders-1: c", "audit-3: y"),
    ]);
    expect(answers).toEqual(["orders-0~0 audit-3~0", "orders-0~1 orders-1~0 audit-3~1"]);
    expect(await tab.pending("orders-0")).toBe("0: a b");
    expect(await tab.pending("audit-3")).toBe("0: x y");
  });

  test("a large batch goes as it is, its CRC written, between the small ones around it", async () => {
    const tab = await Tab.known();
    const big = large(LIMITS.batchBytesMax);
    const bigBytes = big.byteLength;
    const append = (batch: Uint8Array): Promise<string> =>
      tab.log.localLog
        .append([{ topic: "orders", partition: partition(0), batch }])
        .then((answers) => answers.map(inWords).join(" "));
    const answers = await Promise.all([append(batchOf("a")), append(batchOf("b")), append(big), append(batchOf("c"))]);
    expect(answers).toEqual(["orders-0~0", "orders-0~1", "orders-0~2", `orders-0~${2 + 104}`]);
    const read = await tab.log.outbox.read(await tab.ref("orders-0"), 0 as never, { bytesMax: 1e9, countMax: 9 });
    expect(read.map((batch) => batch.count)).toEqual([2, 104, 1]);
    expect(read[1]?.bytes.byteLength).toBe(bigBytes);
    expect(read.every(({ bytes }) => bytes.byteLength === bytes.buffer.byteLength)).toBe(true);
  });

  test("more than fits a transaction goes in several, all in order", async () => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    const { writes } = counting(store);
    const batch = large(LIMITS.batchBytesMax);
    const sequences = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const [appended] = await tab.log.localLog.append([
          { topic: "orders", partition: partition(0), batch: batch.slice() },
        ]);
        return appended?.localSequence ?? -1;
      }),
    );
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(writes()).toBeGreaterThanOrEqual(3);
  });
});

describe("two tabs over one store", () => {
  test("a tab that another has overtaken starts again behind it; no number is given twice", async () => {
    const store = new MemoryStore();
    const [one, two] = [await Tab.known(store), await Tab.known(store)];
    await one.append("orders-0: a");
    await two.append("orders-0: b");
    const answers = await Promise.all([
      one.append("orders-0: c"),
      two.append("orders-0: d"),
      one.append("orders-0: e"),
      two.append("orders-0: f"),
    ]);
    // Which of them the store hears first is open; the one that was too late goes behind.
    expect(["0: a | 1: b | 2: c e | 4: d f", "0: a | 1: b | 2: d f | 4: c e"]).toContain(await one.pending("orders-0"));
    expect([...answers].sort()).toEqual(["orders-0~2", "orders-0~3", "orders-0~4", "orders-0~5"]);
  });

  test("transactions queued behind one that must start again go behind it, in either tab", async () => {
    const store = new MemoryStore();
    const tabs = [await Tab.known(store), await Tab.known(store)];
    const half = large(LIMITS.batchBytesMax / 2);
    const send = async (tab: Tab | undefined): Promise<number> => {
      const appended = await tab?.log.localLog.append([
        { topic: "orders", partition: partition(0), batch: half.slice() },
      ]);
      return appended?.[0]?.localSequence ?? -1;
    };
    await Promise.all(tabs.map(send));
    const { writes } = counting(store);
    const sequences = await Promise.all(tabs.map((tab) => Promise.all(Array.from({ length: 40 }, () => send(tab)))));
    for (const ofTab of sequences) expect(ofTab).toEqual([...ofTab].sort((a, b) => a - b));
    expect(new Set(sequences.flat()).size).toBe(80);
    expect(writes()).toBeGreaterThanOrEqual(6);
  });

  test("not even where the other tab wrote just as many records as the one that must start again", async () => {
    // Not the memory store: it is done with the first before the second is begun.
    const store = new IdbStore({ name: "overtaken", clock: systemClock });
    const tab = await Tab.known(store);
    const half = large(LIMITS.batchBytesMax / 2);
    const send = async (): Promise<number> =>
      (await tab.log.localLog.append([{ topic: "orders", partition: partition(0), batch: half.slice() }]))[0]
        ?.localSequence ?? -1;
    await send();
    const ref = await tab.ref("orders-0");
    const transact = store.transact.bind(store);
    let overtaken = 0;
    store.transact = (stores, options, body) => {
      // Before the first group, of 4 MiB: eight halves.
      if (options.mode === "readwrite" && overtaken === 0)
        void transact(["partitions", "pending"], options, (transaction) =>
          writeAsAnotherTab(transaction, ref, (overtaken = 8 * batchCount(half, 0))),
        );
      return transact(stores, options, body);
    };
    const sequences = await Promise.all(Array.from({ length: 40 }, send));
    store.close();
    expect(overtaken).toBeGreaterThan(0);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
  });

  test("what a settled answer changed meanwhile is kept", async () => {
    const store = new MemoryStore();
    const [one, two] = [await Tab.known(store), await Tab.known(store)];
    await one.append("orders-0: a b");
    expect(await two.commit("orders-0", 2, 40)).toBe(true);
    await one.append("orders-0: c");
    expect(await one.find("orders-0", 1)).toBe("committed orders-0~1 @41");
    expect(await one.pending("orders-0")).toBe("2: c");
  });
});

describe("all or nothing", () => {
  test("a refused append takes nothing with it but what its own caller asked for", async () => {
    const tab = await Tab.known();
    const damaged = batchOf("x");
    damaged[16] = 1;
    const refused = tab.log.localLog.append([
      appendOf("orders-1: never"),
      { topic: "orders", partition: partition(0), batch: damaged },
    ]);
    const good = tab.append("orders-0: a");
    await expect(refused).rejects.toMatchObject({ code: "CORRUPT_MESSAGE" });
    expect(await good).toBe("orders-0~0");
    expect(await tab.pending("orders-1")).toBe("");
  });

  test.each([
    ["a bad topic", () => ({ ...appendOf("or ders-0: a") }), "INVALID_TOPIC_EXCEPTION", { topic: "or ders" }],
    [
      "a partition out of range",
      () => appendOf("orders-9: a"),
      "UNKNOWN_TOPIC_OR_PARTITION",
      { partition: 9, partitionCount: 6 },
    ],
    [
      "a batch above the limit",
      () => ({ ...appendOf("orders-0: a"), batch: new Uint8Array(LIMITS.batchBytesMax + 1) }),
      "MESSAGE_TOO_LARGE",
      { topic: "orders" },
    ],
    [
      "a batch cut short",
      () => ({ ...appendOf("orders-0: a"), batch: batchOf("a b c").slice(0, -1) }),
      "CORRUPT_MESSAGE",
      { topic: "orders" },
    ],
    [
      "a batch without records",
      () => ({ ...appendOf("orders-0: a"), batch: new Uint8Array(0) }),
      "CORRUPT_MESSAGE",
      { topic: "orders" },
    ],
  ])("%s is refused by name, its neighbours are not", async (_name, append, code, details) => {
    const tab = await Tab.known();
    await tab.learn("orders", 6);
    const [before, refused, after] = [
      tab.append("orders-0: a"),
      tab.log.localLog.append([append()]),
      tab.append("orders-0: b"),
    ];
    await expect(refused).rejects.toMatchObject({ code, details: expect.objectContaining(details) as unknown });
    expect([await before, await after]).toEqual(["orders-0~0", "orders-0~1"]);
  });

  test("where the store is full nothing of the group is there, and later appends go on with the next number", async () => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    await tab.append("orders-0: a");
    await tab.append("audit-0: w");
    store.fault = () => "full";
    const attempts = [tab.append("orders-0: b", "audit-0: x"), tab.append("orders-0: c")];
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: "STORAGE_FULL" });
    store.fault = () => null;
    expect(await tab.append("orders-0: d")).toBe("orders-0~1");
    expect(await tab.pending("orders-0")).toBe("0: a | 1: d");
    expect(await tab.pending("audit-0")).toBe("0: w");
  });
});

describe("an outcome that is not known", () => {
  test.each(["lost", "unanswered"] as const)("is found out: a write that is %s happens once", async (fault) => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    await tab.append("orders-0: a");
    let fired = 0;
    store.fault = () => ((fired += 1) === 1 ? fault : null);
    expect(await tab.append("orders-0: b")).toBe("orders-0~1");
    expect(await tab.append("orders-0: c")).toBe("orders-0~2");
    expect(await tab.pending("orders-0")).toBe("0: a | 1: b | 2: c");
    expect(fired).toBeGreaterThanOrEqual(2);
  });

  test("that stays unknown is told", async () => {
    const store = new MemoryStore();
    const tab = await Tab.known(store);
    await tab.append("orders-0: a");
    store.fault = () => "lost";
    await expect(tab.append("orders-0: b")).rejects.toMatchObject({
      code: "STORE_FAILED",
      details: { outcome: "unknown" },
    });
  });
});

test("a device without an edge gives offsets at once", async () => {
  const tab = await Tab.open(new MemoryStore(), { localPartitionCount: 2 });
  expect(
    await Promise.all([tab.append("orders-0: a b"), tab.append("orders-0: c"), tab.append("orders-1: d")]),
  ).toEqual(["orders-0~0@0", "orders-0~2@2", "orders-1~0@0"]);
  expect(await tab.append("orders-0: e")).toBe("orders-0~3@3");
  expect(await tab.find("orders-0", 2)).toBe("committed orders-0~2 @2");
  const read = await tab.log.replica.read(await tab.ref("orders-0"), 0 as never, 1e6);
  expect(read).toMatchObject({ nextOffset: 4, replicatedTo: 4, highWatermark: 4, logStartOffset: 0 });
  expect(await tab.log.outbox.waiting()).toEqual([]);
});

test("after the store is closed appends reject with CLOSED", async () => {
  const tab = await Tab.known();
  await tab.append("orders-0: a");
  const outstanding = tab.append("orders-0: b");
  tab.store.close();
  await expect(outstanding).rejects.toMatchObject({ code: "CLOSED" });
  await expect(tab.append("orders-0: c")).rejects.toMatchObject({ code: "CLOSED" });
});
