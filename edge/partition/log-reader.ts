/** Reads of a partition's log: whole batches from the one that contains an offset, and the batch at a time. */
import type { Crc } from "../../shared/brands.ts";
import {
  batchBaseOffset,
  batchByteLength,
  batchCount,
  batchCrc,
  batchLastOffset,
  batchMaxTimestamp,
} from "../../shared/record-batch.ts";
import type { StoredRun } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import type { PartitionBounds, ReadAnswer, ReadRequest, TimeAnswer, TimeRequest } from "./partition-port.ts";
import { readReceived } from "./received-batches.ts";
import type { Damage, RowChecks } from "./row-check.ts";

const NOTHING = new Uint8Array();
const TIME_BYTES_PER_TURN = 8_388_608;

type Chunk = Pick<ReadAnswer, "bytes" | "nextOffset"> & {
  /** What stands at the offset is damaged. */
  readonly damaged: boolean;
};

export class LogReader {
  readonly #store: LogStore;
  readonly #checks: RowChecks;

  constructor(store: LogStore, checks: RowChecks) {
    this.#store = store;
    this.#checks = checks;
  }

  read(bounds: PartitionBounds, request: ReadRequest): ReadAnswer {
    const { offset, previousCrc } = request;
    const empty = { ...bounds, bytes: NOTHING, divergence: null, nextOffset: offset };
    if (offset < bounds.logStartOffset || offset > bounds.highWatermark)
      return { ...empty, error: "OFFSET_OUT_OF_RANGE" };
    const divergence =
      previousCrc === null || offset === bounds.logStartOffset ? null : this.#divergence(offset, previousCrc);
    if (divergence !== null) return { ...empty, error: "TRUNCATED", divergence };
    if (offset === bounds.highWatermark) return { ...empty, error: null };
    const { bytes, nextOffset, damaged } = this.#chunk(bounds, request);
    return { ...empty, error: damaged ? "CORRUPT_MESSAGE" : null, bytes, nextOffset };
  }

