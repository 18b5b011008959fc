/** What readers ask of a partition: whether their history is its own, then the bytes. */
import type { LeaderEpoch } from "../../shared/brands.ts";
import type { Random } from "../../shared/random.ts";
import { isUnheardOf, judgePosition, type ReaderPosition } from "./leader-epochs.ts";
import type { LogExtent } from "./log-extent.ts";
import type { LogReader } from "./log-reader.ts";
import type { PartitionBounds, ReadAnswer, ReadRequest, TimeAnswer, TimeRequest } from "./partition-port.ts";

const NOTHING = new Uint8Array();
const CHUNK_BYTES_MAX = 4_194_304;

export class PartitionReads {
  readonly #extent: LogExtent;
  readonly #reader: LogReader;
  readonly #random: Random;
  readonly #chunks = new Map<string, ReadAnswer>();
  #chunkBytes = 0;

  constructor(extent: LogExtent, reader: LogReader, random: Random) {
    this.#extent = extent;
    this.#reader = reader;
    this.#random = random;
  }

  read(request: ReadRequest): ReadAnswer {
    const { leaderEpoch, offset } = request;
    if (leaderEpoch === null) return this.#reader.read(this.#extent.bounds(), request);
    const divergence = this.divergence({ leaderEpoch, offset });
    if (divergence !== null)
      return { ...this.#extent.bounds(), error: "TRUNCATED", divergence, nextOffset: offset, bytes: NOTHING };
    const answer = this.#reader.read(this.#extent.bounds(), request);
    // Two histories under one epoch: from here on they are told apart.
    if (answer.error !== "TRUNCATED" || !this.#isCurrent(leaderEpoch)) return answer;
    this.#newEpoch(leaderEpoch);
    return { ...answer, ...this.#extent.bounds() };
  }

  /** Up to where the log that somebody has read and this one may agree; null: up to where that one was. */
  divergence(position: ReaderPosition): number | null {
    const verdict = judgePosition(this.#extent.epochs, this.#extent.end.nextOffset, position);
    if (verdict.kind === "fits") return null;
    if (verdict.proof) this.#newEpoch(position.leaderEpoch);
    return verdict.divergence;
  }

  /** For tails, which read in steps of one size: what many readers go through in one time is read once. */
  shared(question: Pick<ReadRequest, "offset" | "bytesMax" | "before">): ReadAnswer {
    const request = { ...question, atLeastOne: true, previousCrc: null, leaderEpoch: null };
    const bounds = this.#extent.bounds();
    const key = `${question.offset} ${question.bytesMax} ${question.before ?? ""}`;
    const held = this.#chunks.get(key);
    if (held !== undefined && question.offset >= bounds.logStartOffset && isWhole(held, bounds))
      return { ...held, ...bounds };
    const answer = this.#reader.read(bounds, request);
    if (answer.error === null && answer.bytes.byteLength > 0) this.#remember(key, answer);
    return answer;
  }

  /** Compaction has changed rows, or retention dropped some. */
  forgetChunks(): void {
    this.#chunks.clear();
    this.#chunkBytes = 0;
  }

  #remember(key: string, answer: ReadAnswer): void {
    this.#chunkBytes -= this.#chunks.get(key)?.bytes.byteLength ?? 0;
    this.#chunks.delete(key);
    if (this.#chunkBytes + answer.bytes.byteLength > CHUNK_BYTES_MAX) this.forgetChunks();
    this.#chunks.set(key, answer);
    this.#chunkBytes += answer.bytes.byteLength;
  }

  batchAtTime(request: TimeRequest): TimeAnswer {
    const bounds = this.#extent.bounds();
    return { ...bounds, ...this.#reader.batchAtTime(bounds, request) };
  }

  /** A producer names the epoch it last heard of. */
  heard(leaderEpoch: LeaderEpoch | null): void {
    if (leaderEpoch !== null && isUnheardOf(this.#extent.epochs, leaderEpoch)) this.#newEpoch(leaderEpoch);
  }

  #isCurrent({ counter, random }: LeaderEpoch): boolean {
    const { leaderEpoch } = this.#extent;
    return leaderEpoch.counter === counter && leaderEpoch.random === random;
  }

  #newEpoch(claimed: LeaderEpoch): void {
    this.#extent.newEpoch(claimed, random32(this.#random));
  }
}

/** Short of the end of the log a chunk stays what it is; one that ended there is longer once the log has grown. */
function isWhole(chunk: ReadAnswer, { highWatermark }: PartitionBounds): boolean {
  return chunk.nextOffset < chunk.highWatermark || chunk.highWatermark === highWatermark;
}

export function random32(random: Random): number {
  const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
