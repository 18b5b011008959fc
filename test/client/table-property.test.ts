/**
 * Whatever the edge and the device do to their logs, in the end a table is the latest record of each key by time: the edge
 * appends, grows the topic and is restored from older copies; the device fetches, drops what it may and dies.
 */
import { expect, test } from "vitest";
import type { FetchedRun } from "../../client/log/device-log.ts";
import { advanceTable } from "../../client/log/advance-table.ts";
import { DeviceRetention } from "../../client/log/device-retention.ts";
import { StoredTables } from "../../client/log/table-store.ts";
import { evict } from "../../client/storage/eviction.ts";
import { compactPartition } from "../../client/log/device-compaction.ts";
import { systemClock } from "../../client/web-ports.ts";
import type { LeaderEpoch, Offset } from "../../shared/brands.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { SeededRandom } from "../sim/seeded-random.ts";
import { runAt } from "./log/fetched-run.ts";
import { TOPIC_ID } from "./log/log-fixture.ts";
import { becomes, world } from "./table-world.ts";

const NEVER = new AbortController().signal;
const STEPS = 80;

interface Made {
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
}

/** A batch of one record at each offset. */
class EdgePartition {
  readonly log: Made[] = [];
  /** Where each restored copy ended; its index is the epoch before. */
  readonly cuts: number[] = [];

  get epoch(): number {
    return this.cuts.length + 1;
  }

  restore(to: number): void {
    this.log.length = to;
    this.cuts.push(to);
  }

  /** Up to where who knows that epoch holds what stands here. */
  divergence(epoch: number): number {
    return Math.min(Infinity, ...this.cuts.slice(epoch - 1));
  }
}

function batchOf({ key, value, timestamp }: Made): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key, value, timestamp });
  return encoder.finish();
}

function latestOf(partitions: readonly EdgePartition[]): string {
  const latest = new Map<string, Made>();
  for (const { log } of partitions)
    for (const record of log) {
      const held = latest.get(record.key);
      if (held === undefined || record.timestamp > held.timestamp) latest.set(record.key, record);
    }
  return [...latest.values()]
    .filter(({ value }) => value !== null)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value }) => `${key}=${value}`)
    .join(" ");
}

const HAPPENED = { restored: 0, dropped: 0, compacted: 0, tombstones: 0, kills: 0, grown: 0 };

test.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i", async (seed) => {
  const random = new SeededRandom(seed + 1_000);
  const { store, open, page, edge } = await world(seed);
  const partitions = [new EdgePartition(), new EdgePartition()];
  await edge.learn("orders", partitions.length, TOPIC_ID);
  let table = page.table("orders");
  let now = 1_000;
  const append = (): void => {
    now += 1;
    const value = random.chance(0.25) ? null : `${random.below(1_000)}`;
    if (value === null) HAPPENED.tombstones += 1;
    random.pick(partitions).log.push({ key: `k${random.below(30)}`, value, timestamp: now });
  };
  const ref = async (partition: number) => await edge.ref(`orders-${partition}`);
  const fetch = async (partition: number, countMax: number): Promise<boolean> => {
    const edgeHas = partitions[partition] as EdgePartition;
    const { log, epoch } = edgeHas;
    const [row] = await edge.log.replica.rows([await ref(partition)]);
    const from = row?.replicatedTo ?? 0;
    const known = row?.leaderEpoch?.counter ?? epoch;
    const divergence = edgeHas.divergence(known);
    const bounds = { leaderEpoch: { counter: epoch, random: 1 } as LeaderEpoch, highWatermark: log.length as Offset };
    const cut = from > divergence;
    const some = cut ? [] : log.slice(from, from + countMax).map(batchOf);
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
    else if (dice === 12 && seed % 2 === 0) {
      const { log } = partitions[partition] as EdgePartition;
      partitions[partition]?.restore(random.below(log.length + 1));
      HAPPENED.restored += 1;
    } else if (dice === 13 && seed % 2 === 1) HAPPENED.dropped += await evict(store, 1 + random.below(300), NEVER);
    else if (dice === 14 && seed % 2 === 1) {
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
      await table.close();
      table = page.table("orders");
      await table.ready;
    } else if (partitions.length < 4 && random.chance(0.3)) {
      partitions.push(new EdgePartition());
      await edge.learn("orders", partitions.length, TOPIC_ID);
      HAPPENED.grown += 1;
    }
  };
  await table.ready;
  for (let steps = 0; steps < STEPS; steps += 1) await step();
  for (const partition of partitions.keys()) while (await fetch(partition, 100)) continue;
  const expected = latestOf(partitions);
  await becomes(table, expected);
  const later = await open();
  const anew = later.table("orders");
  await becomes(anew, expected);
  await Promise.all([table.close(), anew.close(), page.close(), later.close()]);
  expect(page.errors).toEqual([]);
});

test("and all of it has happened", () => {
  expect(Math.min(...Object.values(HAPPENED)), JSON.stringify(HAPPENED)).toBeGreaterThan(10);
});
