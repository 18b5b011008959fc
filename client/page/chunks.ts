/**
 * Puts chunked values together again (`shared/chunking.ts`). A message stands at the offset of its last chunk. Until
 * that was handled its chunks are kept here, so that a handler that failed gets it again, and with each commit goes
 * the place of its first chunk, so that a reader that starts again reads from there, and handles what was not.
 */
import { chunkPlace, isChunkHeader, MESSAGE_BYTES_MAX, type ChunkPlace } from "../../shared/chunking.ts";
import { crc32c } from "../../shared/crc32c.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { lineName } from "./line-position.ts";
import type { TopicPartition } from "./paused-partitions.ts";
import type { ReceivedHeader, ReceivedMessage } from "./received-message.ts";

/** A message that is not continued for so many records is given up: one of its chunks was refused by the edge. */
const ABANDONED_AFTER = 100_000;
/** What is kept of unfinished messages of one partition, in messages of the largest kind. */
const UNFINISHED_MAX = 2;

interface Unfinished extends ChunkPlace {
  readonly first: number;
  /** Of the chunk that came last. */
  last: number;
  parts: Uint8Array[];
  received: number;
  crcSoFar: number;
  /** Set once all are there. */
  whole: Uint8Array | null;
}

export interface BrokenMessage extends TopicPartition {
  readonly error: StrandlineError;
  /** Of its chunks, as far as they came. */
  readonly from: number;
  readonly to: number;
}

export interface ChunkOptions {
  readonly maxMessageBytes?: number | undefined;
  readonly onBroken: (broken: BrokenMessage) => void;
}

const utf8 = new TextDecoder();

export class ChunkAssembler {
  readonly #bytesMax: number;
  readonly #onBroken: ChunkOptions["onBroken"];
  /** By partition, then by id, oldest first. */
  readonly #lines = new Map<string, Map<string, Unfinished>>();
  /** By partition: of the message whose remaining chunks are passed by. */
  readonly #broken = new Map<string, string>();

  constructor({ maxMessageBytes, onBroken }: ChunkOptions) {
    this.#bytesMax = maxMessageBytes ?? MESSAGE_BYTES_MAX;
    this.#onBroken = onBroken;
  }

  /**
   * The records of one batch, with chunks taken out, and the message put in where they are complete. Those below
   * `handledTo` were handled: of a message that begins before what is read again nothing is missed.
   */
  whole(messages: ReceivedMessage[], handledTo = 0): ReceivedMessage[] {
    const found = this.#whole(messages, handledTo);
    return handledTo === 0 ? found : found.filter((message) => placeOf(message) >= handledTo);
  }

  /** A pending chunk whose first ones are committed by now: all of the message comes with the committed ones. */
  isRest([only, ...more]: readonly ReceivedMessage[]): boolean {
    if (only === undefined || more.length > 0 || !only.pending) return false;
    const place = chunkPlace((name) => textOf(only.headers[name]));
    return place !== null && place.index > 0 && !this.#line(only).has(place.id);
  }

  #whole(messages: ReceivedMessage[], handledTo: number): ReceivedMessage[] {
    const [only] = messages;
    // A chunk is alone in its batch: others cost nothing.
    if (only === undefined || messages.length > 1) return messages;
    const place = chunkPlace((name) => textOf(only.headers[name]));
    if (place === null || only.value === null) return messages;
    if (place.index > 0 && placeOf(only) < handledTo && !this.#line(only).has(place.id)) return [];
    const value = this.#take(only, only.value, place);
    if (value === null) return [];
    only.become(
      value,
      Object.entries(only.headers).filter(([name]) => !isChunkHeader(name)),
    );
    return messages;
  }

