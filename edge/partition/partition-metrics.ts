/** What a partition object counts, over the bindings: its meter, and what the meter looks at when it reports. */
import { hexOf } from "../../shared/producer-identity.ts";
import { settingsOf, type Env } from "../env.ts";
import { log, thrownFields } from "../log.ts";
import { PartitionMeter, type PartitionSample } from "../metrics/partition-meter.ts";
import { systemClock, systemRandom } from "../system-ports.ts";
import type { CountedAlarm } from "./counted-alarm.ts";
import type { LogStore } from "./log-store.ts";
import type { OpenPartition } from "./open-partition.ts";

export interface MeteredObject {
  readonly env: Env;
  readonly store: LogStore;
  readonly alarm: CountedAlarm;
  /** Null: the partition is not there, or not known to be. */
  readonly open: () => OpenPartition | null;
}

export function meterOf({ env, open, ...counted }: MeteredObject): PartitionMeter {
  return new PartitionMeter({
    clock: systemClock,
    instance: hexOf(systemRandom.bytes(8)),
    reportMs: settingsOf(env).reportMs,
    sample: () => sampleOf(counted, open()),
    send: async (namespace, report) => {
      await env.CONTROLLER.get(env.CONTROLLER.idFromName(namespace)).report(report);
    },
    failed: (error) => log.debug("a report was not heard", thrownFields(error)),
  });
}

function sampleOf(
  { store, alarm }: Pick<MeteredObject, "store" | "alarm">,
  open: OpenPartition | null,
): PartitionSample | null {
  if (open === null) return null;
  const { extent, groups, producers, tails } = open;
  const { logStartOffset, highWatermark } = extent.bounds();
  return {
    topic: extent.topicName,
    counts: {
      rows_written: store.rowsWritten + alarm.rowsWritten,
      rows_read: store.rowsRead,
      deleted_rows: store.rowsDeleted,
      compacted_bytes: store.bytesRewritten,
    },
    gauges: {
      size_bytes: extent.sizeBytes(),
      log_start_offset: logStartOffset,
      high_watermark: highWatermark,
      producer_bytes: producers.memoryBytes,
      tails_open: tails.count,
    },
    groups: groups.reports(),
  };
}
