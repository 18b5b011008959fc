/** A run's own bytes as a table: what is sound comes back described, what is not is refused by name and place. */
import { describe, expect, test } from "vitest";
import { checkRun, claimedProducer, type CheckedRun } from "../../edge/operations/run-check.ts";
import { NO_CHAIN, type ProducerId } from "../../shared/brands.ts";
import { gzipBatch } from "../../shared/gzip.ts";
import { LIMITS } from "../../shared/limits.ts";
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  MAGIC_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  batchCrc,
  writeInt16,
  writeInt32,
} from "../../shared/record-batch.ts";
import { RecordBatchEncoder, writeCrc } from "../../shared/record-batch-encode.ts";
import { bytesOfHex } from "../../shared/producer-identity.ts";
import type { ErrorBody, StrandlineError } from "../../shared/strandline-error.ts";

const DEVICE = "4000000000000007";
const OTHER_DEVICE = "4000000000000008";
const KAFKA = "0000000000000007";
const NOBODY = "ffffffffffffffff";
const SEQUENCE_MAX = 0x7fff_ffff;

interface Sealed {
  readonly id?: string;
  readonly epoch?: number;
  readonly sequence?: number;
  /** Changes the bytes before the CRC is written. */
  readonly spoil?: (bytes: Uint8Array) => void;
}

function batch(values: string, { id = DEVICE, epoch = 0, sequence = 0, spoil }: Sealed = {}): Uint8Array {
  const encoder = new RecordBatchEncoder();
  for (const value of values) encoder.append({ key: null, value, timestamp: 1_000 });
  return sealed(encoder.finish(), { id, epoch, sequence, ...(spoil === undefined ? {} : { spoil }) });
}

function sealed(plain: Uint8Array, { id = DEVICE, epoch = 0, sequence = 0, spoil }: Sealed): Uint8Array {
  const bytes = plain.slice();
  bytes.set(bytesOfHex(id), PRODUCER_ID_AT);
  writeInt16(bytes, PRODUCER_EPOCH_AT, epoch);
  writeInt32(bytes, BASE_SEQUENCE_AT, sequence);
  spoil?.(bytes);
  writeCrc(bytes, 0);
  return bytes;
}

function runOf(...batches: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(batches.flatMap((one) => [...one]));
}

async function check(run: Uint8Array, batchBytesMax: number = LIMITS.batchBytesMax): Promise<CheckedRun> {
  return await checkRun(run, NO_CHAIN, { batchBytesMax });
}

async function refusalOf(run: Uint8Array, batchBytesMax?: number): Promise<ErrorBody> {
  const refused = await check(run, batchBytesMax).then(
    () => null,
    (error: unknown) => error as StrandlineError,
  );
  if (refused === null) throw new Error("not refused");
  return refused.toBody();
}

const attribute =
  (bits: number) =>
  (bytes: Uint8Array): void =>
    writeInt16(bytes, ATTRIBUTES_AT, bits);

describe("a sound run", () => {
  test("of a device is described, batch by batch", async () => {
    const [a, b] = [batch("xy", { sequence: 3 }), batch("z", { sequence: 5 })];
    expect(await check(runOf(a, b))).toEqual({
      batches: [
        { start: 0, count: 2, crc: batchCrc(a, 0), maxTimestamp: 1_000 },
        { start: a.length, count: 1, crc: batchCrc(b, 0), maxTimestamp: 1_000 },
      ],
      producer: { kind: "device", id: DEVICE, firstSequence: 3, chainBefore: NO_CHAIN },
    });
  });

  test("of a Kafka producer is one batch, of any codec, and its sequences may wrap", async () => {
    const { producer } = await check(batch("xy", { id: KAFKA, epoch: 4, sequence: SEQUENCE_MAX }));
    expect(producer).toEqual({ kind: "kafka", id: KAFKA, epoch: 4, firstSequence: SEQUENCE_MAX });
    for (const codec of [2, 3, 4]) expect(await check(batch("x", { id: KAFKA, spoil: attribute(codec) }))).toBeTruthy();
  });

  test("of nobody needs no sequences", async () => {
    const nobodys = batch("x", { id: NOBODY, epoch: -1, sequence: -1 });
    expect((await check(runOf(nobodys, nobodys))).producer).toEqual({ kind: "none" });
  });

  test("compressed with gzip is looked into", async () => {
    const packed = await gzipBatch(batch("x".repeat(500)));
    expect((await check(packed)).batches).toMatchObject([{ count: 500, crc: batchCrc(packed, 0) }]);
  });

  test("at exactly the topic's limit is taken", async () => {
    const one = batch("xyz");
    expect((await check(one, one.length)).batches).toHaveLength(1);
  });
});

