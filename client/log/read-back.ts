/** After a transaction whose outcome is unknown: all of it happened or nothing did, so one batch tells. */
import type { AppendGroup } from "./append-group.ts";
import { storesOf, type PartitionRows } from "./append-transaction.ts";
import { entryKey, partitionKey } from "./keys.ts";
import { NEW_PARTITION } from "./partition-row.ts";
import type { LogRow, PartitionRow, PendingRow } from "./rows.ts";
import type { Store } from "./store.ts";

/** The rows from before it where it happened; null: another tab has written since, and it cannot be told. */
export async function readBack(store: Store, group: AppendGroup): Promise<PartitionRows | "not written" | null> {
  const { written } = group;
  if (written === null) return "not written";
  const plan = group.plans.find(({ batches }) => batches.length > 0);
  const before = plan === undefined ? undefined : (written.get(plan) ?? NEW_PARTITION);
  if (plan === undefined || before === undefined) return null;
  const { ref, topic } = plan;
  return await store.transact(storesOf(group.plans), { mode: "readonly" }, async (transaction) => {
    const [row, found] = await Promise.all([
      transaction.get<PartitionRow>("partitions", partitionKey(ref)),
      transaction.get<PendingRow | LogRow>(topic.local ? "log" : "pending", entryKey(ref, before.nextLocalSequence)),
    ]);
    if ((row ?? NEW_PARTITION).nextLocalSequence === before.nextLocalSequence) return "not written";
    const ours = plan.batches[0]?.bytes;
    return found !== undefined && ours !== undefined && sameBytes(found.bytes, ours) ? written : null;
  });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
