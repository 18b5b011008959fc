/** What every `Store` promises (`client/log/store.ts`). Run against each kind, in Node and in real browsers. */
import { afterEach, describe, expect, test } from "vitest";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { Key, KeyRange, Store, StoreName, StoreTransaction } from "../../client/log/store.ts";

export interface StoreKind {
  /** A fresh, empty store. */
  readonly open: () => Store;
}

const EVERYTHING: KeyRange = { from: -1, to: ["~"] };
const READ = { mode: "readonly" } as const;
const WRITE = { mode: "readwrite", durability: "strict" } as const;

export function storeSuite(name: string, kind: StoreKind): void {
  describe(`${name} as a store`, () => {
    const opened: Store[] = [];
    const open = (): Store => {
      const store = kind.open();
      opened.push(store);
      return store;
    };
    afterEach(() => {
      for (const store of opened.splice(0)) store.close();
    });
    keysAndValues(open);
    ranges(open);
    allOrNothing(open);
    oneAfterTheOther(open);
    ends(open);
  });
}

type Open = () => Store;

function keysAndValues(open: Open): void {
  test("keeps keys in IndexedDB's order", async () => {
    const store = open();
    const keys: Key[] = [["b", 1], [2, -1, 0], "z", [1, 10], 7, [1, 2], [1, 2, 5], "a", -1, ["moved", 1, 0]];
    await write(store, async (transaction) => {
      for (const key of keys) void transaction.put("meta", key, true);
    });
    const ordered = await read(store, (transaction) => transaction.keys("meta", EVERYTHING, 100));
    expect(ordered).toEqual([-1, 7, "a", "z", [1, 2], [1, 2, 5], [1, 10], [2, -1, 0], ["b", 1], ["moved", 1, 0]]);
  });

  test("deletes a key, or a range", async () => {
    const store = open();
    await put(store, "pending", [
      [1, 0, 0],
      [1, 0, 5],
      [1, 0, 9],
      [1, 1, 0],
    ]);
    await write(store, (transaction) => transaction.delete("pending", { from: [1, 0, 0], to: [1, 0, 9] }));
    await write(store, (transaction) => transaction.delete("pending", [1, 1, 0]));
    await write(store, (transaction) => transaction.delete("pending", [9, 9, 9]));
    expect(await read(store, (transaction) => transaction.keys("pending", EVERYTHING, 9))).toEqual([[1, 0, 9]]);
  });

  test("owns its values: changing what was put, or what was got, changes nothing", async () => {
    const store = open();
    const bytes = new Uint8Array([1, 2, 3]);
    await write(store, async (transaction) => {
      void transaction.put("log", [1, 0, 0], { bytes });
      bytes[0] = 9;
    });
    const got = await read(store, (transaction) => transaction.get<{ bytes: Uint8Array }>("log", [1, 0, 0]));
    got?.bytes.fill(0);
    const again = await read(store, (transaction) => transaction.get<{ bytes: Uint8Array }>("log", [1, 0, 0]));
    expect(again?.bytes).toEqual(new Uint8Array([1, 2, 3]));
  });

  test("a put within a transaction is seen by the gets after it", async () => {
    const store = open();
    const seen = await write(store, async (transaction) => {
      const before = transaction.get("meta", "x");
      void transaction.put("meta", "x", 1);
      return await Promise.all([before, transaction.get("meta", "x")]);
    });
    expect(seen).toEqual([undefined, 1]);
  });
}

function ranges(open: Open): void {
  test("a range has its beginning and not its end", async () => {
    const store = open();
    await put(store, "log", [
      [1, 0, 5],
      [1, 0, 7],
      [1, 0, 9],
      [1, 1, 0],
    ]);
    const range = { from: [1, 0, 5], to: [1, 0, 9] };
    expect(await read(store, (transaction) => transaction.keys("log", range, 9))).toEqual([
      [1, 0, 5],
      [1, 0, 7],
    ]);
    expect(await read(store, (transaction) => transaction.keys("log", range, 1))).toEqual([[1, 0, 5]]);
    const found = await read(store, (transaction) => transaction.last<string>("log", range));
    expect(found).toEqual({ key: [1, 0, 7], value: "1,0,7" });
    expect(await read(store, (transaction) => transaction.last("log", { from: [2], to: [3] }))).toBeUndefined();
    expect(await read(store, (transaction) => transaction.entries("log", { from: [1, 1], to: [1, 2] }, 9))).toEqual([
      { key: [1, 1, 0], value: "1,1,0" },
    ]);
  });

  test.each([9, 5])("a range that holds nothing is no error: from 9 to %i", async (to) => {
    const store = open();
    await put(store, "log", [
      [1, 0, 5],
      [1, 0, 9],
    ]);
    const nothing = { from: [1, 0, 9], to: [1, 0, to] };
    expect(await read(store, (transaction) => transaction.keys("log", nothing, 9))).toEqual([]);
    expect(await read(store, (transaction) => transaction.entries("log", nothing, 9))).toEqual([]);
    expect(await read(store, (transaction) => transaction.last("log", nothing))).toBeUndefined();
    await write(store, async (transaction) => void transaction.delete("log", nothing));
    expect(await read(store, (transaction) => transaction.keys("log", EVERYTHING, 9))).toHaveLength(2);
  });
}

