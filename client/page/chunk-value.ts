/** Records that are too large for a batch, as the records that carry them. Loaded with the first of them. */
import { CHUNK_BYTES_MAX, CHUNK_HEADERS, chunkSize } from "../../shared/chunking.ts";
import { crc32c } from "../../shared/crc32c.ts";
import type { Random } from "../../shared/random.ts";
import type { PreparedTopic } from "./packer.ts";
import {
  BATCH_HEADER_BYTES,
  HEADER_OVERHEAD_BYTES_MAX,
  RECORD_OVERHEAD_BYTES_MAX,
  invalid,
  isLarge,
  type Place,
  type PreparedRecord,
} from "./prepare.ts";
import { LIMITS } from "../../shared/limits.ts";

/** The most that its headers add to a chunk. */
const CHUNK_HEADER_BYTES_MAX = 320;
const utf8 = new TextEncoder();

export interface Chunking {
  readonly random: Random;
  readonly maxMessageBytes: number;
}

/** Throws `MESSAGE_TOO_LARGE`. */
export function split({ topic, messages, records }: PreparedTopic, chunking: Chunking): PreparedTopic {
  const inAll = records.map((record, index) =>
    isLarge(record) ? inBatches(record, { topic, index }, chunking) : [record],
  );
  return {
    topic,
    messages: messages.flatMap((message, index) => inAll[index]?.map(() => message) ?? []),
    records: inAll.flat(),
  };
}

/** Where the record is too large for a batch: in chunks. Long texts were measured already: what is left of the estimate is headers and keys. */
export function inBatches(
  record: PreparedRecord,
  place: Place,
  { random, maxMessageBytes }: Chunking,
): PreparedRecord[] {
  const { value } = record;
  const valueBytes = exactBytesOf(value);
  let bytes = RECORD_OVERHEAD_BYTES_MAX + BATCH_HEADER_BYTES + exactBytesOf(record.key) + valueBytes;
  for (const header of record.headers)
    bytes += HEADER_OVERHEAD_BYTES_MAX + exactBytesOf(header.key) + exactBytesOf(header.value);
  if (bytes <= LIMITS.batchBytesMax) return [record];
  if (valueBytes > maxMessageBytes) {
    throw invalid("MESSAGE_TOO_LARGE", place, `a value of ${valueBytes} bytes, at most ${maxMessageBytes}`, {
      bytes: valueBytes,
      bytesMax: maxMessageBytes,
    });
  }
  const rest = bytes - valueBytes + CHUNK_HEADER_BYTES_MAX;
  if (value instanceof Uint8Array && valueBytes > CHUNK_BYTES_MAX && rest + CHUNK_BYTES_MAX <= LIMITS.batchBytesMax)
    return chunksOf({ ...record, bytesMax: bytes }, value, random);
  throw invalid("MESSAGE_TOO_LARGE", place, `${bytes} bytes with its batch, at most ${LIMITS.batchBytesMax}`, {
    bytes,
    bytesMax: LIMITS.batchBytesMax,
  });
}

function chunksOf(record: PreparedRecord, value: Uint8Array, random: Random): PreparedRecord[] {
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

function exactBytesOf(part: string | Uint8Array | null): number {
  if (part === null) return 0;
  return typeof part === "string" ? utf8.encode(part).byteLength : part.byteLength;
}
