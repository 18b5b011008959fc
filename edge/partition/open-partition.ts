/** The parts of a partition that has its tables, put together. */
import type { Clock } from "../../shared/clock.ts";
import type { Random } from "../../shared/random.ts";
import type { Erasures } from "./compaction/erasures.ts";
import { compactionWork } from "./compaction-work.ts";
import { LogExtent } from "./log-extent.ts";
import { LogReader } from "./log-reader.ts";
import type { LogStore } from "./log-store.ts";
import { Maintenance, type AlarmPort } from "./maintenance.ts";
import { PartitionLog } from "./partition-log.ts";
import { PartitionGroups } from "./partition-groups.ts";
import type { PartitionMeta } from "./partition-meta.ts";
import { PartitionReads } from "./partition-reads.ts";
import { ProducerStates } from "./producer-states.ts";
import { RowChecks } from "./row-check.ts";
import type { TailSocket } from "./tail-state.ts";
import { Tails } from "./tails.ts";

export interface OpenPartition {
  readonly store: LogStore;
  readonly erasures: Erasures;
  readonly extent: LogExtent;
  readonly producers: ProducerStates;
  readonly log: PartitionLog;
  readonly reads: PartitionReads;
  readonly groups: PartitionGroups;
  readonly maintenance: Maintenance;
  readonly tails: Tails;
}

export interface PartitionSurroundings {
  readonly store: LogStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly alarm: AlarmPort;
  readonly storageBytesMax: number;
  readonly sockets: readonly TailSocket[];
  readonly failed: (error: unknown) => void;
  /** Bytes of batches that tails were sent. */
  readonly tailSent?: (bytes: number) => void;
}

export function openPartition(surroundings: PartitionSurroundings, meta: PartitionMeta): OpenPartition {
  const { store, clock, random, alarm, failed } = surroundings;
  const extent = new LogExtent(store, meta);
  const producers = new ProducerStates(store, { retentionMs: extent.settings.producerStateRetentionMs });
  const log = new PartitionLog({ ...surroundings, extent, producers });
  const reads = new PartitionReads(
    extent,
    new LogReader(store, new RowChecks(random, (offset) => extent.epochCounterAt(offset))),
    random,
  );
  const groups = new PartitionGroups({ store, extent, reads, clock });
  const erasures = store.erasures();
  const changed = (): void => reads.forgetChunks();
  const works = [compactionWork({ store, extent, producers, erasures, clock, changed })];
  const maintenance = new Maintenance({ store, extent, producers, clock, alarm, works, failed });
  const sent = surroundings.tailSent === undefined ? {} : { sent: surroundings.tailSent };
  const tails = new Tails({ reads, extent, clock, sockets: surroundings.sockets, ...sent });
  return { store, erasures, extent, producers, log, reads, groups, maintenance, tails };
}