const FIRST = batch("xy");

interface Refusal {
  readonly name: string;
  readonly run: Uint8Array;
  readonly error: Partial<ErrorBody>;
}

const BEHIND: readonly Refusal[] = [
  { name: "a gap", run: batch("z", { sequence: 3 }), error: { code: "INVALID_RECORD", sequence: 3 } },
  { name: "an overlap", run: batch("z", { sequence: 1 }), error: { code: "INVALID_RECORD", sequence: 1 } },
  {
    name: "another producer",
    run: batch("z", { id: OTHER_DEVICE, sequence: 2 }),
    error: { code: "INVALID_RECORD", sequence: 2 },
  },
  {
    name: "bytes of no batch",
    run: new Uint8Array(70),
    error: { code: "CORRUPT_MESSAGE", sequence: 2, position: FIRST.length + MAGIC_AT },
  },
  {
    name: "a batch cut short",
    run: batch("z", { sequence: 2 }).slice(0, -1),
    error: { code: "CORRUPT_MESSAGE", sequence: 2, position: FIRST.length + LENGTH_AT },
  },
];

describe("behind a sound batch is refused:", () => {
  test.each(BEHIND)("$name", async ({ run, error }) => {
    expect(await refusalOf(runOf(FIRST, run))).toMatchObject(error);
  });
});

const ALONE: readonly Refusal[] = [
  { name: "nothing", run: new Uint8Array(), error: { code: "INVALID_REQUEST" } },
  {
    name: "more than a run may be",
    run: new Uint8Array(LIMITS.runBytesMax + 1),
    error: { code: "RECORD_LIST_TOO_LARGE", limit: LIMITS.runBytesMax },
  },
  { name: "another epoch of a device", run: batch("x", { epoch: 1 }), error: { code: "INVALID_RECORD", sequence: 0 } },
  {
    name: "a negative id that is not -1",
    run: batch("x", { id: "fffffffffffffffe" }),
    error: { code: "INVALID_RECORD" },
  },
  { name: "the lowest id", run: batch("x", { id: "8000000000000000" }), error: { code: "INVALID_RECORD" } },
  { name: "a negative epoch", run: batch("x", { id: KAFKA, epoch: -1 }), error: { code: "INVALID_RECORD" } },
  { name: "a producer without a sequence", run: batch("x", { sequence: -1 }), error: { code: "INVALID_RECORD" } },
  {
    name: "sequences beyond their end",
    run: batch("xy", { sequence: SEQUENCE_MAX - 1 }),
    error: { code: "INVALID_RECORD", sequence: SEQUENCE_MAX - 1 },
  },
  {
    name: "two batches of a Kafka producer",
    run: runOf(batch("x", { id: KAFKA }), batch("x", { id: KAFKA, sequence: 1 })),
    error: { code: "INVALID_RECORD" },
  },
  {
    name: "a control batch",
    run: batch("x", { spoil: attribute(1 << 5) }),
    error: { code: "INVALID_RECORD", position: 0 },
  },
  {
    name: "a transactional batch",
    run: batch("x", { spoil: attribute(1 << 4) }),
    error: { code: "INVALID_RECORD", position: 0 },
  },
  {
    name: "the log's own time",
    run: batch("x", { spoil: attribute(1 << 3) }),
    error: { code: "INVALID_TIMESTAMP", position: 0 },
  },
  {
    name: "snappy of a device",
    run: batch("x", { spoil: attribute(2) }),
    error: { code: "UNSUPPORTED_COMPRESSION_TYPE", sequence: 0 },
  },
  {
    name: "no codec that there is",
    run: batch("x", { id: KAFKA, spoil: attribute(7) }),
    error: { code: "UNSUPPORTED_COMPRESSION_TYPE" },
  },
  {
    name: "gzip that is none",
    run: batch("x", { spoil: attribute(1) }),
    error: { code: "CORRUPT_MESSAGE", sequence: 0 },
  },
  {
    name: "an offset for more than its records",
    run: batch("x", { spoil: (bytes) => writeInt32(bytes, LAST_OFFSET_DELTA_AT, 1) }),
    error: { code: "INVALID_RECORD", position: LAST_OFFSET_DELTA_AT },
  },
  {
    name: "a count that lies, true to its offsets",
    run: batch("x", {
      spoil: (bytes) => {
        writeInt32(bytes, COUNT_AT, 2);
        writeInt32(bytes, LAST_OFFSET_DELTA_AT, 1);
      },
    }),
    error: { code: "CORRUPT_MESSAGE", sequence: 0 },
  },
];

