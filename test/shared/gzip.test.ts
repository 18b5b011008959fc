import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { gzipBatch, openBatch, tryOpenBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  writeInt16,
  writeInt32,
} from "../../shared/record-batch.ts";
import { asError, checkRecords, readBatch, recordsStart, type RecordBatch } from "../../shared/record-batch-decode.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { batchOf, recordList } from "./record-arbitraries.ts";

const PLAIN = batchOf(
  Array.from({ length: 40 }, (_, index) => ({ key: `key-${index}`, value: "the same again", timestamp: index })),
);

function batchIn(bytes: Uint8Array): RecordBatch {
  const reading = readBatch(bytes, 0);
  if (!reading.ok) throw asError(reading.damage);
  return reading.batch;
}

/** A batch of 40 records, they say, whose records' bytes are these. */
function batchWith(attributes: number, payload: Uint8Array): RecordBatch {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + payload.length);
  bytes.set(PLAIN.subarray(0, BATCH_HEADER_BYTES));
  bytes.set(payload, BATCH_HEADER_BYTES);
  writeInt32(bytes, LENGTH_AT, bytes.length - LOG_OVERHEAD_BYTES);
  writeInt16(bytes, ATTRIBUTES_AT, attributes);
  writeCrc(bytes, 0);
  return batchIn(bytes);
}

const codeOf = async (batch: RecordBatch, inflatedBytesMax?: number): Promise<string> => {
  const reading = await tryOpenBatch(batch, inflatedBytesMax === undefined ? {} : { inflatedBytesMax });
  if (reading.ok) return checkRecords(reading.batch, { produced: true })?.code ?? "whole";
  expect(reading.damage.position).toBe(recordsStart(batch));
  return reading.damage.code;
};

test("what was compressed opens as it was, and is never larger than it was", async () => {
  await fc.assert(
    fc.asyncProperty(recordList, async (list) => {
      const plain = batchOf(list);
      const packed = await gzipBatch(plain);
      expect(packed.length).toBeLessThanOrEqual(plain.length);
      const opened = await openBatch(batchIn(packed));
      expect(
        Buffer.compare(opened.bytes.subarray(recordsStart(opened), opened.end), plain.subarray(BATCH_HEADER_BYTES)),
      ).toBe(0);
      expect(checkRecords(opened, { produced: true })).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test("what is compressed is kept as it is", async () => {
  const packed = await gzipBatch(PLAIN);
  expect(packed.length).toBeLessThan(PLAIN.length);
  expect(await gzipBatch(packed)).toBe(packed);
});

test("a bomb is left alone at its cap", async () => {
  const bomb = gzipSync(new Uint8Array(LIMITS.inflatedBytesMax + 1));
  expect(bomb.length).toBeLessThan(20_000);
  expect(await codeOf(batchWith(1, bomb))).toBe("MESSAGE_TOO_LARGE");
  const records = PLAIN.length - BATCH_HEADER_BYTES;
  expect(await codeOf(batchIn(await gzipBatch(PLAIN)), records - 1)).toBe("MESSAGE_TOO_LARGE");
  expect(await codeOf(batchIn(await gzipBatch(PLAIN)), records)).toBe("whole");
});

test("a bomb is never handed to the platform, which would inflate all of it before any cap is asked", async () => {
  const given = vi.fn<() => never>();
  vi.stubGlobal("DecompressionStream", given);
  expect(await codeOf(batchWith(1, gzipSync(new Uint8Array(LIMITS.inflatedBytesMax + 1))))).toBe("MESSAGE_TOO_LARGE");
  vi.unstubAllGlobals();
  expect(given).not.toHaveBeenCalled();
});

test("garbage, nothing, half of it, more behind it", async () => {
  const packed = gzipSync(PLAIN.subarray(BATCH_HEADER_BYTES));
  expect(await codeOf(batchWith(1, packed))).toBe("whole");
  expect(await codeOf(batchWith(1, PLAIN.subarray(BATCH_HEADER_BYTES)))).toBe("CORRUPT_MESSAGE");
  expect(await codeOf(batchWith(1, new Uint8Array(0)))).toBe("CORRUPT_MESSAGE");
  for (let length = 1; length < packed.length; length += 7) {
    expect(await codeOf(batchWith(1, packed.subarray(0, length))), `${length} bytes`).toBe("CORRUPT_MESSAGE");
  }
  expect(await codeOf(batchWith(1, Buffer.concat([packed, new Uint8Array(9)])))).toBe("CORRUPT_MESSAGE");
  expect(await codeOf(batchWith(1, gzipSync(PLAIN)))).toBe("CORRUPT_MESSAGE");
});

test.each(["snappy", "lz4", "zstd", "codec 5", "codec 6", "codec 7"])(
  "%s cannot be opened here, and says so",
  async (name) => {
    const attributes = ["none", "gzip", "snappy", "lz4", "zstd", "codec 5", "codec 6", "codec 7"].indexOf(name);
    const batch = batchWith(attributes, PLAIN.subarray(BATCH_HEADER_BYTES));
    expect(await codeOf(batch)).toBe("UNSUPPORTED_COMPRESSION_TYPE");
    await expect(openBatch(batch)).rejects.toThrow(name);
    expect(checkRecords(batch)).toMatchObject({ code: "UNSUPPORTED_COMPRESSION_TYPE" });
  },
);
