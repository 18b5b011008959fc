/** What a fetch brings, made by hand. */
import type { FetchedRun, PartitionRef } from "../../../client/log/device-log.ts";
import type { Crc, Offset } from "../../../shared/brands.ts";
import { batchByteLength, batchCrc, batchLastOffset, patchLogPosition } from "../../../shared/record-batch.ts";
import { writeCrc } from "../../../shared/record-batch-encode.ts";
import { batchOf } from "./log-fixture.ts";

/** `runAt(5, "a b", "c")`: a batch at 5 and one at 7. */
export function runAt(
  ref: PartitionRef,
  firstOffset: number,
  batches: readonly (string | Uint8Array<ArrayBuffer>)[],
  more: Partial<FetchedRun> = {},
): FetchedRun {
  const all = batches.map((one) => (typeof one === "string" ? batchOf(one) : one));
  const bytes = new Uint8Array(all.reduce((sum, batch) => sum + batch.byteLength, 0));
  let [at, nextOffset, lastCrc] = [0, firstOffset, null as Crc | null];
  for (const batch of all) {
    bytes.set(batch, at);
    writeCrc(bytes, at);
    patchLogPosition(bytes, at, { baseOffset: nextOffset, leaderEpoch: 1 });
    nextOffset = batchLastOffset(bytes, at) + 1;
    lastCrc = batchCrc(bytes, at) as Crc;
    at += batchByteLength(bytes, at);
  }
  const bounds = { highWatermark: nextOffset as Offset, logStartOffset: 0 as Offset, leaderEpoch: null };
  return {
    ref,
    from: firstOffset as Offset,
    bytes,
    firstOffset: firstOffset as Offset,
    nextOffset: nextOffset as Offset,
    restart: false,
    lastCrc,
    ...bounds,
    ...more,
  };
}
