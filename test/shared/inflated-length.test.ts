import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { inflatedLength } from "../../shared/inflated-length.ts";

const MIB = 1024 * 1024;
const { Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE, Z_DEFAULT_STRATEGY } = constants;

/** Noise, runs, and texts that repeat: stored, fixed and dynamic blocks, near and far distances. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 70_000, size: "max" }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 2_000 })).map(([part, times]) => {
    return Buffer.concat(Array.from({ length: times }, () => part));
  }),
  fc
    .array(fc.integer({ min: 0, max: 999 }), { maxLength: 20_000, size: "max" })
    .map((all) => Buffer.from(all.join(","))),
);
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

test("whatever zlib makes has the length that zlib took", () => {
  fc.assert(
    fc.property(content, options, (bytes, how) => {
      const gzip = gzipSync(bytes, how);
      expect(inflatedLength(gzip, Infinity)).toBe(bytes.length);
      expect(inflatedLength(gzip, bytes.length)).toBe(bytes.length);
      if (bytes.length > 0) expect(inflatedLength(gzip, bytes.length - 1)).toBe("too large");
    }),
    { numRuns: 100 },
  );
});

function zlibLength(gzip: Uint8Array): number | "malformed" {
  try {
    return gunzipSync(gzip, { maxOutputLength: 64 * MIB }).length;
  } catch {
    return "malformed";
  }
}

test("of damaged gzip no length is stated below what zlib would make of it", () => {
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
  fc.assert(
    fc.property(content, options, fc.array(change, { minLength: 1, maxLength: 3 }), (bytes, how, changes) => {
      const gzip = gzipSync(bytes, how);
      for (const { at, to } of changes) gzip[at % gzip.length] = to;
      const actual = zlibLength(gzip);
      if (actual !== "malformed") expect(inflatedLength(gzip, Infinity)).toBe(actual);
    }),
    { numRuns: 200 },
  );
});

test("every truncation, and a byte more", () => {
  const gzip = gzipSync(Buffer.from("strandline ".repeat(40)));
  for (let length = 0; length < gzip.length; length += 1) {
    expect(inflatedLength(gzip.subarray(0, length), Infinity), `${length} bytes`).toBe("malformed");
  }
  expect(inflatedLength(Buffer.concat([gzip, Buffer.of(0)]), Infinity)).toBe("malformed");
});

/** RFC 1952, 2.3: the optional fields of the header, all at once. */
test("a header with extra bytes, a name, a comment and its CRC", () => {
  const bytes = Buffer.from("strandline");
  const plain = gzipSync(bytes);
  const fields = Buffer.concat([Buffer.of(3, 0, 1, 2, 3), Buffer.from("name\0comment\0"), Buffer.of(0xaa, 0xbb)]);
  const header = Buffer.concat([plain.subarray(0, 3), Buffer.of(0x1e), plain.subarray(4, 10), fields]);
  const trailer = plain.subarray(plain.length - 8);
  expect(inflatedLength(Buffer.concat([header, deflateRawSync(bytes), trailer]), Infinity)).toBe(bytes.length);
});

test("a bomb is left as soon as it is one", () => {
  const bomb = gzipSync(new Uint8Array(64 * MIB));
  expect(inflatedLength(bomb, 8 * MIB)).toBe("too large");
  const behind = 20_000;
  expect(inflatedLength(bomb.fill(0xff, behind), 8 * MIB)).toBe("too large");
});
