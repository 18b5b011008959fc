/** Lines of a stream: the same ones wherever its chunks are cut, and no more memory than a line may take. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, type Piece } from "../../edge/intake/line-splitter.ts";
import { LIMITS } from "../../shared/limits.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { chunksOf, cutAnywhere } from "./cut-stream.ts";

const MAX = 24;

const shown = (piece: Piece): string => (typeof piece === "string" ? `"${piece}"` : piece.code);

function piecesOf(chunks: readonly Uint8Array[], lineBytesMax = MAX): string[] {
  const splitter = new LineSplitter(lineBytesMax);
  return [...chunks.flatMap((chunk) => [...splitter.push(chunk)]), ...splitter.end()].map(shown);
}

/** What the lines are, as nobody would stream them. */
function expected(bytes: Uint8Array): string[] {
  const lines: Uint8Array[] = [];
  let at = 0;
  for (let lf = bytes.indexOf(10); lf >= 0; lf = bytes.indexOf(10, at)) {
    lines.push(bytes.subarray(at, lf));
    at = lf + 1;
  }
  if (at < bytes.length) lines.push(bytes.subarray(at));
  return lines.map((line) => {
    if (line.length > MAX) return "MESSAGE_TOO_LARGE";
    try {
      return `"${new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(line)}"`;
    } catch {
      return "INVALID_RECORD";
    }
  });
}

/** Lines short and long, blank, of broken UTF-8, with and without an end. */
const stream: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 30 }).map((text) => `${text}\n`),
      fc.string({ unit: "binary", maxLength: 12 }).map((text) => `${text}\n`),
      fc.constantFrom("\n", "\r\n", "\n\n", "\ufeff{}\n", "x".repeat(MAX), "x".repeat(MAX + 1), "no end"),
      fc.uint8Array({ maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? bytesOf(part) : part)])));

test("are the same wherever the stream is cut", () => {
  fc.assert(
    fc.property(stream, cutAnywhere, (bytes, cuts) => {
      expect(piecesOf(chunksOf(bytes, cuts))).toEqual(expected(bytes));
    }),
    { numRuns: 2_000 },
  );
});

test("byte by byte", () => {
  const bytes = bytesOf('{"value":"é😀"}\n\n{"value":null}');
  expect(piecesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual([
    '"{"value":"é😀"}"',
    '""',
    '"{"value":null}"',
  ]);
});

describe("a line that is too long", () => {
  test("is told once, however it comes, and the next one is whole", () => {
    const bytes = bytesOf(`${"x".repeat(1_000)}\nnext\n`);
    for (const size of [1, 7, 24, 25, 500, 2_000])
      expect(
        piecesOf(
          chunksOf(
            bytes,
            Array.from({ length: 2_000 / size }, (_, index) => index * size),
          ),
        ),
      ).toEqual(["MESSAGE_TOO_LARGE", '"next"']);
  });

  test("takes no memory beyond its limit", () => {
    const splitter = new LineSplitter(1_000);
    const part = new Uint8Array(100_000).fill(120);
    const before = process.memoryUsage().arrayBuffers;
    for (let index = 0; index < 2_000; index += 1) expect(splitter.push(part)).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    expect(splitter.push(bytesOf("\nnext\n")).map(shown)).toEqual(["MESSAGE_TOO_LARGE", '"next"']);
  });

  test("is longer than a record can be", () => {
    const line = `${"x".repeat(LIMITS.recordTextBytesMax)}\n`;
    expect(new LineSplitter().push(bytesOf(line)).map((piece) => typeof piece)).toEqual(["string"]);
  });
});
