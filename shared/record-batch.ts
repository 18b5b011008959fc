/**
 * The format of a record batch (Kafka's magic 2, `DefaultRecordBatch`): where each field stands, as sums of what comes
 * before, and how single fields are read and patched in place. `PROTOCOL.md` 1.
 */
import { assert } from "./assert.ts";
import type { ProducerId } from "./brands.ts";

export const BASE_OFFSET_AT = 0;
export const LENGTH_AT: number = BASE_OFFSET_AT + 8;
export const LEADER_EPOCH_AT: number = LENGTH_AT + 4;
export const MAGIC_AT: number = LEADER_EPOCH_AT + 4;
export const CRC_AT: number = MAGIC_AT + 1;
export const ATTRIBUTES_AT: number = CRC_AT + 4;
export const LAST_OFFSET_DELTA_AT: number = ATTRIBUTES_AT + 2;
export const BASE_TIMESTAMP_AT: number = LAST_OFFSET_DELTA_AT + 4;
export const MAX_TIMESTAMP_AT: number = BASE_TIMESTAMP_AT + 8;
export const PRODUCER_ID_AT: number = MAX_TIMESTAMP_AT + 8;
export const PRODUCER_EPOCH_AT: number = PRODUCER_ID_AT + 8;
export const BASE_SEQUENCE_AT: number = PRODUCER_EPOCH_AT + 2;
export const COUNT_AT: number = BASE_SEQUENCE_AT + 4;
export const BATCH_HEADER_BYTES: number = COUNT_AT + 4;

/** `batchLength` counts what follows it. */
export const LOG_OVERHEAD_BYTES: number = LENGTH_AT + 4;
export const MAGIC = 2;

assert(CRC_AT === 17 && ATTRIBUTES_AT === 21 && BATCH_HEADER_BYTES === 61, "the header is Kafka's");
assert(COUNT_AT - PRODUCER_ID_AT === 14, "sealing patches 14 bytes");

export const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Codec = (typeof CODECS)[number];

const CODEC_MASK = 0b111;
export const GZIP_BITS = 1;
export const LOG_APPEND_TIME_BIT: number = 1 << 3;
const TRANSACTIONAL_BIT = 1 << 4;
const CONTROL_BIT = 1 << 5;

/** Null: bits that name no codec. */
export function codecOf(attributes: number): Codec | null {
  return CODECS[attributes & CODEC_MASK] ?? null;
}
export function hasLogAppendTime(attributes: number): boolean {
  return (attributes & LOG_APPEND_TIME_BIT) !== 0;
}
export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0;
}
export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_BIT) !== 0;
}

/** Big-endian reads by hand: a `DataView` per batch costs more than the four shifts. */
export function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number);
}
export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0;
}
/** An int64 as a number; inexact beyond the safe integers, which `Number.isSafeInteger` then shows. */
export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * 0x1_0000_0000 + readUint32(bytes, at + 4);
}
export function writeInt16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value;
}
export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24;
  bytes[at + 1] = value >> 16;
  bytes[at + 2] = value >> 8;
  bytes[at + 3] = value;
}
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 0x1_0000_0000));
  writeInt32(bytes, at + 4, value | 0);
  // `| 0` keeps the low 32 bits of a safe integer, also of a negative one.
}

/** Single fields of the batch at `at`, which the caller knows to lie within `bytes`. */
export function batchByteLength(bytes: Uint8Array, at: number): number {
  return LOG_OVERHEAD_BYTES + readInt32(bytes, at + LENGTH_AT);
}
export function batchBaseOffset(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + BASE_OFFSET_AT);
}
export function batchLastOffset(bytes: Uint8Array, at: number): number {
  return batchBaseOffset(bytes, at) + readInt32(bytes, at + LAST_OFFSET_DELTA_AT);
}
export function batchCrc(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + CRC_AT);
}
export function batchAttributes(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + ATTRIBUTES_AT);
}
export function batchCount(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + COUNT_AT);
}
export function batchMaxTimestamp(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + MAX_TIMESTAMP_AT);
}
export function batchBaseSequence(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + BASE_SEQUENCE_AT);
}
export function batchProducerEpoch(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + PRODUCER_EPOCH_AT);
}
/** As hex: an id is 8 bytes, never a number. Kafka's -1 (no producer) is `ffffffffffffffff`. */
export function batchProducerId(bytes: Uint8Array, at: number): ProducerId {
  const high = readUint32(bytes, at + PRODUCER_ID_AT)
    .toString(16)
    .padStart(8, "0");
  const low = readUint32(bytes, at + PRODUCER_ID_AT + 4)
    .toString(16)
    .padStart(8, "0");
  return (high + low) as ProducerId;
}

/** What the edge patches on append; the CRC leaves both out for this purpose. */
export function patchLogPosition(
  bytes: Uint8Array,
  at: number,
  position: { readonly baseOffset: number; readonly leaderEpoch: number },
): void {
  writeInt64(bytes, at + BASE_OFFSET_AT, position.baseOffset);
  writeInt32(bytes, at + LEADER_EPOCH_AT, position.leaderEpoch);
}
