import { describe, expect, test } from "vitest";
import type { Message } from "../../../client/page/message.ts";
import { inBatches } from "../../../client/page/chunk-value.ts";
import { prepareRecord } from "../../../client/page/prepare.ts";
import { cryptoRandom as systemRandom } from "../../../client/web-ports.ts";
import { LIMITS } from "../../../shared/limits.ts";

const NOW = 1_700_000_000_000;
const prepare = (message: unknown) => prepareRecord(message as Message, { topic: "orders", index: 3 }, NOW);
const chunking = { random: systemRandom, maxMessageBytes: LIMITS.batchBytesMax };
const refused = (message: unknown): unknown => {
  try {
    inBatches(prepare(message), { topic: "orders", index: 3 }, chunking);
  } catch (error) {
    return error;
  }
  return null;
};

describe("a message that is right", () => {
  test("text, bytes and tombstones are as they are", () => {
    const bytes = new Uint8Array([1]);
    expect(prepare({ value: "a" })).toMatchObject({ key: null, value: "a", headers: [], timestamp: NOW });
    expect(prepare({ key: bytes, value: bytes })).toMatchObject({ key: bytes, value: bytes });
    expect(prepare({ key: "k", value: null })).toMatchObject({ key: "k", value: null });
    expect(prepare({ value: bytes.buffer }).value).toEqual(bytes);
  });

  test("plain data is JSON and says so, unless the caller says otherwise", () => {
    expect(prepare({ value: { a: [1] } })).toMatchObject({
      value: '{"a":[1]}',
      headers: [{ key: "content-type", value: "application/json" }],
    });
    expect(prepare({ value: 1, headers: { "Content-Type": "x/y" } }).headers).toEqual([
      { key: "Content-Type", value: "x/y" },
    ]);
    expect(prepare({ value: new Date(0) }).value).toBe('"1970-01-01T00:00:00.000Z"');
  });

  test("headers may repeat, and their values may be null", () => {
    expect(prepare({ value: "", headers: { a: ["1", null], b: undefined } }).headers).toEqual([
      { key: "a", value: "1" },
      { key: "a", value: null },
    ]);
  });

  test("a timestamp is a number, or KafkaJS's string", () => {
    expect(prepare({ value: "", timestamp: 5 }).timestamp).toBe(5);
    expect(prepare({ value: "", timestamp: "5" }).timestamp).toBe(5);
  });
});

describe("a message that is wrong is refused by a typed error that names it", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  test.each<[string, unknown, string]>([
    ["no object", "x", "INVALID_RECORD"],
    ["no value", {}, "INVALID_RECORD"],
    ["a function", { value: () => {} }, "INVALID_RECORD"],
    ["a map", { value: new Map() }, "INVALID_RECORD"],
    ["a promise", { value: Promise.resolve(1) }, "INVALID_RECORD"],
    ["a bigint", { value: { a: 1n } }, "INVALID_RECORD"],
    ["a circle", { value: cyclic }, "INVALID_RECORD"],
    ["not a number", { value: Number.NaN }, "INVALID_RECORD"],
    ["floats", { value: new Float32Array(1) }, "INVALID_RECORD"],
    ["a key that is a number", { key: 1, value: "" }, "INVALID_RECORD"],
    ["headers that are a list", { value: "", headers: [] }, "INVALID_RECORD"],
    ["a header that is a number", { value: "", headers: { a: 1 } }, "INVALID_RECORD"],
    [
      "more headers than a record may have",
      { value: "", headers: { a: Array.from({ length: LIMITS.recordHeadersMax + 1 }, () => "") } },
      "INVALID_RECORD",
    ],
    ["a date as timestamp", { value: "", timestamp: new Date() }, "INVALID_TIMESTAMP"],
    ["a negative timestamp", { value: "", timestamp: -1 }, "INVALID_TIMESTAMP"],
    ["a timestamp in text", { value: "", timestamp: "soon" }, "INVALID_TIMESTAMP"],
  ])("%s", (_name, message, code) => {
    expect(refused(message)).toMatchObject({ code, details: { topic: "orders", index: 3 } });
  });

  test("a record above the limit, with its size", () => {
    expect(refused({ value: new Uint8Array(LIMITS.batchBytesMax + 1) })).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
      details: { bytesMax: LIMITS.batchBytesMax },
    });
    expect(refused({ value: "€".repeat(LIMITS.batchBytesMax / 3 + 1) })).toMatchObject({ code: "MESSAGE_TOO_LARGE" });
    expect(refused({ value: "e".repeat(LIMITS.batchBytesMax - 200) })).toBeNull();
    expect(refused({ value: "", headers: { a: "h".repeat(LIMITS.batchBytesMax) } })).toMatchObject({
      code: "MESSAGE_TOO_LARGE",
    });
  });
});
