import fc from "fast-check";
import { expect, test } from "vitest";
import { readEnvelope, takePayloads, writeEnvelope } from "../../shared/envelope.ts";
import { LIMITS } from "../../shared/limits.ts";
import { writeInt32 } from "../../shared/record-batch.ts";
import { bytesOf } from "../../shared/utf8.ts";

const payloadList = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 });
const invalid: unknown = expect.objectContaining({ name: "StrandlineError", code: "INVALID_REQUEST" });

test("head and payloads come out as they went in", () => {
  fc.assert(
    fc.property(fc.jsonValue(), payloadList, (head, payloads) => {
      const bytes = writeEnvelope(head, payloads);
      const found = readEnvelope(bytes);
      expect(JSON.stringify(found.head)).toBe(JSON.stringify(head));
      const lengths = payloads.map(({ length }) => length);
      expect(takePayloads(bytes, found.payloadStart, lengths).map((one) => [...one])).toEqual(
        payloads.map((one) => [...one]),
      );
    }),
  );
});

test("every truncation is refused", () => {
  const payloads = [bytesOf("first"), new Uint8Array(0), bytesOf("last")];
  const lengths = payloads.map(({ length }) => length);
  const whole = writeEnvelope({ lengths, topic: "détroit" }, payloads);
  for (let length = 0; length < whole.length; length += 1) {
    const cut = whole.subarray(0, length);
    expect(() => takePayloads(cut, readEnvelope(cut).payloadStart, lengths), `${length} bytes`).toThrow(invalid);
  }
});

test.each([
  ["more than there is", [4]],
  ["less than there is", [2]],
  ["a negative length", [4, -1]],
  ["a fraction", [1.5, 1.5]],
  ["no number", [Number.NaN]],
  ["the greatest number", [Number.MAX_SAFE_INTEGER]],
])("payload lengths that state %s", (_name, lengths) => {
  const bytes = writeEnvelope({}, [bytesOf("abc")]);
  const { payloadStart } = readEnvelope(bytes);
  expect(() => takePayloads(bytes, payloadStart, lengths)).toThrow(invalid);
});

test.each([
  ["no JSON", bytesOf("{")],
  ["nothing", new Uint8Array(0)],
  ["damaged UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
])("a head that is %s", (_name, head) => {
  const bytes = new Uint8Array(4 + head.length);
  writeInt32(bytes, 0, head.length);
  bytes.set(head, 4);
  expect(() => readEnvelope(bytes)).toThrow(invalid);
});

test("a head above its limit, and one that says to be larger than any buffer", () => {
  const bytes = writeEnvelope("a".repeat(LIMITS.envelopeHeadBytesMax), []);
  expect(() => readEnvelope(bytes)).toThrow(invalid);
  expect(() => readEnvelope(new Uint8Array(100).fill(0xff))).toThrow(invalid);
});
