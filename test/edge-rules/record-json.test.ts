/** A record as JSON: all that it may hold, and each thing that it may not, by name. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRecord, recordOfJson } from "../../edge/intake/record-json.ts";
import { recordAsJson } from "../../edge/operations/records.ts";
import { records, readBatch } from "../../shared/record-batch-decode.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { batchOf, record } from "../shared/record-arbitraries.ts";

const whole = { key: null, value: null, headers: [], partition: null, timestamp: null };

describe("is read:", () => {
  test.each([
    ['{"value":"a"}', { value: "a" }],
    ['{"value":null}', {}],
    ['{"key":"k","value":"a","partition":3,"timestamp":5}', { key: "k", value: "a", partition: 3, timestamp: 5 }],
    ['{"key":null,"value":"a","partition":null,"timestamp":null,"headers":null}', { value: "a" }],
    ['{"keyBase64":"AP8=","valueBase64":"AP8"}', { key: Uint8Array.of(0, 255), value: Uint8Array.of(0, 255) }],
    ['{"value":"a","headers":{"h":"x","n":null}}', { value: "a", headers: [header("h", "x"), header("n", null)] }],
    ['{"value":"a","headers":{"__proto__":"x"}}', { value: "a", headers: [header("__proto__", "x")] }],
    [
      '{"value":"a","headers":[{"key":"h","value":"x"},{"key":"h","valueBase64":"/w=="}]}',
      { value: "a", headers: [header("h", "x"), header("h", Uint8Array.of(255))] },
    ],
    ['{"value":"a","offset":7}', { value: "a" }],
    ['{"value":"\\ud800"}', { value: "\ud800" }],
    ['{"value":"a"}\r', { value: "a" }],
  ])("%s", (text, expected) => {
    expect(parseRecord(text)).toEqual({ ...whole, ...expected });
  });

  test.each([
    ['{"value":{"item": "tea"}}', '{"item":"tea"}'],
    ['{"value":[1, 2]}', "[1,2]"],
    ['{"value":7}', "7"],
    ['{"value":false}', "false"],
  ])("%s, as JSON that says so", (text, value) => {
    expect(parseRecord(text)).toEqual({ ...whole, value, headers: [header("content-type", "application/json")] });
  });

  test("JSON whose type is stated keeps the statement", () => {
    const headers = [header("Content-Type", "application/geo+json")];
    expect(recordOfJson({ value: {}, headers })).toEqual({ ...whole, value: "{}", headers });
  });
});

function header(key: string, value: string | Uint8Array | null): object {
  return { key, value };
}

describe("is refused with the field:", () => {
  test.each([
    ['{"values":"a"}', "values"],
    ['{"__proto__":"a"}', "__proto__"],
    ['{"constructor":"a"}', "constructor"],
    ["{}", "value"],
    ['{"key":"a"}', "value"],
    ['{"value":"a","key":1}', "key"],
    ['{"value":"a","key":{}}', "key"],
    ['{"value":"a","keyBase64":"*"}', "keyBase64"],
    ['{"value":"a","keyBase64":"A"}', "keyBase64"],
    ['{"value":"a","keyBase64":null}', "keyBase64"],
    ['{"value":"a","valueBase64":"AA=="}', "value"],
    ['{"value":"a","key":"k","keyBase64":"AA=="}', "key"],
    ['{"value":"a","partition":"1"}', "partition"],
    ['{"value":"a","partition":1.5}', "partition"],
    ['{"value":"a","timestamp":"2026-01-01"}', "timestamp"],
    ['{"value":"a","timestamp":1e400}', "timestamp"],
    ['{"value":"a","headers":"h"}', "headers"],
    ['{"value":"a","headers":{"h":1}}', "headers.h"],
    ['{"value":"a","headers":[1]}', "headers.0"],
    ['{"value":"a","headers":[{"key":1,"value":"x"}]}', "headers.0.key"],
    ['{"value":"a","headers":[{"key":"h"}]}', "headers.0.value"],
    ['{"value":"a","headers":[{"key":"h","value":"x","valueBase64":"AA=="}]}', "headers.0.value"],
    ['{"value":"a","headers":[{"key":"h","valueBase64":"?"}]}', "headers.0.valueBase64"],
    ['{"value":"a","headers":[{"key":"h","value":"x","more":1}]}', "headers.0.more"],
  ])("%s", (text, field) => {
    expect(() => parseRecord(text)).toThrow(
      expect.objectContaining({ code: "INVALID_RECORD", details: expect.objectContaining({ field }) }),
    );
  });

  test.each(["", "{", "null", "1", '"a"', "[]", '[{"value":"a"}]', "\ufeff{}"])("no record at all: %j", (text) => {
    expect(() => parseRecord(text)).toThrow(expect.objectContaining({ code: "INVALID_RECORD" }));
  });

  test("a value that is nested too deep to be written", () => {
    const depth = 200_000;
    const text = `{"value":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(() => parseRecord(text)).toThrow(expect.objectContaining({ code: "INVALID_RECORD" }));
  });
});

test("what is read can be sent: the JSON of any record is a record of the same bytes", () => {
  const bytes = (field: Uint8Array | string | null): Uint8Array | null =>
    typeof field === "string" ? bytesOf(field) : field;
  fc.assert(
    fc.property(record, (input) => {
      const reading = readBatch(batchOf([input]), 0);
      if (!reading.ok) throw new Error("damaged");
      for (const held of records(reading.batch)) {
        const sent = parseRecord(JSON.stringify(recordAsJson(held)));
        expect(bytes(sent.key)).toEqual(held.key);
        expect(bytes(sent.value)).toEqual(held.value);
        expect(sent.timestamp).toBe(held.timestamp);
        expect(sent.headers.map(({ key, value }) => ({ key, value: bytes(value) }))).toEqual(held.headers);
      }
    }),
  );
});
