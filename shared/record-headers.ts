import type { HeaderView } from "./record.ts";
import { textOf } from "./utf8.ts";
import { VarintReader } from "./varint.ts";

/** Reads the headers of one record, one after the other. */
export class HeaderReader {
  /** Where the next header begins. */
  at: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #varint = new VarintReader();
  #keyStart = 0;
  #keyEnd = 0;
  #valueStart = -1;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  static of(bytes: Uint8Array | null): HeaderReader | null {
    return bytes === null ? null : new HeaderReader(bytes, 0, bytes.length);
  }

  /** False: the header does not lie within the record. */
  skip(): boolean {
    const varint = this.#varint;
    if (!varint.varint(this.#bytes, this.at, this.#end) || varint.value < 0) return false;
    this.#keyStart = varint.at;
    this.#keyEnd = varint.at + varint.value;
    if (this.#keyEnd > this.#end || !varint.varint(this.#bytes, this.#keyEnd, this.#end) || varint.value < -1)
      return false;
    const valueEnd = varint.at + Math.max(varint.value, 0);
    if (valueEnd > this.#end) return false;
    this.#valueStart = varint.value < 0 ? -1 : varint.at;
    this.at = valueEnd;
    return true;
  }

  /** Of headers that a cursor has found to be whole. */
  read(): HeaderView {
    if (!this.skip()) return { key: "", value: null };
    const key = textOf(this.#bytes.subarray(this.#keyStart, this.#keyEnd));
    return { key, value: this.#valueStart < 0 ? null : this.#bytes.subarray(this.#valueStart, this.at) };
  }
}
