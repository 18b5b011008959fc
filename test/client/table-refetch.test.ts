/** What the device has dropped before a table of the topic was opened is fetched from the edge again. */
import { expect, test } from "vitest";
import type { RecordSource } from "../../client/consumer/record-source.ts";
import { advanceTable } from "../../client/log/advance-table.ts";
import { dropOldest } from "../../client/log/held-rows.ts";
import { StoredTables } from "../../client/log/table-store.ts";
import type { TopicRow } from "../../client/log/rows.ts";
import type { DeviceMessage } from "../../client/device-news.ts";
import { TableKeeper } from "../../client/worker/table-keeper.ts";
import { evict } from "../../client/storage/eviction.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { Offset } from "../../shared/brands.ts";
import { runAt } from "./log/fetched-run.ts";
import { Tab } from "./log/log-fixture.ts";
import { MemoryLocks } from "./memory-locks.ts";
import { batch, becomes, inWords, world } from "./table-world.ts";

const NEVER = new AbortController().signal;

/** An edge that has all, and brings it a batch at a time, each only after it was asked for once. */
class FullEdge {
  online = false;
  opened = 0;
  readonly reads: number[] = [];
  #tab: Tab | null = null;
  #brought = new Set<number>();
  readonly #listeners = new Set<() => void>();

  async take(tab: Tab): Promise<void> {
    this.#tab = tab;
    await tab.learn("orders", 1);
  }

