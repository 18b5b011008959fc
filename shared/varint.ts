/**
 * Kafka's zigzag varints (`ByteUtils`): 7 bits a byte, low bits first. A varint holds 32 bits in at most 5 bytes, a
 * varlong 64 in at most 10. Varlongs are `number`s here: what does not fit a safe integer is damage, since no time in
 * milliseconds needs it.
 */

/** Bytes of `value` as a varint. */
export function varintBytes(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

export function varlongBytes(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return varintBytes(value);
  let rest = zigzagOfSafe(value);
  let bytes = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    bytes += 1;
  }
  return bytes;
}

/** Writes at `at`, returns the position after it. The caller has made room. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  while (zigzag >= 0x80) {
    bytes[at++] = (zigzag & 0x7f) | 0x80;
    zigzag >>>= 7;
  }
  bytes[at++] = zigzag;
  return at;
}

export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return writeVarint(bytes, at, value);
  let rest = zigzagOfSafe(value);
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Zigzag of a safe integer is below 2^54, where doubles still hold every even number; the odd ones come from negative
 * values, whose doubled magnitude less one is exact below 2^53 only. Timestamps' deltas are far below either.
 */
function zigzagOfSafe(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}

/** Reads from one position to the next within bounds, without an object per number. */
export class VarintReader {
  /** Position after what was read last; unchanged by a failed read. */
  at = 0;
  /** What was read last. */
  value = 0;

  /** False: the varint is cut off at `end`, longer than 5 bytes, or wider than 32 bits. */
  varint(bytes: Uint8Array, at: number, end: number): boolean {
    let zigzag = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) return false;
      const byte = bytes[at++] as number;
      if (shift === 28 && byte > 0x0f) return false;
      zigzag |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.value = (zigzag >>> 1) ^ -(zigzag & 1);
        this.at = at;
        return true;
      }
    }
    return false;
  }

  /** False: cut off, longer than 10 bytes, or not a safe integer. */
  varlong(bytes: Uint8Array, at: number, end: number): boolean {
    let zigzag = 0;
    let scale = 1;
    for (let index = 0; index < 10; index += 1) {
      if (at >= end) return false;
      const byte = bytes[at++] as number;
      zigzag += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (zigzag > Number.MAX_SAFE_INTEGER) return false;
        this.value = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
        this.at = at;
        return true;
      }
    }
    return false;
  }
}
