import { describe, expect, test } from "vitest";
import { MemoryStore } from "../../../client/log/memory-store.ts";
import type { Store, StoreTransaction } from "../../../client/log/store.ts";
import { StrandlineError } from "../../../shared/strandline-error.ts";
import type { Chain, LocalSequence, ProducerKey } from "../../../shared/brands.ts";
import { ROOT, Tab } from "./log-fixture.ts";

const SUCCESSOR = {
  ...ROOT,
  producerKey: "ffffffffffffffffffffffffffffffff" as ProducerKey,
  sequenceBase: 2 as LocalSequence,
};
const epoch = (counter: number) => ({ counter, random: 5 });

async function withPending(...batches: string[]): Promise<Tab> {
  const tab = await Tab.open();
  await tab.learn("orders", 4);
  for (const batch of batches) await tab.append(`orders-0: ${batch}`);
  return tab;
}

describe("read", () => {
  test("takes at least one batch, and no more than the limits", async () => {
    const tab = await withPending("a", "b", "c", "d", "e");
    const ref = await tab.ref("orders-0");
    const sequences = async (from: number, bytesMax: number, countMax: number): Promise<number[]> =>
      (await tab.log.outbox.read(ref, from as LocalSequence, { bytesMax, countMax })).map(
        ({ localSequence }) => localSequence,
      );
    expect(await sequences(0, 1, 9)).toEqual([0]);
    expect(await sequences(0, 1e6, 3)).toEqual([0, 1, 2]);
    expect(await sequences(1, 200, 9)).toEqual([1, 2]);
    expect(await sequences(3, 1e6, 9)).toEqual([3, 4]);
    expect(await sequences(9, 1e6, 9)).toEqual([]);
  });
});

describe("settle", () => {
  test("drops what is committed and remembers the offsets, neighbours as one", async () => {
    const tab = await withPending("a b", "c", "d");
    expect(await tab.commit("orders-0", 3, 100)).toBe(true);
    expect(await tab.pending("orders-0")).toBe("3: d");
    expect(await tab.find("orders-0", 2)).toBe("committed orders-0~2 @102");
    expect((await tab.log.outbox.row(await tab.ref("orders-0")))?.ackedRanges).toHaveLength(1);
    expect(await tab.commit("orders-0", 1, null)).toBe(true);
    expect(await tab.find("orders-0", 3)).toBe("committed orders-0~3 @null");
    expect(await tab.log.outbox.waiting()).toEqual([]);
  });

  test("changes nothing where another tab was faster, or under another identity", async () => {
    const tab = await withPending("a", "b");
    const row = await tab.log.outbox.open(await tab.ref("orders-0"), ROOT);
    const before = { producerKey: row.identity?.producerKey ?? "", ackedLocalSequence: row.ackedLocalSequence };
    expect(await tab.commit("orders-0", 1, 10)).toBe(true);
    expect(await tab.commit("orders-0", 1, 10, { expected: before })).toBe(false);
    expect(
      await tab.commit("orders-0", 1, 11, {
        expected: { producerKey: "other", ackedLocalSequence: 1 as LocalSequence },
      }),
    ).toBe(false);
    expect(await tab.pending("orders-0")).toBe("1: b");
  });

  test("hands over to a successor, whose chain begins at 0", async () => {
    const tab = await withPending("a b", "c");
    expect(await tab.commit("orders-0", 2, 10, { chain: 77 as Chain, successor: SUCCESSOR })).toBe(true);
    const row = await tab.log.outbox.row(await tab.ref("orders-0"));
    expect(row).toMatchObject({ identity: SUCCESSOR, ackedChain: 0, ackedLocalSequence: 2 });
  });

  test("drops the answer of an older leader epoch", async () => {
    const tab = await withPending("a", "b");
    expect(await tab.commit("orders-0", 1, 10, { leaderEpoch: epoch(4) })).toBe(true);
    expect(await tab.commit("orders-0", 1, 11, { leaderEpoch: epoch(3) })).toBe(false);
    expect(await tab.commit("orders-0", 1, 11, { leaderEpoch: epoch(4) })).toBe(true);
  });

  test("the refused go to the dead letters, with the error, and the next is sent under the same identity", async () => {
    const tab = await withPending("a b", "c");
    await tab.refuseFirst("orders-0");
    expect(await tab.find("orders-0", 1)).toBe("dead orders-0~1 INVALID_RECORD");
    expect(await tab.find("orders-0", 2)).toBe("pending orders-0~2");
    const [letter] = await tab.log.outbox.deadLetters(10);
    expect(letter).toMatchObject({ localSequence: 0, count: 2, partition: 0, error: { code: "INVALID_RECORD" } });
  });

  test("a followed topic's batches go to the log, readable where they are next", async () => {
    const tab = await withPending("a b", "c", "d");
    const ref = await tab.ref("orders-0");
    await tab.log.catalog.follow(ref.topicKey);
    await tab.commit("orders-0", 2, 0, { leaderEpoch: epoch(3) });
    expect((await tab.log.replica.read(ref, 0 as never, 1e6)).runs).toHaveLength(1);
    expect(await tab.log.outbox.row(ref)).toMatchObject({ replicatedTo: 2, highWatermark: 2 });
    await tab.commit("orders-0", 1, 9);
    expect(await tab.log.outbox.row(ref)).toMatchObject({ replicatedTo: 2, highWatermark: 10 });
  });
});