  /** As many whole batches as fit, up to the end of the log or to damage. */
  #chunk({ highWatermark }: PartitionBounds, { offset, bytesMax, atLeastOne, before }: ReadRequest): Chunk {
    const parts: Uint8Array[] = [];
    let length = 0;
    let nextOffset = offset;
    const chunk = (behind: number): Chunk => ({ bytes: joined(parts, length), nextOffset: behind, damaged: false });
    while (before === null || nextOffset < before) {
      for (const run of this.#store.runsFrom(nextOffset, bytesMax)) {
        if (run.lastOffset < nextOffset) continue;
        if (before !== null && run.baseOffset >= before) return chunk(before);
        const first = length === 0;
        const read = this.#partOf(run, nextOffset, { room: bytesMax - length, atLeastOne: atLeastOne && first });
        if (read.part.length > 0) parts.push(read.part);
        length += read.part.length;
        const isRefused = read.stopped === "damage" && read.part.length === 0;
        if (isRefused && nextOffset === offset) return { ...chunk(read.nextOffset), damaged: true };
        // The next read begins with the damage and is refused.
        if (isRefused) return chunk(nextOffset);
        nextOffset = read.nextOffset;
        if (read.stopped !== null || length >= bytesMax) return chunk(nextOffset);
      }
      const [next] = this.#store.runsBehind(nextOffset, 1);
      if (next === undefined) return chunk(before ?? highWatermark);
      if (length > 0) return chunk(nextOffset);
      // Compaction has taken whole rows here.
      nextOffset = next.baseOffset;
    }
    return chunk(nextOffset);
  }

  #partOf(
    run: StoredRun,
    offset: number,
    space: { readonly room: number; readonly atLeastOne: boolean },
  ): { readonly part: Uint8Array; readonly nextOffset: number; readonly stopped: "damage" | "full" | null } {
    const damages = this.#checks.check(run, run.bytes);
    const within = damages.find((one) => offset >= one.offset && offset < one.nextOffset);
    if (within !== undefined) return { part: NOTHING, nextOffset: within.nextOffset, stopped: "damage" };
    const { start, limit } = soundFrom(run.bytes, offset, damages);
    const end = endWithin(run.bytes.subarray(0, limit), start, space);
    const part = run.bytes.subarray(start, end);
    if (end < limit) return { part, nextOffset: end > start ? offsetBehind(part) : offset, stopped: "full" };
    const behind = damages.find((one) => one.offset >= offset);
    if (behind !== undefined)
      return { part, nextOffset: end > start ? offsetBehind(part) : behind.nextOffset, stopped: "damage" };
    return { part, nextOffset: run.lastOffset + 1, stopped: null };
  }

  /** Null: the batch that ends before the offset is the reader's. Otherwise where the batch that the log has there begins. */
  #divergence(offset: number, previousCrc: Crc): number | null {
    const run = this.#store.runAround(offset - 1);
    if (run === null || run.lastOffset < offset - 1) return null;
    if (run.lastOffset === offset - 1 && run.lastCrc === previousCrc) return null;
    // What compaction wrote has many CRCs in its life: a reader may hold any of them.
    const received = this.#store.received(run.baseOffset);
    const bytes = this.#store.runBytes(run.baseOffset) ?? NOTHING;
    if (this.#checks.check({ ...run, received }, bytes).length > 0) return null;
    if (received !== null) return this.#divergenceOfReceived(run.baseOffset, { offset, previousCrc, received, bytes });
    const at = startOfBatchWith(bytes, offset - 1);
    if (at >= bytes.length) return null;
    // A batch that goes on beyond the offset is not the reader's either: borders never move.
    const same = batchLastOffset(bytes, at) === offset - 1 && batchCrc(bytes, at) === previousCrc;
    return same ? null : batchBaseOffset(bytes, at);
  }

  #divergenceOfReceived(
    runOffset: number,
    held: {
      readonly offset: number;
      readonly previousCrc: Crc;
      readonly received: Uint8Array;
      readonly bytes: Uint8Array;
    },
  ): number | null {
    const { offset, previousCrc, bytes } = held;
    let baseOffset = runOffset;
    for (const { count, crc } of readReceived(held.received)) {
      const end = baseOffset + count;
      if (end > offset) return baseOffset;
      if (end === offset) {
        const at = startOfBatchWith(bytes, offset - 1);
        const whole = at < bytes.length && batchBaseOffset(bytes, at) === baseOffset && batchCount(bytes, at) === count;
        return !whole || batchCrc(bytes, at) === previousCrc || crc === previousCrc ? null : baseOffset;
      }
      baseOffset = end;
    }
    return null;
  }

  /**
   * The running maximum only grows, so the first row that reaches the time is found by halving; the record itself may
   * have been compacted away, so it is looked for from there on, as Kafka does, in turns: what only one record that is
   * long gone ever reached would be looked for in all of the log.
   */
  batchAtTime(bounds: PartitionBounds, { timestamp, from }: TimeRequest): Pick<TimeAnswer, "batch" | "nextOffset"> {
    let low = Math.max(bounds.logStartOffset, from);
    let high = bounds.highWatermark;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const run = this.#store.runAround(middle);
      if (run === null || run.maxTimestamp < timestamp) low = Math.max(middle, run?.lastOffset ?? middle) + 1;
      else high = Math.max(Math.min(run.baseOffset, middle), low);
    }
    let looked = 0;
    for (const run of this.#store.runsFrom(low, Number.MAX_SAFE_INTEGER)) {
      const { bytes } = run;
      for (const at of soundBatches(bytes, this.#checks.check(run, bytes))) {
        const reaches = batchLastOffset(bytes, at) >= low && batchMaxTimestamp(bytes, at) >= timestamp;
        if (!reaches) continue;
        const batch = bytes.slice(at, at + batchByteLength(bytes, at));
        return { batch, nextOffset: batchLastOffset(bytes, at) + 1 };
      }
      looked += bytes.length;
      if (looked >= TIME_BYTES_PER_TURN) return { batch: null, nextOffset: run.lastOffset + 1 };
    }
    return { batch: null, nextOffset: bounds.highWatermark };
  }
}

function* soundBatches(bytes: Uint8Array, damages: readonly Damage[]): Generator<number> {
  for (let at = 0; at < bytes.length;) {
    const damage = damages.find((one) => one.at === at);
    if (damage === undefined) yield at;
    at = damage?.end ?? at + batchByteLength(bytes, at);
  }
}

/** From the batch that holds the offset, or the next, up to the next damage. */
function soundFrom(
  bytes: Uint8Array,
  offset: number,
  damages: readonly Damage[],
): { readonly start: number; readonly limit: number } {
  const before = damages.findLast((one) => one.nextOffset <= offset);
  const behind = damages.find((one) => one.offset > offset);
  const limit = behind?.at ?? bytes.length;
  return { start: Math.min(startOfBatchWith(bytes, offset, before?.end ?? 0), limit), limit };
}

function startOfBatchWith(bytes: Uint8Array, offset: number, from = 0): number {
  let at = from;
  while (at < bytes.length && batchLastOffset(bytes, at) < offset) at += batchByteLength(bytes, at);
  return at;
}

function offsetBehind(batches: Uint8Array): number {
  let behind = 0;
  for (let at = 0; at < batches.length; at += batchByteLength(batches, at)) behind = batchLastOffset(batches, at) + 1;
  return behind;
}

function endWithin(
  bytes: Uint8Array,
  start: number,
  { room, atLeastOne }: { readonly room: number; readonly atLeastOne: boolean },
): number {
  if (bytes.length - start <= room) return bytes.length;
  let end = start;
  while (end < bytes.length) {
    const next = end + batchByteLength(bytes, end);
    const first = atLeastOne && end === start;
    if (next - start > room && !first) break;
    end = next;
  }
  return end;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.byteLength === only.buffer.byteLength ? only : only.slice();
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}
