/** What browsers do to IndexedDB, done on purpose. */
import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { OPEN_TIMEOUT_MS } from "../../../client/log/idb-connection.ts";
import { SCHEMA_VERSION } from "../../../client/log/idb-schema.ts";
import { IdbStore } from "../../../client/log/idb-store.ts";
import { systemClock } from "../../../client/web-ports.ts";
import type { Clock } from "../../../shared/clock.ts";

/** Time passes at once, but only when somebody waits for it. */
const hurried: Clock = { now: () => 0, sleep: () => new Promise((resolve) => setTimeout(resolve, 20)) };

let store: IdbStore;

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  store = new IdbStore({ name: "device", clock: systemClock });
});
afterEach(() => {
  vi.restoreAllMocks();
  store.close();
});

const put = (key: string): Promise<void> =>
  store.transact(["meta"], { mode: "readwrite", durability: "strict" }, (transaction) =>
    transaction.put("meta", key, true),
  );
const get = (key: string): Promise<true | undefined> =>
  store.transact(["meta"], { mode: "readonly" }, (transaction) => transaction.get<true>("meta", key));

/** Puts `error` in the way of the next `times` transactions. */
function deadHandles(times: number): { readonly fired: () => number } {
  const begin = Reflect.get(IDBDatabase.prototype, "transaction") as (
    this: IDBDatabase,
    ...args: unknown[]
  ) => IDBTransaction;
  let fired = 0;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (this: IDBDatabase, ...args) {
    if (fired < times) {
      fired += 1;
      throw new DOMException("The database connection is closing.", "InvalidStateError");
    }
    return begin.apply(this, args);
  });
  return { fired: () => fired };
}

describe("a dead handle", () => {
  test("is replaced, and the write happens", async () => {
    await put("before");
    const dead = deadHandles(1);
    await put("after");
    expect(dead.fired()).toBe(1);
    expect(await get("before")).toBe(true);
    expect(await get("after")).toBe(true);
  });

  test("that is dead again right away is told, and nothing was written", async () => {
    await put("before");
    const dead = deadHandles(2);
    await expect(put("after")).rejects.toMatchObject({ code: "STORE_FAILED", details: { outcome: "failed" } });
    expect(dead.fired()).toBe(2);
    expect(await get("after")).toBeUndefined();
  });

  test("keeps the order of the writes that meet it", async () => {
    await put("before");
    deadHandles(3);
    const order: string[] = [];
    await Promise.allSettled(["a", "b", "c"].map((key) => put(key).then(() => order.push(key))));
    expect(order).toEqual(["a", "b", "c"]);
  });
});

describe("in flight", () => {
  function failingPuts(name: string): void {
    const write = Reflect.get(IDBObjectStore.prototype, "put") as (
      this: IDBObjectStore,
      ...args: unknown[]
    ) => IDBRequest<IDBValidKey>;
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = write.apply(this, args);
      Object.defineProperty(this.transaction, "error", {
        value: new DOMException("made up", name),
        configurable: true,
      });
      this.transaction.abort();
      Object.defineProperty(this.transaction, "error", {
        value: new DOMException("made up", name),
        configurable: true,
      });
      return request;
    });
  }

  test("a full disk is STORAGE_FULL, and when there is room again it goes on", async () => {
    failingPuts("QuotaExceededError");
    await expect(put("x")).rejects.toMatchObject({ code: "STORAGE_FULL" });
    vi.restoreAllMocks();
    await put("y");
    expect(await get("x")).toBeUndefined();
    expect(await get("y")).toBe(true);
  });

  test.each(["AbortError", "UnknownError"])("%s leaves the outcome open", async (name) => {
    failingPuts(name);
    await expect(put("x")).rejects.toMatchObject({ code: "STORE_FAILED", details: { outcome: "unknown" } });
  });
});

describe("opening", () => {
  test("lets go for an upgrade by another tab, and then says that the page is old", async () => {
    await put("x");
    const upgraded = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("device", SCHEMA_VERSION + 1);
      request.addEventListener("success", () => resolve(request.result));
      request.addEventListener("blocked", () => reject(new Error("blocked")));
    });
    await expect(put("y")).rejects.toMatchObject({
      code: "STORE_OUTDATED",
      message: expect.stringContaining("reload") as unknown,
    });
    upgraded.close();
  });

  test("a blocked upgrade ends with an error at its deadline", async () => {
    const older = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open("blocked");
      request.addEventListener("upgradeneeded", () => request.result.createObjectStore("anything"));
      request.addEventListener("success", () => resolve(request.result));
    });
    // `open` without a version leaves version 1 behind: delete it while it is held open, then open anew.
    indexedDB.deleteDatabase("blocked");
    const blocked = new IdbStore({ name: "blocked", clock: hurried });
    const attempt = blocked.transact(["meta"], { mode: "readonly" }, (transaction) => transaction.get("meta", "x"));
    await expect(attempt).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining(`${OPEN_TIMEOUT_MS} ms`) as unknown,
    });
    older.close();
  });

  test("a database that was deleted under it is told, never made again in silence", async () => {
    await put("x");
    await new Promise((resolve) => indexedDB.deleteDatabase("device").addEventListener("success", resolve));
    await expect(put("y")).rejects.toMatchObject({
      code: "STORE_FAILED",
      message: expect.stringContaining("deleted") as unknown,
    });
    await expect(get("x")).rejects.toMatchObject({ code: "STORE_FAILED" });
  });
});

describe("a database that was deleted and made again by another tab", () => {
  const device = (on: IdbStore, deviceId: string): Promise<void> =>
    on.transact(["meta"], { mode: "readwrite" }, (transaction) => transaction.put("meta", "device", { deviceId }));

  test("is not the one that was opened: nothing is read from it or written to it, and that is told once", async () => {
    let gone = 0;
    const old = new IdbStore({ name: "device", clock: systemClock, onGone: () => (gone += 1) });
    await device(old, "old");
    old.bind("old");
    const deleted = indexedDB.deleteDatabase("device");
    await new Promise((resolve) => (deleted.onsuccess = resolve));
    await device(store, "new");
    const write = (): Promise<void> =>
      old.transact(["meta"], { mode: "readwrite" }, (transaction) => transaction.put("meta", "mine", true));
    await expect(write()).rejects.toMatchObject({ code: "STORE_FAILED", details: { outcome: "failed" } });
    await expect(write()).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(await get("mine")).toBeUndefined();
    expect(gone).toBe(1);
    old.close();
  });

  test("is noticed without anybody asking for it", async () => {
    let gone = 0;
    const old = new IdbStore({ name: "device", clock: systemClock, onGone: () => (gone += 1) });
    await device(old, "old");
    old.bind("old");
    indexedDB.deleteDatabase("device");
    await vi.waitFor(() => expect(gone).toBe(1));
    old.close();
  });
});
