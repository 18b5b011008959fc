/** What one transaction sends, as a pack of its own: it shares its fate with nobody. */
import { STICKY, type Partitioning } from "../producer/partitioner.ts";
import type { Pack } from "../calls/append-calls.ts";
import { PackBuilder } from "./pack-builder.ts";
import type { PreparedTopic } from "./packer.ts";
import type { PartitionCounts } from "./partition-counts.ts";

export interface LonePackDeps {
  readonly counts: PartitionCounts;
  readonly partitioning: Partitioning;
}

/** Null: nothing is sent. */
export async function packAlone(
  topics: readonly PreparedTopic[],
  { counts, partitioning }: LonePackDeps,
): Promise<Pack | null> {
  if (topics.length === 0) return null;
  const unknown = topics.filter(({ topic }) => counts.get(topic) === undefined);
  await Promise.all(unknown.map(({ topic }) => counts.learn(topic)));
  const builder = new PackBuilder({ durability: "strict", compression: "none" }, []);
  for (const { topic, messages, records } of topics) {
    const count = counts.get(topic) ?? null;
    let [choice, partition] = [STICKY, STICKY];
    for (const [index, record] of records.entries()) {
      const message = messages[index];
      if (message === undefined) continue;
      // The chunks of a message stay together.
      const follows = (record.chunk ?? 0) > 0;
      if (!follows) choice = partitioning.choose({ topic, count, message, key: record.key });
      if (!follows) partition = choice === STICKY ? partitioning.sticky(topic, count ?? 0) : choice;
      const full = builder.add({ topic, partition, partitionCount: count ?? 0 }, record, new Map());
      if (full && choice === STICKY && !follows) partitioning.nextBatch(topic, count ?? 0);
    }
    partitioning.nextBatch(topic, count ?? 0);
  }
  return builder.finish();
}
