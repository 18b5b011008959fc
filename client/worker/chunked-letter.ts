/**
 * A dead letter that is a chunk of a larger value (`shared/chunking.ts`): sent again alone, at the end of its partition,
 * it would be of no use to anybody. So the whole value is sent again: what was refused, what still waits, and copies of
 * the chunks that were committed, as the device or else the edge has them.
 */
import { chunkPlace, type ChunkPlace } from "../../shared/chunking.ts";
import type { LocalSequence, Offset } from "../../shared/brands.ts";
import type { Clock } from "../../shared/clock.ts";
import { tryOpenBatch } from "../../shared/gzip.ts";
import { readBatch, records } from "../../shared/record-batch-decode.ts";
import { RecordBatchEncoder } from "../../shared/record-batch-encode.ts";
import type { RecordView } from "../../shared/record.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import type { RecordSource } from "../consumer/record-source.ts";
import type { LetterCopy, Outbox, PartitionRef, Replica } from "../log/device-log.ts";
import { plus } from "../log/partition-row.ts";
import { Wake } from "../wake.ts";

/** A page waits thirty seconds for the answer. */
const EDGE_MS_MAX = 20_000;

export interface ChunkedLetterDeps {
  readonly outbox: Outbox;
  readonly replica: Replica;
  readonly clock: Clock;
  /** Null: there is no edge. */
  readonly readThrough: (() => RecordSource) | null;
}

export interface ChunkLetter {
  /** Of its first chunk, whether that is a letter or not. */
  readonly first: LocalSequence;
  readonly place: ChunkPlace;
}

/** Null: the letter is no chunk, or there is none. */
export async function chunkLetter(
  outbox: Outbox,
  ref: PartitionRef,
  localSequence: LocalSequence,
): Promise<ChunkLetter | null> {
  const letter = await outbox.letter(ref, localSequence);
  const place = letter === null || letter.count > 1 ? null : placeOf(await onlyRecord(letter.bytes));
  if (letter === null || place === null) return null;
  return { first: plus(letter.localSequence, -place.index), place };
}

/** Where the chunks are dead letters. */
export async function lettersOf(outbox: Outbox, ref: PartitionRef, letter: ChunkLetter): Promise<LocalSequence[]> {
  const found: LocalSequence[] = [];
  for (let index = 0; index < letter.place.count; index += 1) {
    const at = plus(letter.first, index);
    const other = await outbox.letter(ref, at);
    if (other !== null && isChunk(await onlyRecord(other.bytes), letter.place.id, index)) found.push(at);
  }
  return found;
}

/** All chunks of the value, in order. Rejects where one is not to be had, which changes nothing. */
export async function wholeOf(deps: ChunkedLetterDeps, ref: PartitionRef, letter: ChunkLetter): Promise<LetterCopy[]> {
  const edge = new LateEdge(deps);
  try {
    const copies: LetterCopy[] = [];
    for (let index = 0; index < letter.place.count; index += 1) {
      const copy = await copyOf(deps, edge, { ref, localSequence: plus(letter.first, index) });
      if (copy === null || !isChunk(await onlyRecord(copy.bytes), letter.place.id, index))
        throw gone(letter.place, index);
      copies.push(copy);
    }
    return copies;
  } finally {
    edge.close();
  }
}

async function copyOf(
  { outbox, replica }: ChunkedLetterDeps,
  edge: LateEdge,
  { ref, localSequence }: { readonly ref: PartitionRef; readonly localSequence: LocalSequence },
): Promise<LetterCopy | null> {
  const letter = await outbox.letter(ref, localSequence);
  if (letter !== null) return { bytes: letter.bytes, letter: letter.localSequence };
  const found = await outbox.find(ref, localSequence);
  if (found.kind === "pending") {
    const [batch] = await outbox.read(found.ref, found.localSequence, { bytesMax: 1, countMax: 1 });
    return batch === undefined ? null : { bytes: batch.bytes, letter: null };
  }
  if (found.kind !== "committed" || found.offset === null) return null;
  const { heldFrom, runs } = await replica.read(found.ref, found.offset, 1);
  const held = heldFrom > found.offset ? null : await recordAt(runs, found.offset);
  const record = held ?? (await edge.record(found.ref, found.offset));
  return record === null ? null : { bytes: unsealed(record), letter: null };
}

/** What the edge has, asked for only where the device does not have it, and not for ever. */
class LateEdge {
  readonly #clock: Clock;
  readonly #readThrough: ChunkedLetterDeps["readThrough"];
  readonly #until: number;
  readonly #wake: Wake;
  #source: RecordSource | null = null;

  constructor({ clock, readThrough }: ChunkedLetterDeps) {
    this.#clock = clock;
    this.#readThrough = readThrough;
    this.#until = clock.now() + EDGE_MS_MAX;
    this.#wake = new Wake(clock);
  }

  async record(ref: PartitionRef, offset: Offset): Promise<RecordView | null> {
    if (this.#source === null) {
      this.#source = this.#readThrough?.() ?? null;
      this.#source?.onNews?.(() => this.#wake.ring());
    }
    const source = this.#source;
    if (source === null) return null;
    for (;;) {
      const { runs, nextOffset, logStartOffset } = await source.read(ref, offset, 1);
      if (nextOffset > offset) return await recordAt(runs, offset);
      if (logStartOffset > offset) return null;
      const left = this.#until - this.#clock.now();
      if (left <= 0)
        throw new StrandlineError("REQUEST_TIMED_OUT", "the edge has chunks that this device does not have");
      await this.#wake.wait(left);
    }
  }

  close(): void {
    void this.#source?.close();
  }
}

async function recordAt(runs: readonly Uint8Array[], offset: Offset): Promise<RecordView | null> {
  for (const bytes of runs)
    for (let at = 0; at < bytes.byteLength;) {
      const reading = readBatch(bytes, at);
      if (!reading.ok) break;
      at = reading.batch.end;
      const opened = await tryOpenBatch(reading.batch);
      if (!opened.ok) continue;
      for (const record of records(opened.batch)) if (record.offset === offset) return record;
    }
  return null;
}

/** Of a batch that waits, whose CRC may not be written yet. */
async function onlyRecord(bytes: Uint8Array): Promise<RecordView | null> {
  const reading = readBatch(bytes, 0, { crc: false });
  const opened = reading.ok ? await tryOpenBatch(reading.batch) : null;
  if (opened === null || !opened.ok) return null;
  const [record = null] = records(opened.batch);
  return record;
}

function unsealed({ key, value, timestamp, headers }: RecordView): Uint8Array<ArrayBuffer> {
  const encoder = new RecordBatchEncoder();
  encoder.append({ key, value, timestamp, headers });
  return encoder.finish();
}

const utf8 = new TextDecoder();

function placeOf(record: RecordView | null): ChunkPlace | null {
  if (record === null) return null;
  return chunkPlace((name) => {
    const value = record.headers.find(({ key }) => key === name)?.value;
    return value == null ? null : utf8.decode(value);
  });
}

function isChunk(record: RecordView | null, id: string, index: number): boolean {
  const place = placeOf(record);
  return place?.id === id && place.index === index;
}

function gone({ id, count }: ChunkPlace, index: number): StrandlineError {
  const said = `chunk ${index} of ${count} of the value ${id} is not to be had any more: the value can only be sent anew`;
  return new StrandlineError("INVALID_RECORD", said, { id, index, count });
}
