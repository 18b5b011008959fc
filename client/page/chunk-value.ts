/** A record that is too large for a batch, as the records that carry it. */
import { CHUNK_BYTES_MAX, CHUNK_HEADERS, chunkSize } from "../../shared/chunking.ts";
import { crc32c } from "../../shared/crc32c.ts";
import type { Random } from "../../shared/random.ts";
import type { PreparedRecord } from "./prepare.ts";

/** The most that its headers add to a chunk. */
export const CHUNK_HEADER_BYTES_MAX = 320;
export const CHUNK_HEADERS_ADDED: number = Object.keys(CHUNK_HEADERS).length;
export { CHUNK_BYTES_MAX };

export function chunksOf(record: PreparedRecord, value: Uint8Array, random: Random): PreparedRecord[] {
  const size = chunkSize(value.byteLength);
  const count = Math.ceil(value.byteLength / size);
  const id = hex(random.bytes(16));
  const crc = crc32c(value).toString(16).padStart(8, "0");
  const common = [
    ...record.headers,
    { key: CHUNK_HEADERS.id, value: id },
    { key: CHUNK_HEADERS.count, value: String(count) },
    { key: CHUNK_HEADERS.bytes, value: String(value.byteLength) },
    { key: CHUNK_HEADERS.crc, value: crc },
  ];
  return Array.from({ length: count }, (_, index): PreparedRecord => {
    const part = value.subarray(index * size, (index + 1) * size);
    const headers = [...common, { key: CHUNK_HEADERS.index, value: String(index) }];
    const bytesMax = record.bytesMax - value.byteLength + part.byteLength + CHUNK_HEADER_BYTES_MAX;
    return { ...record, value: part, headers, bytesMax, chunk: index };
  });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
