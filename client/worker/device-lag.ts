/** How far a group of this device is behind, by the device's own log. */
import type { LagStatus } from "../../shared/api/groups.ts";
import { offset as toOffset, partition as toPartition } from "../../shared/brands.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { DeviceGroupLag, DevicePartitionLag } from "../calls/admin-calls.ts";
import type { Device } from "./device.ts";

/** Of all topics in which it has committed, with the partitions in which it has not. */
export async function deviceGroupLag(
  { catalog, replica, clock }: Pick<Device, "catalog" | "replica" | "clock">,
  groupId: string,
): Promise<DeviceGroupLag> {
  const committed = await replica.committedBy(groupId);
  if (committed.length === 0) throw new StrandlineError("GROUP_ID_NOT_FOUND", JSON.stringify(groupId), { groupId });
  const its = new Set(committed.map(({ ref }) => ref.topicKey));
  const topics = (await catalog.all()).filter(({ retired, topicKey }) => !retired && its.has(topicKey));
  const now = clock.now();
  const lags = topics.map(async ({ name, topicId, topicKey, partitionCount }) => {
    const refs = Array.from({ length: partitionCount ?? 0 }, (_, index) => ({
      topicKey,
      partition: toPartition(index),
    }));
    const rows = await replica.rows(refs);
    return await Promise.all(
      refs.map(async (ref, index): Promise<DevicePartitionLag> => {
        const { partition } = ref;
        const { logStartOffset = 0, highWatermark = 0 } = rows[index] ?? {};
        const here = committed.find((one) => one.ref.topicKey === topicKey && one.ref.partition === partition);
        const position = toOffset(Math.max(here?.offset ?? 0, logStartOffset));
        const lag = Math.max(0, highWatermark - position);
        const since = lag === 0 ? null : await replica.timeAt(ref, position);
        return {
          ...{ topic: name, topicId, partition, logStartOffset, logEndOffset: highWatermark },
          ...{ committed: here?.offset ?? null, lag, rate: null, memberId: null, error: null },
          ...{ timeLagMs: since === null ? 0 : Math.max(0, now - since), status: statusOf(lag) },
        };
      }),
    );
  });
  const partitions = (await Promise.all(lags)).flat();
  const lag = partitions.reduce((sum, one) => sum + one.lag, 0);
  const timeLagMs = partitions.reduce((longest, one) => Math.max(longest, one.timeLagMs), 0);
  return { groupId, status: statusOf(lag), lag, timeLagMs, partitions };
}

/** What Burrow's other words need, the commits before the last, is not kept on a device. */
function statusOf(lag: number): LagStatus | null {
  return lag === 0 ? "OK" : null;
}
