import { describe, expect, test } from "vitest";
import type { Crc, ProducerId } from "../../shared/brands.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import { batchCrc } from "../../shared/record-batch.ts";
import { seal, sealedCrcOf } from "../../shared/record-batch-seal.ts";

describe("the sealed CRC of a batch that is no longer whole", () => {
  test.each([1, 2, 100, 5_000])("is that of the batch when it was, of %i bytes of value", (length) => {
    const encoder = new RecordBatchEncoder();
    encoder.append({ key: "k", value: "v".repeat(length), timestamp: 1_000 });
    const bytes = encoder.finish();
    const stored = batchCrc(bytes, 0) as Crc;
    for (const baseSequence of [0, 1, 2 ** 31 - 2]) {
      const identity = { producerId: "5102030405060708" as ProducerId, baseSequence };
      expect(sealedCrcOf(stored, bytes.byteLength, identity)).toBe(seal(bytes.slice(), 0, identity));
    }
  });
});
