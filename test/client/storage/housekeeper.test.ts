/** The round of each minute, in one tab. */
import { expect, test } from "vitest";
import { StoredTables } from "../../../client/log/table-store.ts";
import { Housekeeper } from "../../../client/storage/housekeeper.ts";
import { QuotaGovernor } from "../../../client/storage/quota-governor.ts";
import type { Clock } from "../../../shared/clock.ts";
import { MemoryLocks } from "../memory-locks.ts";
import { ReplicaLab } from "./replica-lab.ts";

/** Whoever sleeps is woken by `pass` alone. */
class HandClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      signal?.addEventListener("abort", () => wake());
      this.#sleepers.push({ at: this.#now + ms, wake });
    });
  }

  async pass(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
    // What the round asks of a store in memory takes turns of the event loop, not time.
    for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function house(lab: ReplicaLab, options: { leads?: () => boolean; locks?: MemoryLocks } = {}) {
  const clock = new HandClock();
  const { store } = lab.tab;
  const storage = { estimate: async () => null };
  const governor = new QuotaGovernor({ storage, clock, evict: async () => 0, tell: () => {} });
  const { leads = () => true, locks = new MemoryLocks() } = options;
  const keeper = new Housekeeper({ store, clock, locks, lockName: "house", leads, governor });
  return { clock, keeper, locks };
}

test("what a followed topic keeps is enforced in the first round and again every minute", async () => {
  const lab = await ReplicaLab.open({ retention: { records: 1 } });
  const { clock, keeper } = await house(lab);
  await lab.put({ value: "a" });
  await lab.put({ value: "b" });
  await clock.pass(9_999);
  expect(await lab.read()).toBe("0:-=a 1:-=b");
  await clock.pass(1);
  expect(await lab.read()).toBe("1:-=b");
  await lab.put({ value: "c" });
  await clock.pass(59_999);
  expect(await lab.read()).toBe("1:-=b 2:-=c");
  await clock.pass(1);
  expect(await lab.read()).toBe("2:-=c");
  await keeper.close();
});

test("a tab that does not sync, or finds another at it, does nothing; later it may", async () => {
  const lab = await ReplicaLab.open({ retention: { records: 1 } });
  let leads = false;
  const { clock, keeper, locks } = await house(lab, { leads: () => leads });
  await lab.put({ value: "a" });
  await lab.put({ value: "b" });
  await clock.pass(10_000);
  leads = true;
  const other = Promise.withResolvers<void>();
  const held = locks.request("house", {}, () => other.promise);
  await clock.pass(60_000);
  expect(await lab.read()).toBe("0:-=a 1:-=b");
  other.resolve();
  await held;
  await clock.pass(60_000);
  expect(await lab.read()).toBe("1:-=b");
  await keeper.close();
});

test("a round that fails is tried again in the next", async () => {
  const lab = await ReplicaLab.open({ retention: { records: 1 } });
  const { clock, keeper } = await house(lab);
  await lab.put({ value: "a" });
  await lab.put({ value: "b" });
  const { transact } = lab.tab.store;
  lab.tab.store.transact = () => Promise.reject(new Error("by the test"));
  await clock.pass(10_000);
  lab.tab.store.transact = transact;
  await clock.pass(60_000);
  expect(await lab.read()).toBe("1:-=b");
  await keeper.close();
});

test("a table that nobody has open is taken along before its log goes", async () => {
  const lab = await ReplicaLab.open({ retention: { records: 1 } });
  const tables = new StoredTables(lab.tab.store);
  await tables.position(lab.ref.topicKey);
  const { clock, keeper } = await house(lab);
  await lab.put({ key: "a", value: "1" });
  await lab.put({ key: "b", value: "2" });
  await clock.pass(10_000);
  expect((await tables.position(lab.ref.topicKey)).positions).toEqual([2]);
  expect((await tables.read(lab.ref.topicKey, null)).segments).toHaveLength(1);
  expect(await lab.read()).toBe("1:b=2");
  await keeper.close();
});

test("the table of a topic that is no more goes", async () => {
  const lab = await ReplicaLab.open({ retired: true });
  const tables = new StoredTables(lab.tab.store);
  await tables.position(lab.ref.topicKey);
  const { clock, keeper } = await house(lab);
  await clock.pass(10_000);
  expect(await tables.has(lab.ref.topicKey)).toBe(false);
  await keeper.close();
});
