/**
 * Whatever the edge and the device do to their logs, in the end a table is the latest record of each key by time: the edge
 * appends, grows the topic and is restored from older copies; the device fetches, drops what it may, fetches again what a
 * table lacks of that, and dies.
 */
import { expect, test } from "vitest";
import type { RecordSource } from "../../client/consumer/record-source.ts";
import type { FetchedRun } from "../../client/log/device-log.ts";
import { advanceTable } from "../../client/log/advance-table.ts";
import { DeviceRetention } from "../../client/log/device-retention.ts";
import { StoredTables } from "../../client/log/table-store.ts";
import { evict } from "../../client/storage/eviction.ts";
import { compactPartition } from "../../client/log/device-compaction.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { PageTable } from "../../client/page/table.ts";
import type { Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { runAt } from "./log/fetched-run.ts";
import { TOPIC_ID } from "./log/log-fixture.ts";
import { EdgePartition, EdgeReads, latestOf } from "./table-edge.ts";
import { becomes, inWords, world } from "./table-world.ts";

const NEVER = new AbortController().signal;
const STEPS = 80;

/** A keeper's seconds are milliseconds here. */
const CLOCK: Clock = {
  now: () => systemClock.now(),
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

const HAPPENED = { restored: 0, dropped: 0, compacted: 0, tombstones: 0, kills: 0, grown: 0, refetched: 0, lacked: 0 };

test.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i", async (seed) => {
  const random = new SeededRandom(seed + 1_000);
  const partitions = [new EdgePartition(), new EdgePartition()];
  const reads = new EdgeReads(partitions);
  const readThrough = (): RecordSource => reads.source(edge.log, { clock: systemClock, random });
  const { store, open, page, edge } = await world(seed, { readThrough, clock: CLOCK });
  await edge.learn("orders", partitions.length, TOPIC_ID);
  // Of a table that nobody has opened so far, all that it needs may be dropped.
  const opensAt = seed % 2 === 0 ? 0 : STEPS / 2;
  let table: PageTable<string> | null = null;
  let now = 1_000;
  const append = (): void => {
    now += 1;
    const value = random.chance(0.25) ? null : `${random.below(1_000)}`;
    if (value === null) HAPPENED.tombstones += 1;
    random.pick(partitions).log.push({ key: `k${random.below(30)}`, value, timestamp: now });
    reads.changed(random.below(40));
  };
  const ref = async (partition: number) => await edge.ref(`orders-${partition}`);
  const fetch = async (partition: number, countMax: number): Promise<boolean> => {
    const edgeHas = partitions[partition] as EdgePartition;
    const { log, epoch, leaderEpoch } = edgeHas;
    const [row] = await edge.log.replica.rows([await ref(partition)]);
    const from = row?.replicatedTo ?? 0;
    const known = row?.leaderEpoch?.counter ?? epoch;
    const divergence = edgeHas.divergence(known);
    const bounds = { leaderEpoch, highWatermark: log.length as Offset };
    const cut = from > divergence;
    const some = cut ? [] : edgeHas.batches(from, countMax);
    if (!cut && some.length === 0 && known === epoch) return false;
    const at = cut ? divergence : from;
    const more: Partial<FetchedRun> = { ...bounds, ...(cut ? { restart: true, lastCrc: null } : {}) };
    await edge.log.replica.store([runAt(await ref(partition), at, some, more)]);
    page.tell();
    return true;
  };
  const retention = new DeviceRetention({ store, clock: systemClock });
  const step = async (): Promise<void> => {
    const partition = random.below(partitions.length);
    const dice = random.below(20);
    if (dice < 7) for (let left = 1 + random.below(6); left > 0; left -= 1) append();
    else if (dice < 12) await fetch(partition, 1 + random.below(6));
    else if (dice === 12) {
      const { log } = partitions[partition] as EdgePartition;
      partitions[partition]?.restore(random.below(log.length + 1));
      reads.changed(random.below(40));
      HAPPENED.restored += 1;
    } else if (dice === 13) HAPPENED.dropped += await evict(store, 1 + random.below(300), NEVER);
    else if (dice === 14) {
      const row = await edge.log.catalog.byName("orders");
      if (row === undefined) throw new Error("no topic");
      const policy = { ...row, retention: { records: random.below(5) } };
      HAPPENED.dropped += await retention.apply(policy, await ref(partition), NEVER);
    } else if (dice === 15)
      HAPPENED.compacted += await compactPartition(store, await ref(partition), { signal: NEVER, dirtyOffsetsMin: 1 });
    else if (dice === 16) {
      const row = await edge.log.catalog.byName("orders");
      if (row === undefined) throw new Error("no topic");
      await advanceTable({ tables: new StoredTables(store), replica: edge.log.replica }, row, NEVER);
    } else if (dice === 17) {
      page.kill();
      HAPPENED.kills += 1;
    } else if (dice === 18) {
      if (table === null) return;
      await table.close();
      table = page.table("orders");
      await table.ready;
    } else if (partitions.length < 4 && random.chance(0.3)) {
      partitions.push(new EdgePartition());
      await edge.learn("orders", partitions.length, TOPIC_ID);
      HAPPENED.grown += 1;
    }
  };
  for (let steps = 0; steps < STEPS; steps += 1) {
    if (steps === opensAt) {
      table = page.table("orders");
      await table.ready;
    }
    await step();
    // What is read ahead may be of a log that is another by then.
    if (random.chance(0.3)) await systemClock.sleep(random.below(12));
    if (table?.isComplete === false) HAPPENED.lacked += 1;
  }
  for (const partition of partitions.keys()) while (await fetch(partition, 100)) continue;
  const expected = latestOf(partitions);
  const later = await open();
  const tables = [table ?? page.table("orders"), later.table("orders")];
  for (const each of tables) {
    await becomes(each, expected);
    await expect.poll(() => each.isComplete).toBe(true);
    expect(await inWords(each)).toBe(expected);
  }
  HAPPENED.refetched += reads.brought;
  await Promise.all([...tables.map((each) => each.close()), page.close(), later.close()]);
  expect(page.errors).toEqual([]);
});

test("and all of it has happened", () => {
  expect(Math.min(...Object.values(HAPPENED)), JSON.stringify(HAPPENED)).toBeGreaterThan(10);
});
