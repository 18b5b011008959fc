/**
 * Texts into bytes. Most keys and values are ASCII, and for those a loop over the characters is several times faster
 * than `encodeInto`, which pays for a view and a call; everything else goes to the platform's encoder.
 */
import { web } from "./web-platform.ts";

const encoder = new web.TextEncoder();
const decoder = new web.TextDecoder("utf-8", { ignoreBOM: true });

/** A UTF-16 unit is at most three bytes of UTF-8. */
export function textBytesMax(text: string): number {
  return text.length * 3;
}

/** Bytes as UTF-8; a lone surrogate counts as the replacement character, as the encoder writes it. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit < 0xd800 || unit > 0xdbff || !isLowSurrogate(text.charCodeAt(index + 1))) bytes += 3;
    else {
      bytes += 4;
      index += 1;
    }
  }
  return bytes;
}

/**
 * Writes a text whose UTF-8 takes `length` bytes. Where `length` is the number of its characters it is taken for
 * ASCII: negative then says that it is not.
 */
export function writeText(bytes: Uint8Array, at: number, text: string, length: number): number {
  if (length !== text.length) return at + encoder.encodeInto(text, bytes.subarray(at, at + length)).written;
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) return -1;
    bytes[at + index] = unit;
  }
  return at + length;
}

/** Damaged UTF-8 becomes replacement characters; a byte order mark is a character like any other. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
