/** What the device has dropped before a table of the topic was opened is fetched from the edge again. */
import { expect, test } from "vitest";
import type { RecordSource } from "../../client/consumer/record-source.ts";
import { advanceTable } from "../../client/log/advance-table.ts";
import { dropOldest } from "../../client/log/held-rows.ts";
import { StoredTables } from "../../client/log/table-store.ts";
import type { TopicRow } from "../../client/log/rows.ts";
import { evict } from "../../client/storage/eviction.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { Offset } from "../../shared/brands.ts";
import { runAt } from "./log/fetched-run.ts";
import { Tab } from "./log/log-fixture.ts";
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

  source(): RecordSource {
    this.opened += 1;
    const replica = (this.#tab as Tab).log.replica;
    return {
      local: false,
      rows: (refs) => replica.rows(refs),
      read: async (ref, offset) => {
        const read = await replica.read(ref, offset, 1);
        if (this.online && this.#brought.has(offset)) {
          this.reads.push(offset);
          return read;
        }
        if (this.online) {
          this.#brought.add(offset);
          void systemClock.sleep(0).then(() => this.tell());
        }
        return { ...read, runs: [], nextOffset: offset, logStartOffset: 0 as Offset };
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
  await expect.poll(() => remote.opened, { timeout: 4_000 }).toBe(1);
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
  expect(await keep()).toEqual([ref]);
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
