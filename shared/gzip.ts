/**
 * gzip of a batch's records through the platform's streams. zlib promises no stable output, so what was compressed is
 * kept as it is; only what compaction leaves of a batch is compressed again.
 */
import { inflatedLength } from "./inflated-length.ts";
import { LIMITS } from "./limits.ts";
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  GZIP_BITS,
  LENGTH_AT,
  LOG_OVERHEAD_BYTES,
  batchAttributes,
  codecOf,
  writeInt16,
  writeInt32,
} from "./record-batch.ts";
import { asError, readBatch, recordsStart, type BatchReading, type RecordBatch } from "./record-batch-decode.ts";
import { writeCrc } from "./record-batch-encode.ts";
import { web } from "./web-platform.ts";

/** The batch with its records compressed and its CRC written, or the very same where that would not be smaller. */
export async function gzipBatch(bytes: Uint8Array): Promise<Uint8Array> {
  if (codecOf(batchAttributes(bytes, 0)) !== "none") return bytes;
  const packed = await transform(new web.CompressionStream("gzip"), bytes.subarray(BATCH_HEADER_BYTES));
  if (packed.length + BATCH_HEADER_BYTES >= bytes.length) return bytes;
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length);
  batch.set(bytes.subarray(0, BATCH_HEADER_BYTES));
  batch.set(packed, BATCH_HEADER_BYTES);
  writeInt32(batch, LENGTH_AT, batch.length - LOG_OVERHEAD_BYTES);
  writeInt16(batch, ATTRIBUTES_AT, batchAttributes(bytes, 0) | GZIP_BITS);
  writeCrc(batch, 0);
  return batch;
}

/**
 * The batch with its records readable: itself where they are, else a copy that holds them inflated. Damage where the
 * records would pass the cap (`MESSAGE_TOO_LARGE`), are no gzip (`CORRUPT_MESSAGE`), or of a codec that browsers and
 * workerd cannot open (`UNSUPPORTED_COMPRESSION_TYPE`).
 */
export async function tryOpenBatch(
  batch: RecordBatch,
  options: { readonly inflatedBytesMax?: number } = {},
): Promise<BatchReading> {
  const codec = codecOf(batch.attributes);
  if (codec === "none") return { ok: true, batch };
  const position = recordsStart(batch);
  if (codec !== "gzip") {
    const reason = `records compressed with ${codec ?? `codec ${batch.attributes & 7}`}`;
    return { ok: false, damage: { code: "UNSUPPORTED_COMPRESSION_TYPE", position, reason } };
  }
  const bytesMax = options.inflatedBytesMax ?? LIMITS.inflatedBytesMax;
  const packed = batch.bytes.subarray(position, batch.end);
  const length = inflatedLength(packed, bytesMax);
  if (length === "too large") {
    const reason = `records of more than ${bytesMax} bytes`;
    return { ok: false, damage: { code: "MESSAGE_TOO_LARGE", position, reason } };
  }
  try {
    if (length !== "malformed") {
      return { ok: true, batch: withRecords(batch, await transform(new web.DecompressionStream("gzip"), packed)) };
    }
  } catch {
    // The platform's inflater also checks distances and the gzip CRC.
  }
  return { ok: false, damage: { code: "CORRUPT_MESSAGE", position, reason: "records that are not gzip" } };
}

/** The same, for callers to whom damage is an error. */
export async function openBatch(
  batch: RecordBatch,
  options: { readonly inflatedBytesMax?: number } = {},
): Promise<RecordBatch> {
  const reading = await tryOpenBatch(batch, options);
  if (!reading.ok) throw asError(reading.damage);
  return reading.batch;
}

function withRecords(batch: RecordBatch, inflated: Uint8Array): RecordBatch {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + inflated.length);
  bytes.set(batch.bytes.subarray(batch.start, batch.start + BATCH_HEADER_BYTES));
  bytes.set(inflated, BATCH_HEADER_BYTES);
  writeInt32(bytes, LENGTH_AT, bytes.length - LOG_OVERHEAD_BYTES);
  writeInt16(bytes, ATTRIBUTES_AT, batch.attributes & ~7);
  const reading = readBatch(bytes, 0, { crc: false });
  if (!reading.ok) throw asError(reading.damage);
  return reading.batch;
}

/** Gives all of the input at once, so it may only inflate what `inflatedLength` has found to be small enough. */
async function transform(stream: InstanceType<typeof web.CompressionStream>, input: Uint8Array): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // A stream that fails rejects here and at the reader; the reader's rejection is the one that counts.
  const fed = writer.write(input).then(async () => await writer.close());
  fed.catch(() => undefined);
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(chunks, length);
    if (value === undefined) continue;
    length += value.length;
    chunks.push(value);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
