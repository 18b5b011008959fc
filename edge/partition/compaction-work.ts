/** Compaction as the partition's maintenance drives it: when the topic asks for it, and when enough is dirty. */
import type { Clock } from "../../shared/clock.ts";
import type { Cleaned } from "./compaction/compaction-rows.ts";
import type { ErasureOrders } from "./compaction/erasures.ts";
import { Compaction } from "./compaction/compaction.ts";
import type { LogExtent } from "./log-extent.ts";
import type { LogStore } from "./log-store.ts";
import type { BackgroundWork } from "./maintenance.ts";
import type { ProducerStates } from "./producer-states.ts";

export interface CompactionWorkParts {
  readonly store: LogStore;
  readonly extent: LogExtent;
  readonly producers: ProducerStates;
  readonly erasures: ErasureOrders;
  readonly clock: Clock;
  /** Rows may have been rewritten. */
  readonly changed: () => void;
}

export function compactionWork({
  store,
  extent,
  producers,
  erasures,
  clock,
  changed,
}: CompactionWorkParts): BackgroundWork {
  const log = {
    startOffset: () => extent.startOffset,
    cleaned: () => extent.cleaned,
    writeCleaned: (cleaned: Cleaned) => extent.writeCleaned(cleaned),
  };
  const compaction = new Compaction(store, log, { orders: erasures });
  return {
    // An order stands, whatever the topic's policy has become since it was given.
    due: () =>
      erasures.pending().length > 0 ||
      (extent.settings.cleanup.compact && compaction.due({ ...extent.settings, nowMs: clock.now() })),
    step: async () => {
      const snapshotsCover = producers.coveredTo;
      const done = await compaction.step({ ...extent.settings, nowMs: clock.now(), snapshotsCover });
      changed();
      return done;
    },
    stop: () => compaction.stop(),
    nextAtMs: () => {
      const { tombstonesSince } = extent.cleaned;
      if (erasures.pending().length > 0) return clock.now();
      if (!extent.settings.cleanup.compact || tombstonesSince === null) return null;
      return tombstonesSince + extent.settings.deleteRetentionMs;
    },
  };
}
