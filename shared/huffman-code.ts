/** Bits and canonical Huffman codes as deflate writes them (RFC 1951, 3.1.1 and 3.2.2). */

export class MalformedDeflate extends Error {}

export const CODE_BITS_MAX = 15;
/** Nearly all symbols have codes this short. A table for all 15 bits would cost 64 KiB for each of many tiny blocks. */
const TABLE_BITS = 9;

export class HuffmanCode {
  /** `symbol << 4 | bits` for every sequence of 9 bits that begins with a code; 0: a longer code, or none. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  /** How many codes have this many bits. */
  readonly #counts = new Uint16Array(CODE_BITS_MAX + 1);
  /** In the order of their codes. */
  readonly #symbols: Uint16Array;

  /** `lengths[symbol]` is the length of its code; 0: it has none. Throws where more codes are asked for than there are. */
  constructor(lengths: Uint8Array) {
    for (const bits of lengths) if (bits !== 0) this.#counts[bits] = (this.#counts[bits] as number) + 1;
    const next = this.#firstCodes();
    const places = this.#places();
    this.#symbols = new Uint16Array(lengths.length);
    for (const [symbol, bits] of lengths.entries()) {
      if (bits === 0) continue;
      const code = next[bits] as number;
      next[bits] = code + 1;
      this.#symbols[places[bits] as number] = symbol;
      places[bits] = (places[bits] as number) + 1;
      this.#enter(symbol, code, bits);
    }
  }

  /** `symbol << 4 | bits` of the code that `held` begins with, lowest bit first; 0: none does. */
  find(held: number): number {
    const entry = this.#table[held & ((1 << TABLE_BITS) - 1)] as number;
    return entry !== 0 ? entry : this.#findLong(held);
  }

  /** Mark Adler's `puff`: codes of one length are consecutive numbers. */
  #findLong(held: number): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let bits = 1; bits <= CODE_BITS_MAX; bits += 1) {
      code |= (held >> (bits - 1)) & 1;
      const count = this.#counts[bits] as number;
      if (code - count < first) return ((this.#symbols[index + code - first] as number) << 4) | bits;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return 0;
  }

  #firstCodes(): Uint16Array {
    const first = new Uint16Array(CODE_BITS_MAX + 1);
    let code = 0;
    for (let bits = 1; bits <= CODE_BITS_MAX; bits += 1) {
      first[bits] = code;
      code += this.#counts[bits] as number;
      if (code > 1 << bits) throw new MalformedDeflate();
      code <<= 1;
    }
    return first;
  }

  #places(): Uint16Array {
    const places = new Uint16Array(CODE_BITS_MAX + 1);
    for (let bits = 1; bits < CODE_BITS_MAX; bits += 1) {
      places[bits + 1] = (places[bits] as number) + (this.#counts[bits] as number);
    }
    return places;
  }

  #enter(symbol: number, code: number, bits: number): void {
    if (bits > TABLE_BITS) return;
    let reversed = 0;
    for (let bit = 0; bit < bits; bit += 1) reversed |= ((code >> bit) & 1) << (bits - 1 - bit);
    for (let at = reversed; at < this.#table.length; at += 1 << bits) this.#table[at] = (symbol << 4) | bits;
  }
}

export class BitReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #held = 0;
  #heldBits = 0;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** At most 16 bits. */
  take(bits: number): number {
    this.#fill(bits);
    if (this.#heldBits < bits) throw new MalformedDeflate();
    const value = this.#held & ((1 << bits) - 1);
    this.#drop(bits);
    return value;
  }

  symbol(code: HuffmanCode): number {
    this.#fill(CODE_BITS_MAX);
    const entry = code.find(this.#held);
    const bits = entry & 15;
    if (bits === 0 || bits > this.#heldBits) throw new MalformedDeflate();
    this.#drop(bits);
    return entry >> 4;
  }

  skipToByte(): void {
    this.#drop(this.#heldBits & 7);
  }

  skipBytes(count: number): void {
    if (this.bytesLeft() < count) throw new MalformedDeflate();
    this.#at += count - (this.#heldBits >> 3);
    this.#held = 0;
    this.#heldBits = 0;
  }

  /** Whole bytes not yet taken. */
  bytesLeft(): number {
    return this.#bytes.length - this.#at + (this.#heldBits >> 3);
  }

  #fill(bits: number): void {
    while (this.#heldBits < bits && this.#at < this.#bytes.length) {
      this.#held |= (this.#bytes[this.#at++] as number) << this.#heldBits;
      this.#heldBits += 8;
    }
  }

  #drop(bits: number): void {
    this.#held >>>= bits;
    this.#heldBits -= bits;
  }
}
