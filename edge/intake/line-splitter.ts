/**
 * Lines of a stream of bytes, wherever its chunks are cut. What is kept of a line that is not whole yet is bounded; the
 * rest of one that is too long is read past.
 */
import { LIMITS } from "../../shared/limits.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";

/** The text of one piece of a stream, or why it has none. */
export type Piece = string | StrandlineError;

/** Cuts a stream into pieces that are one record each. */
export interface Splitter {
  /** The pieces that end in this chunk, in order. */
  push(chunk: Uint8Array): readonly Piece[];
  /** What is left where the stream ends as it should. */
  end(): readonly Piece[];
}

const LF = 0x0a;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class LineSplitter implements Splitter {
  readonly #held: HeldPiece;
  readonly #bytesMax: number;

  constructor(lineBytesMax: number = LIMITS.recordTextBytesMax) {
    this.#bytesMax = lineBytesMax;
    this.#held = new HeldPiece(lineBytesMax, "a line");
  }

  push(chunk: Uint8Array): readonly Piece[] {
    const last = chunk.lastIndexOf(LF);
    const pieces: Piece[] = [];
    let from = 0;
    if (last >= 0 && !this.#held.isEmpty) {
      from = chunk.indexOf(LF) + 1;
      this.#held.add(chunk.subarray(0, from - 1));
      pieces.push(this.#held.take());
    }
    if (last >= from) this.#split(chunk.subarray(from, last), pieces);
    this.#held.add(last < 0 ? chunk : chunk.subarray(last + 1));
    return pieces;
  }

  end(): readonly Piece[] {
    return this.#held.isEmpty ? [] : [this.#held.take()];
  }

  /** Lines with line feeds between them. Decoded at once: a decoder costs more for each call than for each byte. */
  #split(block: Uint8Array, pieces: Piece[]): void {
    const text = block.byteLength > this.#bytesMax ? null : decoded(block);
    if (text === null) {
      this.#splitBytes(block, pieces);
      return;
    }
    let at = 0;
    for (let lf = text.indexOf("\n"); lf >= 0; lf = text.indexOf("\n", at)) {
      pieces.push(text.slice(at, lf));
      at = lf + 1;
    }
    pieces.push(text.slice(at));
  }

  #splitBytes(block: Uint8Array, pieces: Piece[]): void {
    for (let at = 0; at <= block.byteLength;) {
      const lf = block.indexOf(LF, at);
      const end = lf < 0 ? block.byteLength : lf;
      pieces.push(
        end - at > this.#bytesMax ? tooLong("a line", this.#bytesMax) : pieceOf(block.subarray(at, end), "a line"),
      );
      at = end + 1;
    }
  }
}

/** A piece that comes in parts. Grows with what it holds: a sender of single bytes must not cost an array for each. */
export class HeldPiece {
  readonly #bytesMax: number;
  readonly #what: string;
  #bytes = new Uint8Array(1_024);
  #length = 0;

  constructor(bytesMax: number, what: string) {
    this.#bytesMax = bytesMax;
    this.#what = what;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(part: Uint8Array): void {
    const end = this.#length + part.byteLength;
    if (end <= this.#bytesMax) {
      if (end > this.#bytes.byteLength) {
        const grown = new Uint8Array(Math.max(end, this.#bytes.byteLength * 2));
        grown.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = grown;
      }
      this.#bytes.set(part, this.#length);
    }
    this.#length = end;
  }

  take(): Piece {
    const length = this.#length;
    this.#length = 0;
    if (length > this.#bytesMax) return tooLong(this.#what, this.#bytesMax);
    return pieceOf(this.#bytes.subarray(0, length), this.#what);
  }
}

function pieceOf(bytes: Uint8Array, what: string): Piece {
  return decoded(bytes) ?? new StrandlineError("INVALID_RECORD", `${what} is not UTF-8`);
}

function tooLong(what: string, limit: number): StrandlineError {
  return new StrandlineError("MESSAGE_TOO_LARGE", `${what} of more than ${limit} bytes`, { limit });
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}
