/** What a partition writes and reads back of its producers: few rows, and the same states however often it is evicted. */
import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ProducerRun } from "../../edge/partition/log-rows.ts";
import { LogStore } from "../../edge/partition/log-store.ts";
import { openPartition } from "../../edge/partition/open-partition.ts";
import type { PartitionLog } from "../../edge/partition/partition-log.ts";
import { newMeta } from "../../edge/partition/partition-meta.ts";
import type { AppendRequest } from "../../edge/partition/partition-port.ts";
import { SHARDS } from "../../edge/partition/producer-states.ts";
import type { TopicId } from "../../shared/brands.ts";
import { batchMaxTimestamp } from "../../shared/record-batch.ts";
import { seeded } from "../harness/seeded.ts";
import { newDevice, type Device, type SealedBatch } from "./device.ts";

const NOWHERE = { name: "none", topicId: "" as TopicId, partition: 0 };
const EPOCH = { counter: 0, random: 1 };
const CLOCK = { now: () => 1_000, sleep: async () => undefined };
const RANDOM = { next: () => 0.5, bytes: (length: number) => new Uint8Array(length) };
const NO_ALARM = { get: () => Promise.resolve(null), set: () => Promise.resolve() };
const fail = (error: unknown): never => {
  throw error;
};
const RUNS = 2_000;
const PRODUCERS = 100;

function requestOf(device: Device, { bytes, sequence, count, crc, chainBefore }: SealedBatch): AppendRequest {
  const batches = [{ start: 0, count, crc, maxTimestamp: batchMaxTimestamp(bytes, 0) }];
  const producer = { kind: "device" as const, id: device.id, firstSequence: sequence, chainBefore };
  return { leaderEpoch: null, bytes: bytes.slice(), batches, producer };
}

interface Sent {
  readonly device: Device;
  readonly batch: SealedBatch;
}

/** Runs of all devices, mixed by chance; the first hundred bring all of them in. */
async function history(): Promise<{ readonly devices: readonly Device[]; readonly sent: readonly Sent[] }> {
  const random = seeded(7);
  const devices = await Promise.all(Array.from({ length: PRODUCERS }, async () => await newDevice(NOWHERE)));
  const sent = Array.from({ length: RUNS }, (_, index) => {
    const device = devices[index < PRODUCERS ? index : Math.floor(random() * PRODUCERS)] as Device;
    const values = Array.from({ length: 1 + Math.floor(random() * 3) }, () => "v");
    return { device, batch: device.batch(...values) };
  });
  return { devices, sent };
}

interface Outcome {
  readonly rowsWritten: number;
  /** Runs that a recovery reads after the last of them. */
  readonly unread: number;
  /** Proofs, and what a duplicate of each device's last run is answered. */
  readonly seen: unknown;
}

/** Says how many rows a recovery has read. */
class CountingStore extends LogStore {
  runsRead = 0;

  override *producerRunsFrom(offset: number): Generator<ProducerRun> {
    for (const run of super.producerRunsFrom(offset)) {
      this.runsRead += 1;
      yield run;
    }
  }
}

/** The history in a partition of its own, which forgets its memory after each run that `evicts` says. */
async function played(name: string, evicts: (index: number) => boolean): Promise<Outcome> {
  const { devices, sent } = await mixed;
  return await runInDurableObject(env.PARTITION.get(env.PARTITION.idFromName(name)), (_, { storage }) => {
    const store = new CountingStore(storage);
    const meta = newMeta({ name: "t", revision: 1, config: {}, growths: [] }, EPOCH);
    store.create(meta);
    const born = store.rowsWritten;
    const open = (): PartitionLog =>
      openPartition(
        { store, clock: CLOCK, random: RANDOM, alarm: NO_ALARM, storageBytesMax: 1e9, sockets: [], failed: fail },
        meta,
      ).log;
    let log = open();
    const last = new Map<Device, SealedBatch>();
    for (const [index, { device, batch }] of sent.entries()) {
      if (evicts(index)) log = open();
      const { answer } = log.append(requestOf(device, batch));
      if (answer.error !== null) throw new Error(`${index}: ${answer.error.code}`);
      last.set(device, batch);
    }
    const rowsWritten = store.rowsWritten - born;
    const seen = devices.map((device) => [
      log.proof(device.id),
      log.append(requestOf(device, last.get(device) as SealedBatch)),
    ]);
    store.runsRead = 0;
    open();
    return { rowsWritten, unread: store.runsRead, seen };
  });
}

const mixed = history();

test("a run costs at most 1.1 rows, snapshots and all", async () => {
  const { rowsWritten, unread } = await played("calm", () => false);
  expect(rowsWritten).toBeGreaterThan(RUNS);
  expect(rowsWritten / RUNS).toBeLessThanOrEqual(1.1);
  expect(unread).toBeLessThanOrEqual(SHARDS * 10);
});

test("evictions at random points change no producer's state", async () => {
  const calm = await played("calm again", () => false);
  const random = seeded(3);
  let evictions = 0;
  const evicted = await played("evicted", () => {
    const evicts = random() < 0.02;
    if (evicts) evictions += 1;
    return evicts;
  });
  expect(evictions).toBeGreaterThan(10);
  expect(evicted.seen).toEqual(calm.seen);
});

test("a partition that never lives long enough for ten runs writes its snapshots all the same", async () => {
  const { rowsWritten, unread } = await played("short-lived", (index) => index % 7 === 0);
  expect(rowsWritten / RUNS).toBeLessThanOrEqual(1.1);
  expect(unread).toBeLessThanOrEqual(SHARDS * 10);
});
