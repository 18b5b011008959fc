/**
 * JSON objects of a stream, one right after the other or with space between them, wherever its chunks are cut. Looks at
 * braces and texts alone: whether an object is JSON is for its parser to say. What is no object ends the stream, since
 * nothing says where the next one would begin.
 */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { HeldPiece, type Piece, type Splitter } from "./line-splitter.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** Space, tab, line feed, carriage return. */
const SPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

export class JsonSplitter implements Splitter {
  readonly #held: HeldPiece;
  #depth = 0;
  #inText = false;
  #isEscaped = false;
  #isOver = false;

  constructor(objectBytesMax: number = LIMITS.recordTextBytesMax) {
    this.#held = new HeldPiece(objectBytesMax, "an object");
  }

  push(chunk: Uint8Array): readonly Piece[] {
    const pieces: Piece[] = [];
    let from = 0;
    for (let at = 0; at < chunk.byteLength && !this.#isOver;) {
      if (this.#depth === 0) {
        const byte = chunk[at] as number;
        if (byte === OPEN) {
          from = at;
          this.#depth = 1;
        } else if (!SPACE.has(byte)) {
          this.#isOver = true;
          pieces.push(notAnObject());
        }
        at += 1;
        continue;
      }
      at = this.#within(chunk, at);
      if (this.#depth > 0) break;
      this.#held.add(chunk.subarray(from, at));
      pieces.push(this.#held.take());
    }
    if (this.#depth > 0) this.#held.add(chunk.subarray(from));
    return pieces;
  }

  /** An object that did not end is none. */
  end(): readonly Piece[] {
    if (this.#depth === 0) return [];
    this.#depth = 0;
    this.#isOver = true;
    return [notAnObject()];
  }

  /** Up to the end of the object, or of the chunk. */
  #within(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.byteLength; at += 1) {
      const byte = chunk[at] as number;
      if (this.#isEscaped) this.#isEscaped = false;
      else if (this.#inText) {
        if (byte === QUOTE) this.#inText = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
      } else if (byte === QUOTE) this.#inText = true;
      else if (byte === OPEN) this.#depth += 1;
      else if (byte === CLOSE && (this.#depth -= 1) === 0) return at + 1;
    }
    return chunk.byteLength;
  }
}

function notAnObject(): StrandlineError {
  return new StrandlineError(
    "INVALID_REQUEST",
    "the body is not one JSON object after the other; it is read no further",
  );
}
