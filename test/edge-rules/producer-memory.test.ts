/** A million producers on one partition: what memory they take, counted and measured, and what is read for them. */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ShardRow } from "../../edge/partition/log-rows.ts";
import { PAGES, SHARDS } from "../../edge/partition/producer-place.ts";
import { ProducerStates, RUNS_PER_SNAPSHOT } from "../../edge/partition/producer-states.ts";
import { EMPTY_SHARD, ShardMerge } from "../../edge/partition/shard-merge.ts";
import type { Chain } from "../../shared/brands.ts";
import { LIMITS } from "../../shared/limits.ts";
import { seeded } from "../harness/seeded.ts";
import { tempDir } from "../harness/temp-dir.ts";
import { idOf, MemoryPartition, MemoryRows } from "./producer-rows.ts";

const MIB = 1024 * 1024;
const MEMORY_BYTES_MAX = 32 * MIB;
const REPLAYED_RUNS = SHARDS * RUNS_PER_SNAPSHOT;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Blobs in a file, and the runs that a wake needs: what is left in memory is the partition's. */
class FileRows extends MemoryRows {
  readonly #file: number;
  readonly #lengths = new Map<number, number>();
  /** Of states. */
  bytesRead = 0;

  constructor(path: string) {
    super();
    this.#file = openSync(path, "w+");
  }

  override writeShard(row: ShardRow): void {
    writeSync(this.#file, row.states, 0, row.states.length, row.shard * LIMITS.rowBytesMax);
    this.#lengths.set(row.shard, row.states.length);
    super.writeShard({ ...row, states: new Uint8Array() });
    if (this.runs.length > 2 * REPLAYED_RUNS) this.runs = this.runs.slice(-REPLAYED_RUNS);
  }

  override shardStates(shard: number): Uint8Array {
    return this.#read(shard, 0, this.#lengths.get(shard) ?? 0);
  }

  override shardPage(shard: number, from: number, length: number): Uint8Array {
    return this.#read(shard, from, length);
  }

  #read(shard: number, from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.bytesRead += readSync(this.#file, bytes, 0, length, shard * LIMITS.rowBytesMax + from);
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
  }
}

let folder: Awaited<ReturnType<typeof tempDir>>;

beforeAll(async () => {
  folder = await tempDir("producers");
});

afterAll(async () => {
  await folder.remove();
});

/** So many producers as snapshots, five runs each, as if they had all been here long ago. */
function seededRows(producers: number): FileRows {
  const rows = new FileRows(join(folder.path, `${producers}`));
  const head = { replayFrom: 100, runsSinceDue: 0, wallMs: 0, swept: false };
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const states = new Map(
      Array.from({ length: Math.ceil(producers / SHARDS) }, (_, index) => {
        const recent = [0, 1, 2, 3, 4].map((at) => ({
          sequence: at * 9,
          count: 9,
          baseOffset: at * 1_000_000 + index,
        }));
        return [idOf(index, shard), { nextSequence: 45, chain: index as Chain, recent, voids: [] }] as const;
      }),
    );
    const merge = ShardMerge.of(EMPTY_SHARD, states, { seen: 0, seenFrom: 0, requestsSeenFrom: 0 });
    rows.writeShard({ shard, covers: 100, clockMs: 0, ...merge.write(head) });
  }
  return rows;
}

function partitionOf(rows: FileRows): MemoryPartition {
  const partition = new MemoryPartition(Number.MAX_SAFE_INTEGER, rows);
  partition.nextOffset = 10_000_000;
  return partition;
}

function appended(partition: MemoryPartition, producers: number, runs: number): void {
  const random = seeded(runs);
  for (let index = 0; index < runs; index += 1) {
    const id = idOf(Math.floor((random() * producers) / SHARDS), Math.floor(random() * SHARDS));
    partition.append(id, 3, index);
    partition.oracle.clear();
  }
}

/** Buffers are given back a while after they were collected. */
async function memoryBytes(): Promise<number> {
  for (let round = 0; round < 5; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test("a million producers take 32 MB at most", async () => {
  const rows = seededRows(1_000_000);
  appended(partitionOf(rows), 1_000_000, 500);
  const before = await memoryBytes();
  const partition = partitionOf(rows);
  let counted = 0;
  for (let round = 0; round < 6; round += 1) {
    appended(partition, 1_000_000, 1_000);
    counted = Math.max(counted, partition.states.memoryBytes);
  }
  const measured = (await memoryBytes()) - before;
  expect(counted).toBeLessThanOrEqual(MEMORY_BYTES_MAX);
  expect(measured).toBeLessThanOrEqual(MEMORY_BYTES_MAX);
  // The partition is still reachable where memory was measured.
  expect(partition.states.device(idOf(0, 0))?.nextSequence).toBeGreaterThanOrEqual(45);
  rows.close();
});

test("a look-up of one of a million reads a page, which is a small part of its shard", () => {
  const rows = seededRows(1_000_000);
  const { states } = partitionOf(rows);
  const shardBytes = rows.shardStates(0).length;
  rows.bytesRead = 0;
  const random = seeded(9);
  for (let index = 0; index < 2_000; index += 1) {
    const id = idOf(Math.floor((random() * 1_000_000) / SHARDS), Math.floor(random() * SHARDS));
    expect(states.device(id)?.nextSequence).toBe(45);
  }
  expect(shardBytes).toBeGreaterThan(64 * 1024);
  expect(rows.bytesRead / 2_000).toBeLessThan((2 * shardBytes) / PAGES);
  expect(rows.bytesRead / 2_000).toBeGreaterThan((0.5 * shardBytes) / PAGES);
  rows.close();
});

test("a wake with 100,000 producers reads the columns of ten rows for each shard, and no states", () => {
  const rows = seededRows(100_000);
  const partition = partitionOf(rows);
  appended(partition, 100_000, 100_000);
  const [idle] = [...rows.shardRows.values()].filter(({ covers }) => covers === 100);
  expect(idle).toBeUndefined();
  rows.runsRead = 0;
  rows.bytesRead = 0;
  const states = new ProducerStates(rows, { retentionMs: 1 });
  expect(states.memoryBytes).toBeGreaterThan(0);
  expect(rows.runsRead).toBeGreaterThan(REPLAYED_RUNS * 0.8);
  expect(rows.runsRead).toBeLessThanOrEqual(REPLAYED_RUNS);
  expect(rows.bytesRead).toBe(0);
  rows.close();
});
