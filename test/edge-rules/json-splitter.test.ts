/** JSON objects of a stream: the same ones wherever its chunks are cut. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonSplitter } from "../../edge/intake/json-splitter.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { chunksOf, cutAnywhere } from "./cut-stream.ts";

const MAX = 60;

function piecesOf(chunks: readonly Uint8Array[]): string[] {
  const splitter = new JsonSplitter(MAX);
  const pieces = [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()];
  return pieces.map((piece) => (typeof piece === "string" ? piece : piece.code));
}

const space = fc.constantFrom("", " ", "\n", "\r\n\t ");
const object = fc.dictionary(fc.string({ unit: "binary", maxLength: 8 }), fc.jsonValue({ maxDepth: 2 }), {
  maxKeys: 3,
});

test("are the same wherever the stream is cut, and each is what was written", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(object, space), { maxLength: 8 }), cutAnywhere, (objects, cuts) => {
      const texts = objects.map(([held]) => JSON.stringify(held));
      const bytes = bytesOf(objects.map(([, between], index) => `${between}${texts[index] ?? ""}`).join(""));
      const expected = texts.map((text) => (bytesOf(text).length > MAX ? "MESSAGE_TOO_LARGE" : text));
      expect(piecesOf(chunksOf(bytes, cuts))).toEqual(expected);
    }),
    { numRuns: 1_000 },
  );
});

test("any bytes at all: the same wherever they are cut, and bounded", () => {
  const noise = fc
    .array(fc.constantFrom("{", "}", '"', "\\", " ", "[", ",", "\n"), { maxLength: 60 })
    .map((parts) => bytesOf(parts.join("")));
  fc.assert(
    fc.property(noise, cutAnywhere, (bytes, cuts) => {
      expect(piecesOf(chunksOf(bytes, cuts))).toEqual(piecesOf([bytes]));
    }),
    { numRuns: 1_000 },
  );
});

test("what is no object ends the stream, and so does the end of it within one", () => {
  expect(piecesOf([bytesOf('{"a":1} x {"b":2}')])).toEqual(['{"a":1}', "INVALID_REQUEST"]);
  expect(piecesOf([bytesOf('{"a":"}')])).toEqual(["INVALID_REQUEST"]);
});
