/**
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), eight bytes a step: the checksum of Kafka's record batches.
 *
 * One flat `Uint32Array` of tables, since eight arrays cost eight bounds checks. The warm-up when the module is loaded is
 * there for a trap of workerd: in about one fresh process of a hundred V8 starts to compile the loop in the background
 * and never finishes, so that it stays in the interpreter, ten times slower (30 MB/s), until the next job for another
 * function wakes the compiler. No shape of the loop helps; a second function that gets hot does, in 17 processes of 17.
 */
import { assert } from "./assert.ts";

const POLYNOMIAL = 0x82f63b78;
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc >>> 0;
  }
  for (let index = 256; index < tables.length; index += 1) {
    const before = tables[index - 256] as number;
    tables[index] = ((tables[before & 0xff] as number) ^ (before >>> 8)) >>> 0;
  }
  return tables;
}

/** Unsigned CRC of `bytes[start, end)`. `seed` is the CRC of what came before, to go on from it. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  const tables = TABLES;
  let crc = ~seed;
  let at = start;
  const last8 = end - 7;
  while (at < last8) {
    crc ^=
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    crc =
      (tables[1792 + (crc & 0xff)] as number) ^
      (tables[1536 + ((crc >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((crc >>> 16) & 0xff)] as number) ^
      (tables[1024 + (crc >>> 24)] as number) ^
      (tables[768 + (bytes[at + 4] as number)] as number) ^
      (tables[512 + (bytes[at + 5] as number)] as number) ^
      (tables[256 + (bytes[at + 6] as number)] as number) ^
      (tables[bytes[at + 7] as number] as number);
    at += 8;
  }
  while (at < end) {
    crc = (tables[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
    at += 1;
  }
  return ~crc >>> 0;
}

warmUp();

/** The self-test of the module: the published check value, any cut of an input, and a second way to the same CRC. */
function warmUp(): void {
  const digits = Uint8Array.from("123456789", (digit) => digit.charCodeAt(0));
  assert(crc32c(digits) === 0xe3069283, "CRC-32C has its published check value");
  const bytes = new Uint8Array(256).map((_, index) => (index * 167) & 0xff);
  for (let round = 0; round < 4_000; round += 1) {
    const length = 64 + (round % 192);
    const cut = round % 64;
    const whole = crc32c(bytes, 0, length);
    assert(crc32c(bytes, cut, length, crc32c(bytes, 0, cut)) === whole, "CRC-32C can be taken in two parts");
  }
  for (let round = 0; round < 1_000; round += 1) {
    const length = round % 256;
    assert(crc32cByBytes(bytes, length) === crc32c(bytes, 0, length), "CRC-32C is the same byte by byte");
  }
}

/** The job that wakes the compiler (see above): another function, and hot after the loop is. */
function crc32cByBytes(bytes: Uint8Array, end: number): number {
  let crc = -1;
  for (let at = 0; at < end; at += 1) crc = (TABLES[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}