describe("is refused:", () => {
  test.each(ALONE)("$name", async ({ run, error }) => {
    expect(await refusalOf(run)).toMatchObject(error);
  });

  test("a batch above the topic's limit, with both sizes", async () => {
    const one = batch("xyz", { sequence: 9 });
    const error = { code: "MESSAGE_TOO_LARGE", bytes: one.length, limit: one.length - 1, sequence: 9 };
    expect(await refusalOf(one, one.length - 1)).toMatchObject(error);
  });

  test("a count that lies inside gzip", async () => {
    const packed = await gzipBatch(batch("x".repeat(500)));
    const lying = sealed(packed, {
      spoil: (bytes) => {
        writeInt32(bytes, COUNT_AT, 400);
        writeInt32(bytes, LAST_OFFSET_DELTA_AT, 399);
      },
    });
    expect(["CORRUPT_MESSAGE", "INVALID_RECORD"]).toContain((await refusalOf(lying)).code);
  });
});

test("the producer of a damaged run is the one its header names", () => {
  const damaged = batch("x");
  damaged[damaged.length - 1] = 0xff;
  expect(claimedProducer(damaged)?.producerId).toBe(DEVICE as ProducerId);
  expect(claimedProducer(damaged.subarray(0, 40))).toBeNull();
});

test("S05 a record with more headers than it may have is named", async () => {
  const withHeaders = (count: number): Uint8Array => {
    const zigzag = (value: number): number[] => [((value * 2) & 0x7f) | 0x80, (value * 2) >> 7];
    // Attributes, both deltas, a key and a value of null; each header an empty key and null.
    const body = [0, 0, 0, 1, 1, ...zigzag(count), ...Array.from({ length: count }, () => [0, 1]).flat()];
    const bytes = Uint8Array.from([
      ...batch("a", { id: NOBODY, sequence: -1 }).subarray(0, 61),
      ...zigzag(body.length),
      ...body,
    ]);
    writeInt32(bytes, LENGTH_AT, bytes.length - 12);
    writeCrc(bytes, 0);
    return bytes;
  };
  const limits = { batchBytesMax: LIMITS.batchBytesMax };
  expect((await checkRun(withHeaders(LIMITS.recordHeadersMax), NO_CHAIN, limits)).batches).toHaveLength(1);
  await expect(checkRun(withHeaders(LIMITS.recordHeadersMax + 1), NO_CHAIN, limits)).rejects.toMatchObject({
    code: "INVALID_RECORD",
    message: expect.stringContaining("record 0 has 1001 headers, of at most 1000"),
  });
});
