/** R14: handles to IndexedDB that die under appends, in this very browser. Every append ends once, or is refused. */
import { afterEach, expect, test, vi } from "vitest";
import { IdbStore } from "../../client/log/idb-store.ts";
import { openDevice, type DeviceLog } from "../../client/log/open-device.ts";
import { cryptoRandom, isChromium, systemClock } from "../../client/web-ports.ts";
import { partition, type LocalSequence } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { batchOf, TOPIC_ID, valuesOf } from "../client/log/log-fixture.ts";
import { seeded } from "../harness/seeded.ts";

const APPENDS = 120;
/** What is promised of a handle that dies; each takes milliseconds. */
const SETTLED_MS_MAX = 2_000;
const EVERYTHING = { bytesMax: 1e9, countMax: 1e6 };

afterEach(() => {
  vi.restoreAllMocks();
});

/** What a browser does to a page. The handle is the one that is in use; `transaction` the last that began on it. */
type Fault = (handle: IDBDatabase, transaction: IDBTransaction | null) => void;

/** Each kind happens to about one transaction in ten; `fired` counts them. */
function injectFaults(fault: Fault): { readonly fired: () => number } {
  const random = seeded(7);
  const begin = Reflect.get(IDBDatabase.prototype, "transaction") as IDBDatabase["transaction"];
  let fired = 0;
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (this: IDBDatabase, ...args) {
    if (random() < 0.9) return begin.apply(this, args);
    fired += 1;
    const before = fault.length === 1;
    if (before) fault(this, null);
    const transaction = begin.apply(this, args);
    if (!before) queueMicrotask(() => fault(this, transaction));
    return transaction;
  });
  return { fired: () => fired };
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["is closed from under it", (handle) => handle.close()],
  [
    "says InvalidStateError",
    (_handle) => {
      throw new DOMException("The database connection is closing.", "InvalidStateError");
    },
  ],
  [
    "aborts what is in flight",
    (_handle, transaction) => {
      try {
        transaction?.abort();
      } catch {
        // It had ended already.
      }
    },
  ],
  ["is closed while something is in flight", (handle, _transaction) => handle.close()],
];

async function openLog(name: string): Promise<{ readonly store: IdbStore; readonly log: DeviceLog }> {
  const store = new IdbStore({ name, clock: systemClock, commitsEarly: isChromium() });
  const options = { store, clock: systemClock, random: cryptoRandom, namespace: "n", principal: "p", local: null };
  return { store, log: await openDevice(options) };
}

test.each(FAULTS)("R14 a handle that %s: each append settles, and stands once or not at all", async (_what, fault) => {
  const name = `faults-${crypto.randomUUID()}`;
  const { store, log } = await openLog(name);
  await log.catalog.ensure("orders", null);
  await log.catalog.learn([{ name: "orders", error: null, topicId: TOPIC_ID, partitionCount: 1, config: {} }]);
  const { fired } = injectFaults(fault);
  const stored: string[] = [];
  const refused: string[] = [];
  const failed: string[] = [];
  for (let at = 0; at < APPENDS; at += 1) {
    const value = `r${at}`;
    const append = log.localLog.append([{ topic: "orders", partition: partition(0), batch: batchOf(value) }]);
    const settled = append.then(
      () => stored.push(value),
      (error: unknown) => {
        expect(error).toBeInstanceOf(StrandlineError);
        refused.push(value);
        if ((error as StrandlineError).details["outcome"] === "failed") failed.push(value);
      },
    );
    // Some alone, some together.
    if (at % 3 === 0) await within(settled);
    else if (at === APPENDS - 1) await within(settled);
  }
  await vi.waitFor(() => expect(stored.length + refused.length).toBe(APPENDS), SETTLED_MS_MAX);
  expect(fired()).toBeGreaterThan(0);
  vi.restoreAllMocks();
  store.close();

  const again = await openLog(name);
  const row = await again.log.catalog.byName("orders");
  if (row === undefined) throw new Error("the topic is gone");
  const ref = { topicKey: row.topicKey, partition: partition(0) };
  const held = await again.log.outbox.read(ref, 0 as LocalSequence, EVERYTHING);
  const values = held.flatMap(({ bytes }) => valuesOf(bytes).split(" "));
  again.store.close();
  indexedDB.deleteDatabase(name);
  // Of a refused one the caller was told; what was acknowledged is there once, in order.
  expect(values.filter((value) => !refused.includes(value))).toEqual(stored);
  expect(values.filter((value) => failed.includes(value))).toEqual([]);
  expect(new Set(values).size).toBe(values.length);
});

test("R14 a database that is deleted under it: appends are refused by name, and at once", async () => {
  const name = `faults-${crypto.randomUUID()}`;
  const { store, log } = await openLog(name);
  const append = (): Promise<unknown> =>
    log.localLog.append([{ topic: "orders", partition: partition(0), batch: batchOf("a") }]);
  await append();
  await new Promise((resolve) => indexedDB.deleteDatabase(name).addEventListener("success", resolve));
  await within(expect(append()).rejects.toMatchObject({ code: "STORE_FAILED" }));
  // An upgrade that was undone leaves its name behind in WebKit, at version 0 and empty.
  const made = (await indexedDB.databases()).filter((one) => one.name === name && one.version !== 0);
  expect(made).toEqual([]);
  store.close();
});

async function within(settling: Promise<unknown>): Promise<void> {
  const late = new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`not settled after ${SETTLED_MS_MAX} ms`)), SETTLED_MS_MAX);
  });
  await Promise.race([settling, late]);
}
