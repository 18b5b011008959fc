import type { FetchedRun } from "../../../client/log/device-log.ts";
import type { Crc, Offset } from "../../../shared/brands.ts";
import { batchCrc, batchLastOffset, patchLogPosition } from "../../../shared/record-batch.ts";
import { writeCrc } from "../../../shared/record-batch-encode.ts";
import { seal } from "../../../shared/record-batch-seal.ts";
import { batchOf, ROOT } from "../log/log-fixture.ts";
import type { ConsumerLab } from "./consumer-lab.ts";

/** What a fetch brings: one batch of another device, or of this one where `sequence` says so. */
export async function fetched(
  lab: ConsumerLab,
  at: number,
  records: string,
  own?: { sequence: number },
): Promise<void> {
  const bytes = batchOf(records);
  if (own === undefined) writeCrc(bytes, 0);
  else seal(bytes, 0, { producerId: ROOT.producerId, baseSequence: own.sequence });
  patchLogPosition(bytes, 0, { baseOffset: at, leaderEpoch: 1 });
  const nextOffset = (batchLastOffset(bytes, 0) + 1) as Offset;
  const ref = await lab.tab.ref("orders-0");
  const run: FetchedRun = {
    ref,
    from: at as Offset,
    bytes,
    firstOffset: at as Offset,
    nextOffset,
    restart: false,
    lastCrc: batchCrc(bytes, 0) as Crc,
    highWatermark: nextOffset,
    logStartOffset: 0 as Offset,
    leaderEpoch: { counter: 1, nonce: 1 } as never,
  };
  await lab.tab.log.replica.store([run]);
  lab.news.publish({ type: "replicated", refs: [ref] });
}
