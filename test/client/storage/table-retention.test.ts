/** What a table has not taken in yet is nowhere else on the device: it is not dropped. */
import { expect, test } from "vitest";
import { DeviceRetention } from "../../../client/log/device-retention.ts";
import { StoredTables } from "../../../client/log/table-store.ts";
import { DeviceNews } from "../../../client/device-news.ts";
import { advanceTable } from "../../../client/log/advance-table.ts";
import { evict } from "../../../client/storage/eviction.ts";
import { systemClock } from "../../../client/web-ports.ts";
import { TableSession } from "../../../client/worker/table-session.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Offset } from "../../../shared/brands.ts";
import { SILENT_CHANNEL } from "../consumer/fake-log.ts";
import { ReplicaLab } from "./replica-lab.ts";

const NEVER = new AbortController().signal;
const LATER: Clock = { now: () => 1e9, sleep: () => Promise.resolve() };

async function withTable(takenIn: number): Promise<{ lab: ReplicaLab; tables: StoredTables }> {
  const lab = await ReplicaLab.open({ retention: { ms: 1 } });
  for (const value of "abcde") await lab.put({ key: value, value });
  const tables = new StoredTables(lab.tab.store);
  const { restarts } = await tables.position(lab.ref.topicKey);
  const to = takenIn as Offset;
  if (takenIn > 0) await tables.advance({ ...lab.ref, from: 0 as Offset, restarts, to, latest: [] });
  return { lab, tables };
}

for (const takenIn of [0, 2, 5]) {
  const stay = ["0:a=a", "1:b=b", "2:c=c", "3:d=d", "4:e=e"].slice(takenIn).join(" ");

  test(`eviction stops at ${takenIn}, where the table ends`, async () => {
    const { lab } = await withTable(takenIn);
    await evict(lab.tab.store, 1e9, NEVER);
    expect(await lab.read()).toBe(stay);
  });

  test(`retention stops at ${takenIn}, where the table ends`, async () => {
    const { lab } = await withTable(takenIn);
    const retention = new DeviceRetention({ store: lab.tab.store, clock: LATER });
    await retention.apply(await lab.topicRow(), lab.ref, NEVER);
    expect(await lab.read()).toBe(stay);
  });
}

test("a table that nobody has open is taken further, so that its log may go", async () => {
  const { lab, tables } = await withTable(2);
  const { replica } = lab.tab.log;
  await advanceTable({ tables, replica }, await lab.topicRow(), NEVER);
  expect((await tables.position(lab.ref.topicKey)).positions).toEqual([5]);
  await evict(lab.tab.store, 1e9, NEVER);
  expect(await lab.read()).toBe("");
  const { segments } = await tables.read(lab.ref.topicKey, null);
  expect(segments.length).toBe(1);
});

test("who reads a table while its log goes has what went from what is kept", async () => {
  const { lab, tables } = await withTable(0);
  const { replica, outbox, catalog } = lab.tab.log;
  const news = new DeviceNews(SILENT_CHANNEL, systemClock);
  const deps = { tables, replica, outbox, catalog, news, clock: systemClock };
  const session = new TableSession(deps, "orders", { pending: false });
  expect((await session.poll(0)).runs.map(({ from, to }) => [from, to])).toEqual([[0, 5]]);
  await lab.put({ key: "f", value: "f" });
  await advanceTable({ tables, replica }, await lab.topicRow(), NEVER);
  await evict(lab.tab.store, 1e9, NEVER);
  await lab.put({ key: "g", value: "g" });
  const again = await session.poll(0);
  expect(again.reset).not.toBeNull();
  expect(again.kept).toHaveLength(1);
  expect((await session.poll(0)).runs.map(({ from, to }) => [from, to])).toEqual([[6, 7]]);
  session.close();
});
