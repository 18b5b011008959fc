/**
 * The edge with a second door, for benchmarks alone: it fills a partition's storage with a long log or many producers
 * in one request, through the product's own log, since a hundred thousand requests would take minutes.
 */
import type { Env } from "../../edge/env.ts";
import { LogStore } from "../../edge/partition/log-store.ts";
import { openPartition } from "../../edge/partition/open-partition.ts";
import { partitionName } from "../../edge/partition/partition-name.ts";
import { PartitionObject as Served } from "../../edge/partition/partition-object.ts";
import { PAGES, SHARDS } from "../../edge/partition/producer-place.ts";
import type { DeviceProducerState } from "../../edge/partition/producer-states.ts";
import { EMPTY_SHARD, ShardMerge } from "../../edge/partition/shard-merge.ts";
import { systemClock, systemRandom } from "../../edge/system-ports.ts";
import worker from "../../edge/worker.ts";
import { NO_CHAIN, type Chain, type Crc, type ProducerId } from "../../shared/brands.ts";
import { nextChain } from "../../shared/chain.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";

export { ControllerObject } from "../../edge/controller/controller-object.ts";
export { GroupObject } from "../../edge/group/group-object.ts";
export { RestConsumerObject } from "../../edge/rest-consumer/rest-consumer-object.ts";

const BATCH_CRC = 7 as Crc;

export class PartitionObject extends Served {
  /** Appends so many runs by so many producers. Answers the rows written. */
  fill(runs: number, producers: number): number {
    const { store, log } = this.#parts();
    const before = store.rowsWritten;
    const chains = new Map<number, { sequence: number; chain: Chain }>();
    for (let run = 0; run < runs; run += 1) {
      const index = run % producers;
      const { sequence, chain } = chains.get(index) ?? { sequence: 0, chain: NO_CHAIN };
      const producer = { kind: "device", id: idOf(index), firstSequence: sequence, chainBefore: chain } as const;
      const batches = [{ start: 0, count: 1, crc: BATCH_CRC, maxTimestamp: 1 }];
      const { answer } = log.append({ leaderEpoch: null, bytes: batchOf(run), batches, producer });
      if (answer.error !== null) throw new Error(answer.error.code);
      chains.set(index, { sequence: sequence + 1, chain: nextChain(chain, BATCH_CRC) });
    }
    return store.rowsWritten - before;
  }

  /** So many producers as snapshots, as if all had been here long ago. */
  seed(producers: number): void {
    const { store, extent } = this.#parts();
    const { nextOffset } = extent.end;
    const state: DeviceProducerState = { nextSequence: 45, chain: NO_CHAIN, recent: recentRuns(), voids: [] };
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const states = new Map(
        Array.from(
          { length: Math.ceil(producers / SHARDS) },
          (_, index) => [idOf(index * SHARDS + shard), state] as const,
        ),
      );
      const head = { replayFrom: nextOffset, runsSinceDue: 0, wallMs: 0, swept: false };
      const merge = ShardMerge.of(EMPTY_SHARD, states, { seen: 0, seenFrom: 0, requestsSeenFrom: 0 });
      store.writeShard({ shard, covers: nextOffset, clockMs: 0, ...merge.write(head) });
    }
  }

  /** Looks up so many of the producers that `seed` made, all over the shards. Answers how many are known. */
  lookUp(producers: number, lookUps: number): number {
    const { log } = (this.#kept ??= this.#parts());
    let known = 0;
    for (let at = 0; at < lookUps; at += 1) {
      const index = Math.floor(systemRandom.next() * producers);
      if (log.proof(idOf(index)).nextSequence !== null) known += 1;
    }
    return known;
  }

  /** As a serving object keeps them. */
  #kept: ReturnType<typeof openPartition> | null = null;

  #parts(): ReturnType<typeof openPartition> {
    const store = new LogStore(this.ctx.storage);
    const meta = store.meta();
    if (meta === null) throw new Error("a partition is filled once it was asked for");
    const alarm = { get: () => Promise.resolve(null), set: () => Promise.resolve() };
    const surroundings = { store, clock: systemClock, random: systemRandom, alarm, sockets: [], storageBytesMax: 9e9 };
    return openPartition({ ...surroundings, failed: (error) => console.error(error) }, meta);
  }
}

/** One after the other in all shards, and in all pages of each. */
function idOf(index: number): ProducerId {
  const places = SHARDS * PAGES;
  const [high, low] = [Math.floor(index / places), index % places].map((half) => half?.toString(16));
  return `4${high?.padStart(11, "0")}${low?.padStart(4, "0")}` as ProducerId;
}

function recentRuns(): DeviceProducerState["recent"] {
  return [0, 1, 2, 3, 4].map((at) => ({ sequence: at * 9, count: 9, baseOffset: at * 1_000_000 }));
}

function batchOf(run: number): Uint8Array {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key: null, value: new Uint8Array(100).fill(run), timestamp: 1 });
  return encoder.finish();
}

interface Filled extends Omit<Env, "PARTITION"> {
  readonly PARTITION: DurableObjectNamespace<PartitionObject>;
}

const filled: ExportedHandler<Filled> = {
  fetch: async (request, env, context) => {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith("/bench/"))
      return (await worker.fetch?.(request as never, env, context)) ?? new Response();
    const number = (name: string): number => Number(searchParams.get(name));
    const address = { namespace: "default", topicId: searchParams.get("topicId") ?? "", partition: 0 };
    const object = env.PARTITION.get(env.PARTITION.idFromName(partitionName(address)));
    switch (pathname) {
      case "/bench/fill":
        return Response.json(await object.fill(number("runs"), number("producers")));
      case "/bench/seed":
        return Response.json(await object.seed(number("producers")));
      default:
        return Response.json(await object.lookUp(number("producers"), number("lookUps")));
    }
  },
};

export default filled;
