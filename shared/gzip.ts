/**
 * gzip of a batch's records through the platform's streams. zlib promises no stable output, so what was compressed is
 * kept as it is and never compressed again.
 */
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
import { web, type ByteReader, type ByteWriter } from "./web-platform.ts";

/**
 * Chromium and workerd inflate all of one write before the first byte can be read: a bomb of 1 MiB given at once took
 * 1.1 GiB in workerd, whatever the reader's cap. deflate makes at most 1032 bytes of one, so a piece is 4 MiB at worst.
 */
const INFLATED_PIECE_BYTES = 4 * 1024;

/** The batch with its records compressed and its CRC written, or the very same where that would not be smaller. */
export async function gzipBatch(bytes: Uint8Array): Promise<Uint8Array> {
  if (codecOf(batchAttributes(bytes, 0)) !== "none") return bytes;
  const plain = bytes.subarray(BATCH_HEADER_BYTES);
  const packed = await transform(new web.CompressionStream("gzip"), plain, { pieceBytes: plain.length });
  if (packed === "too large" || packed.length + BATCH_HEADER_BYTES >= bytes.length) return bytes;
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
  try {
    const packed = batch.bytes.subarray(position, batch.end);
    const options = { pieceBytes: INFLATED_PIECE_BYTES, bytesMax };
    const inflated = await transform(new web.DecompressionStream("gzip"), packed, options);
    if (inflated === "too large") {
      return {
        ok: false,
        damage: { code: "MESSAGE_TOO_LARGE", position, reason: `records of more than ${bytesMax} bytes` },
      };
    }
    return { ok: true, batch: withRecords(batch, inflated) };
  } catch {
    return { ok: false, damage: { code: "CORRUPT_MESSAGE", position, reason: "records that are not gzip" } };
  }
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

/** `bytesMax` bounds the output; what is held above it is what one piece of the input becomes. */
async function transform(
  stream: InstanceType<typeof web.CompressionStream>,
  input: Uint8Array,
  options: { readonly pieceBytes: number; readonly bytesMax?: number },
): Promise<Uint8Array | "too large"> {
  const { pieceBytes, bytesMax = Infinity } = options;
  const writer = stream.writable.getWriter();
  const flow = { stopped: false };
  // A stream that fails rejects here and at the reader; the reader's rejection is the one that counts.
  feed(writer, input, { pieceBytes, flow }).catch(() => undefined);
  const reader = stream.readable.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return join(chunks, length);
    if (value === undefined) continue;
    length += value.length;
    if (length > bytesMax) {
      flow.stopped = true;
      return await stop(reader, writer);
    }
    chunks.push(value);
  }
}

async function feed(
  writer: ByteWriter,
  input: Uint8Array,
  options: { readonly pieceBytes: number; readonly flow: { readonly stopped: boolean } },
): Promise<void> {
  const { pieceBytes, flow } = options;
  for (let at = 0; at < input.length && !flow.stopped; at += pieceBytes) {
    await writer.write(input.subarray(at, at + pieceBytes));
  }
  if (!flow.stopped) await writer.close();
}

async function stop(reader: ByteReader, writer: ByteWriter): Promise<"too large"> {
  await reader.cancel().catch(() => undefined);
  await writer.abort().catch(() => undefined);
  return "too large";
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
