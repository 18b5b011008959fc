/** The stores' suite in a real browser, and that what is acknowledged as strict was asked for as strict. */
import { afterEach, expect, test, vi } from "vitest";
import { IdbStore } from "../../client/log/idb-store.ts";
import { openDevice } from "../../client/log/open-device.ts";
import { cryptoRandom, isChromium, systemClock } from "../../client/web-ports.ts";
import { partition } from "../../shared/brands.ts";
import { storeSuite } from "../conformance/store-suite.ts";
import { batchOf } from "../client/log/log-fixture.ts";

/** As the worker opens it, with `isChromium()`. */
const open = (commitsEarly: boolean): IdbStore => new IdbStore({ name: freshName(), clock: systemClock, commitsEarly });
const freshName = (): string => `store-${crypto.randomUUID()}`;

storeSuite("IdbStore in this browser", { open: () => open(isChromium()) });
storeSuite("IdbStore that leaves the commit to the browser", { open: () => open(false) });

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(["strict", "relaxed"] as const)(
  "an append that asked for %s durability runs in a transaction that reports it",
  async (durability) => {
    const store = open(isChromium());
    const { localLog } = await openDevice({
      store,
      clock: systemClock,
      random: cryptoRandom,
      namespace: "n",
      principal: "p",
      local: null,
    });
    const append = (): Promise<unknown> =>
      localLog.append([{ topic: "orders", partition: partition(0), batch: batchOf("a b") }], { durability });
    await append();
    const begun = vi.spyOn(IDBDatabase.prototype, "transaction");
    await Promise.all([append(), append()]);
    await append();
    const transactions = begun.mock.results
      .map(({ value }) => value as IDBTransaction)
      .filter(({ mode }) => mode === "readwrite");
    expect(transactions.length).toBeGreaterThanOrEqual(2);
    expect(transactions.map((transaction) => transaction.durability)).toEqual(transactions.map(() => durability));
    store.close();
  },
);
