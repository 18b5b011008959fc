/** What is in memory of one partition at the edge: from where its reader stands, as far as was fetched ahead. */
import type { Crc, LeaderEpoch, Offset } from "../../shared/brands.ts";
import { batchByteLength, batchLastOffset } from "../../shared/record-batch.ts";
import type { FetchedRun, PartitionRef } from "../log/device-log.ts";

type Bytes = Uint8Array<ArrayBuffer>;

export interface RemoteBounds {
  readonly leaderEpoch: LeaderEpoch | null;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
}

interface Held {
  readonly from: Offset;
  readonly bytes: Bytes;
  readonly nextOffset: Offset;
}

export class RemoteWindow {
  readonly ref: PartitionRef;
  /** Null: the edge has not told. */
  bounds: RemoteBounds | null = null;
  /** Somebody reads it. */
  wanted = false;
  /** Where to fetch from. */
  end: Offset = 0 as Offset;
  /** Of the batch before `end`, and what told it; null where none is held. */
  lastCrc: Crc | null = null;
  bytes = 0;
  #position: Offset = 0 as Offset;
  #held: Held[] = [];

  constructor(ref: PartitionRef) {
    this.ref = ref;
  }

  /** Whole batches of what is here from the offset, and where to go on; the offset itself: nothing is here. */
  read(offset: Offset, bytesMax: number): { readonly runs: readonly Bytes[]; readonly nextOffset: Offset } {
    this.wanted = true;
    this.#position = offset;
    const at = this.#within(offset);
    if (at < (this.#held[0]?.from ?? this.end) || at > this.end) this.#restart(at);
    while (this.#held[0] !== undefined && this.#held[0].nextOffset <= at)
      this.bytes -= this.#held.shift()?.bytes.byteLength ?? 0;
    const runs: Bytes[] = [];
    let nextOffset = offset;
    let room = bytesMax;
    // Where the log is shorter than that, or begins behind it, nothing is.
    for (const one of at === offset ? this.#held : []) {
      const part = partOf(one, nextOffset, room);
      if (runs.length > 0 && part.bytes.byteLength > room) break;
      if (part.bytes.byteLength > 0) runs.push(part.bytes);
      room -= part.bytes.byteLength;
      nextOffset = part.nextOffset;
      if (nextOffset < one.nextOffset || room <= 0) break;
    }
    return { runs, nextOffset };
  }

  /** False: nothing of it is news. */
  take(run: FetchedRun): boolean {
    const moved = this.learn(run);
    if (run.restart) this.#restart(this.#within(this.#position));
    // It was asked for before the reader went elsewhere.
    else if (run.from !== this.end || run.nextOffset <= this.end) return moved;
    else {
      this.#held.push({ from: run.from, bytes: run.bytes.slice(), nextOffset: run.nextOffset });
      this.bytes += run.bytes.byteLength;
      this.end = run.nextOffset;
      this.lastCrc = run.lastCrc;
    }
    return true;
  }

  learn({ leaderEpoch, logStartOffset, highWatermark }: RemoteBounds): boolean {
    const before = this.bounds;
    this.bounds = { leaderEpoch: leaderEpoch ?? before?.leaderEpoch ?? null, logStartOffset, highWatermark };
    if (before === null) this.#restart(this.#within(this.#position));
    return before?.highWatermark !== highWatermark || before.logStartOffset !== logStartOffset;
  }

  /** It is fetched again when it is read. */
  evict(): void {
    this.wanted = false;
    this.#restart(this.#within(this.#position));
  }

  #restart(at: Offset): void {
    this.#held = [];
    this.bytes = 0;
    this.end = at;
    this.lastCrc = null;
  }

  /** Where the log is cut before a reader, that one waits at its end. */
  #within(offset: Offset): Offset {
    if (this.bounds === null) return offset;
    const { logStartOffset, highWatermark } = this.bounds;
    return Math.max(logStartOffset, Math.min(offset, highWatermark)) as Offset;
  }
}

/** From the batch that contains the offset, or the next; one at least, and no more than fit. */
function partOf(
  { bytes, nextOffset: behind }: Held,
  offset: Offset,
  bytesMax: number,
): { readonly bytes: Bytes; readonly nextOffset: Offset } {
  let start = 0;
  while (start < bytes.byteLength && batchLastOffset(bytes, start) < offset) start += batchByteLength(bytes, start);
  let end = start;
  let nextOffset = offset;
  while (end < bytes.byteLength) {
    const length = batchByteLength(bytes, end);
    if (end > start && end + length - start > bytesMax) break;
    nextOffset = (batchLastOffset(bytes, end) + 1) as Offset;
    end += length;
  }
  // A copy: whoever it is given to may hand its buffer over.
  return { bytes: bytes.slice(start, end), nextOffset: end === bytes.byteLength ? behind : nextOffset };
}