test("a full disk takes no copy of what was committed, and lets it leave the outbox all the same", async () => {
  const inner = new MemoryStore();
  let refused = 0;
  const store: Store = {
    close: () => inner.close(),
    transact: (stores, options, body) =>
      inner.transact(stores, options, async (transaction) => {
        let grows = false;
        const put: StoreTransaction["put"] = (name, key, value) => {
          grows ||= name === "log";
          return transaction.put(name, key, value);
        };
        const result = await body({ ...bound(transaction), put });
        if (!grows) return result;
        // A browser looks at the quota when it commits.
        refused += 1;
        throw new StrandlineError("STORAGE_FULL", "the disk");
      }),
  };
  const tab = await Tab.open(store);
  await tab.learn("orders", 4);
  await tab.append("orders-0: a b");
  const ref = await tab.ref("orders-0");
  await tab.log.catalog.follow(ref.topicKey);
  expect(await tab.commit("orders-0", 2, 0)).toBe(true);
  expect(refused).toBe(1);
  expect(await tab.log.outbox.waiting()).toEqual([]);
  expect(await tab.find("orders-0", 1)).toBe("committed orders-0~1 @1");
  expect(await tab.log.outbox.row(ref)).toMatchObject({ replicatedTo: 0, highWatermark: 2 });
});

function bound(transaction: StoreTransaction): StoreTransaction {
  return {
    get: (...asked) => transaction.get(...asked),
    entries: (...asked) => transaction.entries(...asked),
    last: (...asked) => transaction.last(...asked),
    keys: (...asked) => transaction.keys(...asked),
    put: (...asked) => transaction.put(...asked),
    add: (...asked) => transaction.add(...asked),
    delete: (...asked) => transaction.delete(...asked),
    abort: () => transaction.abort(),
  };
}

test("a profile that was rolled back has its outbox of then", async () => {
  const store = new MemoryStore();
  const tab = await Tab.open(store);
  await tab.learn("orders", 1);
  await tab.append("orders-0: a b");
  const copy = await Tab.open(store.snapshot());
  await tab.commit("orders-0", 2, 0);
  expect(await copy.pending("orders-0")).toBe("0: a b");
  expect(await tab.pending("orders-0")).toBe("");
  expect(copy.log.device.rootProducerKey).toBe(tab.log.device.rootProducerKey);
});
