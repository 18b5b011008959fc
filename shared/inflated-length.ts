/**
 * How long a gzip stream is once inflated, found without inflating it: decodes the symbols of RFC 1951 and adds up their
 * lengths. A cap on what a `DecompressionStream` gives does not bound what it holds: workerd and Chromium inflate all of
 * one write before the first byte can be read, and workerd has no backpressure between writes (`desiredSize` stays 1).
 * 1 MiB of gzip took 1.1 GiB there, an isolate has 128 MiB. So what passes the cap is never handed over.
 */
import { BitReader, HuffmanCode, MalformedDeflate } from "./huffman-code.ts";

const GZIP_HEADER_BYTES = 10;
const GZIP_TRAILER_BYTES = 8;
const [HEADER_CRC_BIT, EXTRA_BIT, NAME_BIT, COMMENT_BIT, RESERVED_BITS] = [2, 4, 8, 16, 0xe0];
const END_OF_BLOCK = 256;

/** RFC 1951, 3.2.5: the least length of each length symbol from 257 on, and how many bits more say the rest. */
const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_SYMBOLS = 30;
/** 3.2.7: the order in which the lengths of the code-length codes are written. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/**
 * Bytes of the one member that `gzip` is. `too large`: more than `bytesMax`; the rest was not looked at. `malformed`:
 * no gzip, cut off, or more behind its end.
 */
export function inflatedLength(gzip: Uint8Array, bytesMax: number): number | "too large" | "malformed" {
  try {
    const bits = new BitReader(gzip, afterHeader(gzip));
    let length = 0;
    for (let last = false; !last;) {
      last = bits.take(1) === 1;
      length = afterBlock(bits, length, bytesMax);
      if (length > bytesMax) return "too large";
    }
    return bits.bytesLeft() === GZIP_TRAILER_BYTES ? length : "malformed";
  } catch (error) {
    if (error instanceof MalformedDeflate) return "malformed";
    throw error;
  }
}

/** RFC 1952, 2.3. */
function afterHeader(gzip: Uint8Array): number {
  const flags = gzip[3] ?? RESERVED_BITS;
  if (gzip[0] !== 0x1f || gzip[1] !== 0x8b || gzip[2] !== 8 || (flags & RESERVED_BITS) !== 0)
    throw new MalformedDeflate();
  let at = GZIP_HEADER_BYTES;
  if ((flags & EXTRA_BIT) !== 0) at += 2 + ((gzip[at] ?? 0) | ((gzip[at + 1] ?? 0) << 8));
  for (const bit of [NAME_BIT, COMMENT_BIT]) {
    if ((flags & bit) === 0) continue;
    const end = gzip.indexOf(0, at);
    if (end < 0) throw new MalformedDeflate();
    at = end + 1;
  }
  return (flags & HEADER_CRC_BIT) === 0 ? at : at + 2;
}

function afterBlock(bits: BitReader, length: number, bytesMax: number): number {
  switch (bits.take(2)) {
    case 0:
      return length + skipStored(bits);
    case 1:
      return afterCodes(bits, { literals: FIXED_LITERALS, distances: FIXED_DISTANCES, length, bytesMax });
    case 2:
      return afterCodes(bits, { ...dynamicCodes(bits), length, bytesMax });
    default:
      throw new MalformedDeflate();
  }
}

/** 3.2.4. */
function skipStored(bits: BitReader): number {
  bits.skipToByte();
  const length = bits.take(16);
  if (bits.take(16) !== (length ^ 0xffff)) throw new MalformedDeflate();
  bits.skipBytes(length);
  return length;
}

function afterCodes(
  bits: BitReader,
  block: {
    readonly literals: HuffmanCode;
    readonly distances: HuffmanCode;
    readonly length: number;
    readonly bytesMax: number;
  },
): number {
  const { literals, distances, bytesMax } = block;
  let { length } = block;
  while (length <= bytesMax) {
    const symbol = bits.symbol(literals);
    if (symbol < END_OF_BLOCK) {
      length += 1;
      continue;
    }
    if (symbol === END_OF_BLOCK) return length;
    const base = LENGTH_BASES[symbol - END_OF_BLOCK - 1];
    if (base === undefined) throw new MalformedDeflate();
    length += base + bits.take(LENGTH_EXTRA_BITS[symbol - END_OF_BLOCK - 1] as number);
    const distance = bits.symbol(distances);
    if (distance >= DISTANCE_SYMBOLS) throw new MalformedDeflate();
    bits.take(distance < 2 ? 0 : (distance >> 1) - 1);
  }
  return length;
}

/** 3.2.7. Lengths of literals and distances are one sequence: a repetition may reach from one into the other. */
function dynamicCodes(bits: BitReader): { readonly literals: HuffmanCode; readonly distances: HuffmanCode } {
  const literalCount = bits.take(5) + 257;
  const distanceCount = bits.take(5) + 1;
  const orderCount = bits.take(4) + 4;
  const codeLengths = new Uint8Array(CODE_LENGTH_ORDER.length);
  for (const symbol of CODE_LENGTH_ORDER.slice(0, orderCount)) codeLengths[symbol] = bits.take(3);
  const code = new HuffmanCode(codeLengths);
  const lengths = new Uint8Array(literalCount + distanceCount);
  for (let at = 0; at < lengths.length;) {
    const symbol = bits.symbol(code);
    const { value, count } = repetition(bits, symbol, lengths[at - 1]);
    if (at + count > lengths.length) throw new MalformedDeflate();
    lengths.fill(value, at, at + count);
    at += count;
  }
  return {
    literals: new HuffmanCode(lengths.subarray(0, literalCount)),
    distances: new HuffmanCode(lengths.subarray(literalCount)),
  };
}

function repetition(bits: BitReader, symbol: number, before: number | undefined): { value: number; count: number } {
  if (symbol < 16) return { value: symbol, count: 1 };
  if (symbol === 17) return { value: 0, count: 3 + bits.take(3) };
  if (symbol === 18) return { value: 0, count: 11 + bits.take(7) };
  if (before === undefined) throw new MalformedDeflate();
  return { value: before, count: 3 + bits.take(2) };
}

const FIXED_LITERALS = new HuffmanCode(
  new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280, 288),
);
const FIXED_DISTANCES = new HuffmanCode(new Uint8Array(32).fill(5));