function allOrNothing(open: Open): void {
  test("a body that throws undoes everything, and its error is the transaction's", async () => {
    const store = open();
    await put(store, "meta", ["kept", "deleted"]);
    const why = new Error("changed my mind");
    const attempt = write(store, async (transaction) => {
      void transaction.put("meta", "kept", "changed");
      void transaction.put("topics", 1, "new");
      void transaction.delete("meta", "deleted");
      await transaction.get("meta", "kept");
      throw why;
    });
    await expect(attempt).rejects.toBe(why);
    expect(await all(store, "meta")).toEqual({ deleted: "deleted", kept: "kept" });
    expect(await all(store, "topics")).toEqual({});
  });

  test("`abort` undoes everything", async () => {
    const store = open();
    const attempt = write(store, async (transaction) => {
      await transaction.put("meta", "x", 1);
      transaction.abort();
    });
    await expect(attempt).rejects.toThrow();
    expect(await all(store, "meta")).toEqual({});
  });

  test("adding a key that exists fails the transaction, awaited or not", async () => {
    const store = open();
    await put(store, "pending", ["taken"]);
    const attempt = write(store, async (transaction) => {
      void transaction.put("meta", "x", 1);
      void transaction.add("pending", "taken", "again");
      void transaction.put("meta", "y", 1);
    });
    await expect(attempt).rejects.toMatchObject({ code: "STORE_FAILED", details: { outcome: "failed" } });
    expect(await all(store, "meta")).toEqual({});
    expect(await all(store, "pending")).toEqual({ taken: "taken" });
  });
}

function oneAfterTheOther(open: Open): void {
  test("transactions over the same stores run one after the other, in the order in which they were asked for", async () => {
    const store = open();
    const add = (): Promise<number> =>
      write(store, async (transaction) => {
        const count = (await transaction.get<number>("meta", "count")) ?? 0;
        await transaction.put("meta", "count", count + 1);
        return count;
      });
    const counted = await Promise.all(Array.from({ length: 50 }, add));
    expect(counted).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  test("one that fails does not stop those behind it", async () => {
    const store = open();
    const fails = write(store, () => Promise.reject(new Error("no")));
    const goes = put(store, "meta", ["x"]);
    await expect(fails).rejects.toThrow("no");
    await goes;
    expect(await all(store, "meta")).toEqual({ x: "x" });
  });
}

function ends(open: Open): void {
  test("after `close` what is outstanding and what comes later rejects with CLOSED", async () => {
    const store = open();
    await put(store, "meta", ["x"]);
    const outstanding = put(store, "meta", ["y"]).catch((error: unknown) => error);
    store.close();
    expect(await outstanding).toMatchObject({ code: "CLOSED" });
    await expect(put(store, "meta", ["z"])).rejects.toBeInstanceOf(StrandlineError);
    await expect(put(store, "meta", ["z"])).rejects.toMatchObject({ code: "CLOSED" });
  });
}

const ALL_STORES: readonly StoreName[] = ["meta", "topics", "partitions", "pending", "log", "offsets", "deadLetters"];

function read<Result>(store: Store, body: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
  return store.transact(ALL_STORES, READ, body);
}

function write<Result>(store: Store, body: (transaction: StoreTransaction) => Promise<Result>): Promise<Result> {
  return store.transact(ALL_STORES, WRITE, body);
}

/** Each value is its key as text. */
async function put(store: Store, name: StoreName, keys: readonly Key[]): Promise<void> {
  await write(store, async (transaction) => {
    for (const key of keys) void transaction.put(name, key, String(key));
  });
}

async function all(store: Store, name: StoreName): Promise<Record<string, unknown>> {
  const entries = await read(store, (transaction) => transaction.entries(name, EVERYTHING, 100));
  return Object.fromEntries(entries.map(({ key, value }) => [String(key), value]));
}
