import { expect, test } from "vitest";
import { crc32c } from "../../shared/crc32c.ts";
import { murmur2, partitionForKey } from "../../shared/murmur2.ts";
import { bytesOf } from "../../shared/utf8.ts";
import { VarintReader, varintBytes, varlongBytes, writeVarint, writeVarlong } from "../../shared/varint.ts";

/** RFC 3720, appendix B.4, and the check value of the catalogue of CRCs. */
test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  ["31 to 0", Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  ["123456789", bytesOf("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
])("CRC-32C of %s", (_name, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

/** `UtilsTest.testMurmur2` of Kafka. */
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("murmur2 of %s", (text, hash) => {
  expect(murmur2(bytesOf(text))).toBe(hash);
});

test("a key's partition is the positive hash modulo the count, as Kafka's default partitioner has it", () => {
  expect(partitionForKey(bytesOf("21"), 6)).toBe((-973932308 & 0x7fffffff) % 6);
  expect(partitionForKey(bytesOf("abc"), 1)).toBe(0);
});

/** `ByteUtilsTest` of Kafka. */
const VARINTS: readonly (readonly [number, string])[] = [
  [0, "00"],
  [-1, "01"],
  [1, "02"],
  [63, "7e"],
  [-64, "7f"],
  [64, "8001"],
  [-65, "8101"],
  [8191, "fe7f"],
  [-8192, "ff7f"],
  [8192, "808001"],
  [-8193, "818001"],
  [1048575, "feff7f"],
  [1048576, "80808001"],
  [134217727, "feffff7f"],
  [134217728, "8080808001"],
  [2147483647, "feffffff0f"],
  [-2147483648, "ffffffff0f"],
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test.each(VARINTS)("%d as a varint and as a varlong", (value, expected) => {
  const bytes = new Uint8Array(expected.length / 2);
  const reader = new VarintReader();
  expect(varintBytes(value)).toBe(bytes.length);
  expect(writeVarint(bytes, 0, value)).toBe(bytes.length);
  expect(hex(bytes)).toBe(expected);
  expect([reader.varint(bytes, 0, bytes.length), reader.value, reader.at]).toEqual([true, value, bytes.length]);
  bytes.fill(0);
  expect(varlongBytes(value)).toBe(bytes.length);
  expect(writeVarlong(bytes, 0, value)).toBe(bytes.length);
  expect(hex(bytes)).toBe(expected);
  expect([reader.varlong(bytes, 0, bytes.length), reader.value]).toEqual([true, value]);
});

/** `ByteUtilsTest` where its numbers are safe integers whose zigzag is one as well. */
test.each([
  [17179869183, "feffffff7f"],
  [-17179869184, "ffffffff7f"],
  [17179869184, "808080808001"],
  [2199023255551, "feffffffff7f"],
  [281474976710655, "feffffffffff7f"],
  [2 ** 52 - 1, "feffffffffffff0f"],
  [-(2 ** 52) + 1, "fdffffffffffff0f"],
])("%d as a varlong", (value, expected) => {
  const bytes = new Uint8Array(varlongBytes(value));
  writeVarlong(bytes, 0, value);
  expect(hex(bytes)).toBe(expected);
  const reader = new VarintReader();
  expect([reader.varlong(bytes, 0, bytes.length), reader.value]).toEqual([true, value]);
});

test.each(["", "80", "ffffffff", "8080808080", "ffffffff10", "80808080808080808080"])("%s is no varint", (text) => {
  const bytes = new Uint8Array(Buffer.from(text, "hex"));
  const reader = new VarintReader();
  expect(reader.varint(bytes, 0, bytes.length)).toBe(false);
  expect(reader.at).toBe(0);
});

test.each(["", "80", "ffffffffffffffffff01", "80808080808080808080", "80808080808080808001"])(
  "%s is no varlong that a time needs",
  (text) => {
    const bytes = new Uint8Array(Buffer.from(text, "hex"));
    expect(new VarintReader().varlong(bytes, 0, bytes.length)).toBe(false);
  },
);