  /** From where one has to read who goes on at `offset`. */
  neededFrom(of: Line, offset: number): number {
    let most = offset;
    for (const { first, last, whole } of this.#line(of).values())
      if (whole === null || last >= offset) most = Math.min(most, first);
    return most;
  }

  /** Everything below `offset` was handled. */
  resolved(of: Line, offset: number): void {
    // As with nearly all.
    if (this.#lines.size === 0) return;
    const line = this.#lines.get(nameOf(of));
    if (line === undefined) return;
    for (const [id, { last, whole }] of line) if (whole !== null && last < offset) line.delete(id);
    if (line.size === 0) this.#lines.delete(nameOf(of));
  }

  /** Other records will stand from `offset` on. */
  cut(of: Line, offset: number): void {
    const line = this.#line(of);
    for (const [id, { first }] of line) if (first >= offset) line.delete(id);
  }

  /** Reading goes on elsewhere. */
  forget(of: Line): void {
    this.#lines.delete(nameOf(of));
  }

  #line(of: Line): Map<string, Unfinished> {
    return this.#lines.get(nameOf(of)) ?? new Map<string, Unfinished>();
  }

  #take(message: ReceivedMessage, value: Uint8Array, place: ChunkPlace): Uint8Array | null {
    const offset = placeOf(message);
    const line = this.#line(message);
    this.#lines.set(nameOf(message), line);
    this.#giveUpAbandoned(message, line);
    const known = line.get(place.id) ?? this.#begin(message, line, place);
    if (known === null) return null;
    const next = known.whole === null ? known.parts.length : known.count;
    // Read again: what came of it is kept.
    if (place.index < next) return place.index === known.count - 1 ? known.whole : null;
    known.last = offset;
    if (place.index > next) return this.#break(message, known, `chunk ${next} of ${known.count} is missing`);
    known.parts.push(value);
    known.received += value.byteLength;
    known.crcSoFar = crc32c(value, 0, value.length, known.crcSoFar);
    if (known.received > known.bytes) return this.#break(message, known, `more than its ${known.bytes} bytes`);
    return known.parts.length === known.count ? this.#finish(message, known) : null;
  }

  #begin(message: ReceivedMessage, line: Map<string, Unfinished>, place: ChunkPlace): Unfinished | null {
    const offset = placeOf(message);
    const begun = { ...place, first: offset, last: offset, parts: [], received: 0, crcSoFar: 0, whole: null };
    if (place.bytes > this.#bytesMax) this.#break(message, begun, `${place.bytes} bytes, at most ${this.#bytesMax}`);
    else if (place.index > 0) this.#break(message, begun, `its first ${place.index} chunks were not read`);
    else {
      line.set(place.id, begun);
      return begun;
    }
    return null;
  }

  #finish(message: ReceivedMessage, known: Unfinished): Uint8Array | null {
    if (known.received !== known.bytes || known.crcSoFar.toString(16).padStart(8, "0") !== known.crc)
      return this.#break(message, known, "its checksum is another one");
    const whole = new Uint8Array(known.bytes);
    let at = 0;
    for (const part of known.parts) {
      whole.set(part, at);
      at += part.byteLength;
    }
    known.parts = [];
    known.whole = whole;
    return whole;
  }

  #giveUpAbandoned(message: ReceivedMessage, line: Map<string, Unfinished>): void {
    let bytes = 0;
    for (const one of [...line.values()].toReversed()) {
      if (one.whole !== null) continue;
      bytes += one.received;
      const old = placeOf(message) - one.last > ABANDONED_AFTER || bytes > UNFINISHED_MAX * this.#bytesMax;
      if (old) this.#break(message, one, `its chunks from ${one.parts.length} on do not come`);
    }
  }

  #break(message: ReceivedMessage, broken: Unfinished, said: string): null {
    const { topic, partition } = message;
    const name = nameOf(message);
    this.#lines.get(name)?.delete(broken.id);
    if (this.#broken.get(name) === broken.id) return null;
    this.#broken.set(name, broken.id);
    const { first, last, id } = broken;
    const error = new StrandlineError("CORRUPT_MESSAGE", `the chunked message ${id}: ${said}`, {
      topic,
      partition,
      id,
    });
    this.#onBroken({ topic, partition, error, from: first, to: last + 1 });
    return null;
  }
}

/** What is pending stands at its local sequence, in a line of its own. */
interface Line extends TopicPartition {
  readonly pending?: boolean;
}

function nameOf({ topic, partition, pending = false }: Line): string {
  return lineName({ topic, partition, pending });
}

function placeOf(message: ReceivedMessage): number {
  return message.pending ? message.localSequence : message.offset;
}

function textOf(value: ReceivedHeader | readonly ReceivedHeader[] | undefined): string | null {
  return value instanceof Uint8Array ? utf8.decode(value) : null;
}