  async put(at: number, records: string): Promise<void> {
    const tab = this.#tab as Tab;
    await tab.log.replica.store([runAt(await tab.ref("orders-0"), at, [batch(records)])]);
  }

  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  held(...[ref, offset]: Parameters<RecordSource["read"]>): ReturnType<RecordSource["read"]> {
    return (this.#tab as Tab).log.replica.read(ref, offset, 1);
  }

  async nothing(...[ref, offset]: Parameters<RecordSource["read"]>): ReturnType<RecordSource["read"]> {
    return { ...(await this.held(ref, offset, 1)), runs: [], nextOffset: offset, logStartOffset: 0 as Offset };
  }

  source(): RecordSource {
    this.opened += 1;
    const replica = (this.#tab as Tab).log.replica;
    return {
      local: false,
      rows: (refs) => replica.rows(refs),
      read: async (ref, offset) => {
        if (this.online && this.#brought.has(offset)) {
          this.reads.push(offset);
          return await this.held(ref, offset, 1);
        }
        if (this.online) {
          this.#brought.add(offset);
          void systemClock.sleep(0).then(() => this.tell());
        }
        return await this.nothing(ref, offset, 1);
      },
      onNews: (listener) => {
        const told = (): void => listener([]);
        this.#listeners.add(told);
        return () => void this.#listeners.delete(told);
      },
      close: () => void (this.opened -= 1),
    };
  }
}

/** `orders` with three batches; the first two are dropped on the device. */
async function cutWorld() {
  const remote = new FullEdge();
  await remote.take(await Tab.open());
  const here = await world(1, { readThrough: () => remote.source() });
  await here.edge.learn("orders", 1);
  for (const [at, records] of [
    [0, "a=1 b=1 gone=1"],
    [3, "a=2 gone"],
    [5, "c=1"],
  ] as const) {
    await remote.put(at, records);
    await here.fetched("orders-0", at, records);
  }
  const ref = await here.edge.ref("orders-0");
  const drop = (below: number): Promise<unknown> =>
    dropOldest(here.store, ref, (row) => row.lastOffset < below, { local: false });
  return { ...here, remote, ref, drop };
}

test("a table that is opened later has what was dropped before, and says meanwhile that it lacks it", async () => {
  const { page, drop, remote, fetched } = await cutWorld();
  await drop(5);
  const table = page.table("orders");
  expect(table.isComplete).toBe(false);
  await table.ready;
  expect([await inWords(table), table.isComplete]).toEqual(["c=1", false]);
  // News that come meanwhile are in it.
  await fetched("orders-0", 6, "d=1");
  await becomes(table, "c=1 d=1");
  expect(table.isComplete).toBe(false);
  await expect.poll(() => remote.opened).toBe(1);
  remote.online = true;
  remote.tell();
  await table.complete;
  expect([await inWords(table), table.isComplete]).toEqual(["a=2 b=1 c=1 d=1", true]);
  // What the device has is not fetched again, and the edge is left once it is not needed.
  expect([remote.reads, remote.opened]).toEqual([[0, 3], 0]);
  await page.close();
});

test("who keeps tables without an edge waits where something is lacking, and what waits for that may be dropped", async () => {
  const { page, store, edge, ref, drop, remote, fetched } = await cutWorld();
  await drop(3);
  const tables = new StoredTables(store);
  const topic = await edge.log.catalog.byName("orders");
  const keep = (): Promise<unknown> => advanceTable({ tables, replica: edge.log.replica }, topic as TopicRow, NEVER);
  expect(await keep()).toEqual({ lacking: [ref], filled: [] });
  expect((await tables.position(ref.topicKey)).positions).toEqual([]);
  await evict(store, 1e9, NEVER);
  await fetched("orders-0", 6, "d=1");
  const table = page.table("orders");
  await table.ready;
  expect([await inWords(table), table.isComplete]).toEqual(["d=1", false]);
  remote.online = true;
  await table.complete;
  expect(await inWords(table)).toBe("a=2 b=1 c=1 d=1");
  // From here on the table has it, and so what is new stays until it is taken in.
  await fetched("orders-0", 7, "e=1");
  await evict(store, 1e9, NEVER);
  await becomes(table, "a=2 b=1 c=1 d=1 e=1");
  expect(table.isComplete).toBe(true);
  await page.close();
});

test("what stands before the cut of a log that was truncated is in the table again once the replica is", async () => {
  const { page, edge, ref, fetched } = await cutWorld();
  const table = page.table("orders");
  await table.complete;
  expect(await inWords(table)).toBe("a=2 b=1 c=1");
  // As it is told: without a record. What the replica held is fetched again, from where it began.
  await edge.log.replica.store([runAt(ref, 5, [], { restart: true, lastCrc: null })]);
  await fetched("orders-0", 0, "a=1 b=1 gone=1");
  await fetched("orders-0", 3, "a=2 gone");
  await fetched("orders-0", 5, "c=9");
  await becomes(table, "a=2 b=1 c=9");
  expect(table.isComplete).toBe(true);
  await page.close();
});

test("a log that is cut offline when its start was dropped lacks that, and is filled from the edge again", async () => {
  const { page, drop, remote, fetched } = await cutWorld();
  await drop(5);
  remote.online = true;
  const table = page.table("orders");
  await table.complete;
  await expect.poll(() => remote.opened).toBe(0);
  remote.online = false;
  await fetched("orders-0", 5, "c=9", { restart: true });
  await becomes(table, "c=9");
  expect(table.isComplete).toBe(false);
  await expect.poll(() => remote.opened).toBe(1);
  remote.online = true;
  remote.tell();
  await becomes(table, "a=2 b=1 c=9");
  expect(table.isComplete).toBe(true);
  await page.close();
});

test("what was read ahead at the edge of a log that is another by now is not taken in", async () => {
  const [before, after] = [new FullEdge(), new FullEdge()];
  for (const remote of [before, after]) await remote.take(await Tab.open());
  const records = ["a=1 b=1", "a=2 b=2", "c=1"];
  for (const [at, some] of records.entries()) await before.put(at * 2, some);
  for (const [at, some] of ["a=1 b=1", "a=7 b=7", "c=9"].entries()) await after.put(at * 2, some);
  let isCut = false;
  const opened: FullEdge[] = [];
  const here = await world(1, {
    readThrough: () => {
      const remote = isCut ? after : before;
      opened.push(remote);
      return { ...remote.source(), read: (...asked) => (isCut ? remote.held(...asked) : remote.nothing(...asked)) };
    },
  });
  await here.edge.learn("orders", 1);
  const ref = await here.edge.ref("orders-0");
  const drop = (): Promise<unknown> => dropOldest(here.store, ref, (row) => row.lastOffset < 4, { local: false });
  for (const [at, some] of records.entries()) await here.fetched("orders-0", at * 2, some);
  await drop();
  const table = here.page.table("orders");
  await expect.poll(() => opened).toEqual([before]);
  isCut = true;
  await here.fetched("orders-0", 2, "a=7 b=7", { restart: true });
  await here.fetched("orders-0", 4, "c=9");
  await drop();
  await table.complete;
  await becomes(table, "a=7 b=7 c=9");
  expect(opened).toEqual([before, after]);
  await here.page.close();
});

test("who keeps a table tells that it is filled, where the edge has all of it at hand at once too", async () => {
  const { store, edge, ref, drop, remote } = await cutWorld();
  await drop(5);
  const told: DeviceMessage[] = [];
  const news = { listen: () => () => {}, publish: (message: DeviceMessage) => told.push(message) };
  const { replica, catalog, outbox } = edge.log;
  const deps = { tables: new StoredTables(store), replica, catalog, outbox, clock: systemClock };
  // It has been brought before: nothing is to be waited for.
  const atHand: RecordSource = { ...remote.source(), read: (...asked) => remote.held(...asked) };
  const keeper = new TableKeeper(
    { ...deps, news: news as never, locks: new MemoryLocks(), readThrough: () => atHand },
    { topic: "orders", lockName: "t" },
  );
  await expect.poll(() => told).toEqual([{ type: "replicated", refs: [ref] }]);
  keeper.close();
});

test("complete settles where the table is closed before", async () => {
  const { page, drop } = await cutWorld();
  await drop(5);
  const table = page.table("orders");
  await table.ready;
  await table.close();
  await expect(table.complete).rejects.toMatchObject({ code: "CLOSED" });
  expect(table.isComplete).toBe(false);
  await page.close();
});
