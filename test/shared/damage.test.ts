/** Whatever happens to the bytes of a batch: it is told as a value or a StrandlineError, and nothing reads past the end. */
import { expect, test } from "vitest";
import { tryOpenBatch } from "../../shared/gzip.ts";
import {
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  MAGIC_AT,
  writeInt32,
  writeInt64,
} from "../../shared/record-batch.ts";
import { asError, batches, checkRecords, readBatch, records } from "../../shared/record-batch-decode.ts";
import { writeCrc } from "../../shared/record-batch-encode.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { batchOf } from "./record-arbitraries.ts";

const SMALL = batchOf([
  { key: "k1", value: "a value", timestamp: 1_700_000_000_000, headers: [{ key: "h", value: "x" }] },
  { key: null, value: null, timestamp: 1_700_000_000_200 },
  { key: new Uint8Array([1, 2]), value: "é", timestamp: 1_699_999_999_999, headers: [{ key: "", value: null }] },
]);
const RECORDS_AT = COUNT_AT + 4;

/** Bytes that stand in a larger buffer whose rest would change what is read, could anything look there. */
function amidJunk(bytes: Uint8Array, junk: number): Uint8Array {
  const around = new Uint8Array(bytes.length + 128).fill(junk);
  around.set(bytes, 64);
  return around.subarray(64, 64 + bytes.length);
}

/** All that a reader may find out about the bytes, damage included. */
async function outcome(bytes: Uint8Array, crc: boolean): Promise<unknown> {
  const reading = readBatch(bytes, 0, { crc });
  if (!reading.ok) return reading.damage;
  const opened = await tryOpenBatch(reading.batch);
  if (!opened.ok) return opened.damage;
  const damage = checkRecords(opened.batch, { produced: true });
  if (damage !== null) expect(damage.position).toBeLessThanOrEqual(opened.batch.end);
  const found = shown(() => Array.from(records(opened.batch), (record) => [record, record.headers]));
  return { damage, found, all: shown(() => Array.from(batches(bytes)).length) };
}

function shown(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof StrandlineError) return error.toBody();
    throw error;
  }
}

async function expectSameAmidAnyJunk(bytes: Uint8Array, crc: boolean): Promise<unknown> {
  const one = await outcome(amidJunk(bytes, 0), crc);
  expect(await outcome(amidJunk(bytes, 0xff), crc)).toEqual(one);
  expect(await outcome(amidJunk(bytes, 0x02), crc)).toEqual(one);
  return one;
}

test("every truncation is damage", async () => {
  for (let length = 0; length < SMALL.length; length += 1) {
    const found = await expectSameAmidAnyJunk(SMALL.slice(0, length), true);
    expect(found, `${length} bytes`).toMatchObject({ code: "CORRUPT_MESSAGE" });
  }
});

test("every single byte, changed in any way, is damage or outside of what the CRC covers", () => {
  for (let at = 0; at < SMALL.length; at += 1) {
    for (let change = 1; change < 256; change += 1) {
      const bytes = SMALL.slice();
      bytes[at] = (bytes[at] as number) ^ change;
      const isLogPosition = at < LENGTH_AT || (at >= LENGTH_AT + 4 && at < MAGIC_AT);
      const { ok } = readBatch(bytes, 0);
      if (!isLogPosition) expect(ok, `byte ${at} changed by ${change}`).toBe(false);
    }
  }
});

test("every single byte changed under a CRC that was made true, or is not looked at", async () => {
  for (let at = LENGTH_AT; at < SMALL.length; at += 1) {
    if (at >= CRC_AT && at < CRC_AT + 4) continue;
    for (const change of [0x01, 0x02, 0x04, 0x40, 0x7f, 0x80, 0xff]) {
      const bytes = SMALL.slice();
      bytes[at] = (bytes[at] as number) ^ change;
      await expectSameAmidAnyJunk(bytes, false);
    }
  }
});

/** The batch with some of its header written anew and a true CRC. */
function altered(alter: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = SMALL.slice();
  alter(bytes);
  const end = bytes.length;
  writeCrcOver(bytes, end);
  return bytes;
}

function writeCrcOver(bytes: Uint8Array, end: number): void {
  const length = bytes.slice(LENGTH_AT, LENGTH_AT + 4);
  writeInt32(bytes, LENGTH_AT, end - LENGTH_AT - 4);
  writeCrc(bytes, 0);
  bytes.set(length, LENGTH_AT);
}

test.each([
  ["a length beyond the end", LENGTH_AT, SMALL.length],
  ["a length that is the greatest", LENGTH_AT, 0x7fffffff],
  ["a negative length", LENGTH_AT, -1],
  ["a length below the header", LENGTH_AT, 48],
  ["more records than offsets", COUNT_AT, 4],
  ["a negative count", COUNT_AT, -1],
  ["the greatest count", COUNT_AT, 0x7fffffff],
  ["a negative last offset delta", LAST_OFFSET_DELTA_AT, -1],
  ["a last offset delta below the count", LAST_OFFSET_DELTA_AT, 1],
])("%s is damage of the header", (_name, at, value) => {
  expect(
    readBatch(
      altered((bytes) => writeInt32(bytes, at, value)),
      0,
    ).ok,
  ).toBe(false);
});

test.each([
  ["fewer records than there are", COUNT_AT, 2, "CORRUPT_MESSAGE"],
  ["no record at all", COUNT_AT, 0, "CORRUPT_MESSAGE"],
  ["offsets that no record has", LAST_OFFSET_DELTA_AT, 5, "INVALID_RECORD"],
])("%s is damage of the records", (_name, at, value, code) => {
  const reading = readBatch(
    altered((bytes) => writeInt32(bytes, at, value)),
    0,
  );
  if (!reading.ok) throw asError(reading.damage);
  expect(checkRecords(reading.batch, { produced: true })?.code).toBe(code);
});

test("base offsets that are negative, unsafe, or reach beyond the safe integers", () => {
  for (const baseOffset of [-1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 2 ** 60]) {
    expect(
      readBatch(
        altered((bytes) => writeInt64(bytes, 0, baseOffset)),
        0,
      ),
      `${baseOffset}`,
    ).toMatchObject({ ok: false });
  }
});

test("a record that reaches beyond its batch, into the next one", () => {
  const lying = SMALL.slice();
  const length = (lying[RECORDS_AT] as number) >> 1;
  const last = SMALL.length - 61 - 1;
  lying[RECORDS_AT] = Math.min(0x7e, (last + 8) * 2);
  writeCrc(lying, 0);
  expect(length).toBeLessThan(last);
  const run = Buffer.concat([lying, SMALL]);
  const reading = readBatch(run, 0);
  if (!reading.ok) throw asError(reading.damage);
  expect(checkRecords(reading.batch)).toMatchObject({ code: "CORRUPT_MESSAGE", position: RECORDS_AT });
});

test("damage in the second batch of a run is named where it stands, and the first is read", () => {
  const run = Buffer.concat([SMALL, SMALL]);
  run[SMALL.length + RECORDS_AT] = 0;
  const walk = batches(run);
  expect(walk.next().value).toMatchObject({ start: 0, end: SMALL.length, count: 3 });
  expect(() => walk.next()).toThrow(
    expect.objectContaining({ code: "CORRUPT_MESSAGE", details: { position: SMALL.length + CRC_AT } }),
  );
});
