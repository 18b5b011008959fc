/**
 * The variable part of one producer's state, as a snapshot holds it (`producer-snapshot.ts`).
 *
 *   device = runs, voids
 *   runs   = varlong number, number * (varlong sequence, varlong count, offset)    newest last
 *   voids  = varlong number, number * (varlong sequence, varlong count, uint32 crc)
 *   kafka  = varlong number, number * (varlong first, varlong last, offset)        newest last
 *   offset = groups of 7 bits without a sign, low bits first, in the list's first item; varlong in those behind it
 *
 * Varlongs are Kafka's zigzag ones. Every `sequence`, `first` and `offset` but the first of its list is counted from the
 * end of the one before it, and `last` from its `first`: consecutive runs take four bytes or so each.
 */
import { assert } from "../../shared/assert.ts";
import { StrandlineError } from "../../shared/strandline-error.ts";
import { VarintReader, writeVarlong } from "../../shared/varint.ts";
import type { KafkaBatch } from "./kafka-append.ts";
import type { DeviceProducerState, ProducerState } from "./producer-state.ts";

type Ranges = DeviceProducerState["recent"];
type Voids = DeviceProducerState["voids"];

/** Bytes of one run, batch or void at most: three numbers of 10, 10 and 8. */
const ITEM_BYTES_MAX = 28;
const COUNT_BYTES_MAX = 5;
const UINT32_BYTES = 4;

/** Of what a damaged snapshot is answered with. */
export function damaged(said: string): StrandlineError {
  return new StrandlineError("KAFKA_STORAGE_ERROR", `a snapshot of producers is damaged: ${said}`);
}

export function variableBytesOf(state: ProducerState): Uint8Array {
  const items = state.recent.length + ("chain" in state ? state.voids.length : 0);
  const writer = new ListWriter(2 * COUNT_BYTES_MAX + items * ITEM_BYTES_MAX);
  if ("chain" in state) {
    writer.ranges(state.recent);
    writer.voids(state.voids);
  } else {
    writer.batches(state.recent);
  }
  return writer.done();
}

export function readDeviceLists(bytes: Uint8Array): Pick<DeviceProducerState, "recent" | "voids"> {
  const reader = new ListReader(bytes);
  const lists = { recent: reader.ranges(), voids: reader.voids() };
  reader.demandEnd();
  return lists;
}

export function readKafkaList(bytes: Uint8Array): KafkaBatch[] {
  const reader = new ListReader(bytes);
  const batches = reader.batches();
  reader.demandEnd();
  return batches;
}

/** A device's lists without its runs; the voids are not read for it. */
export function deviceListsWithoutRuns(bytes: Uint8Array): Uint8Array {
  const reader = new ListReader(bytes);
  reader.ranges();
  const voids = reader.rest();
  const stripped = new Uint8Array(1 + voids.length);
  stripped.set(voids, 1);
  return stripped;
}

class ListWriter {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  ranges(ranges: Ranges): void {
    this.#varlong(ranges.length);
    let [sequenceEnd, offsetEnd] = [0, 0];
    for (const [index, { sequence, count, baseOffset }] of ranges.entries()) {
      this.#varlong(sequence - sequenceEnd);
      this.#varlong(count);
      this.#offset(baseOffset, offsetEnd, index);
      [sequenceEnd, offsetEnd] = [sequence + count, baseOffset + count];
    }
  }

  voids(voids: Voids): void {
    this.#varlong(voids.length);
    let sequenceEnd = 0;
    for (const [sequence, count, crc] of voids) {
      this.#varlong(sequence - sequenceEnd);
      this.#varlong(count);
      for (let shift = 24; shift >= 0; shift -= 8) this.#bytes[this.#at++] = crc >>> shift;
      sequenceEnd = sequence + count;
    }
  }

  batches(batches: readonly KafkaBatch[]): void {
    this.#varlong(batches.length);
    let [sequenceEnd, offsetEnd] = [0, 0];
    for (const [index, { firstSequence, lastSequence, baseOffset }] of batches.entries()) {
      this.#varlong(firstSequence - sequenceEnd);
      this.#varlong(lastSequence - firstSequence);
      this.#offset(baseOffset, offsetEnd, index);
      [sequenceEnd, offsetEnd] = [lastSequence + 1, baseOffset];
    }
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #varlong(value: number): void {
    this.#at = writeVarlong(this.#bytes, this.#at, value);
  }

  #offset(offset: number, before: number, index: number): void {
    if (index > 0) {
      // Zigzag has room for 52 bits, and no two runs of one producer lie further apart.
      assert(Math.abs(offset - before) < 2 ** 52, "runs of one producer lie less than 2^52 offsets apart");
      this.#varlong(offset - before);
      return;
    }
    let rest = offset;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#at++] = rest;
  }
}

class ListReader {
  readonly #bytes: Uint8Array;
  readonly #varints = new VarintReader();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  ranges(): Ranges {
    let [sequenceEnd, offsetEnd] = [0, 0];
    return Array.from({ length: this.#number() }, (_, index) => {
      const sequence = sequenceEnd + this.#varlong();
      const count = this.#varlong();
      const baseOffset = this.#offset(offsetEnd, index);
      [sequenceEnd, offsetEnd] = [sequence + count, baseOffset + count];
      return { sequence, count, baseOffset };
    });
  }

  voids(): Voids {
    let sequenceEnd = 0;
    return Array.from({ length: this.#number() }, () => {
      const sequence = sequenceEnd + this.#varlong();
      const count = this.#varlong();
      sequenceEnd = sequence + count;
      return [sequence, count, this.#uint32()] as const;
    });
  }

  batches(): KafkaBatch[] {
    let [sequenceEnd, offsetEnd] = [0, 0];
    return Array.from({ length: this.#number() }, (_, index) => {
      const firstSequence = sequenceEnd + this.#varlong();
      const lastSequence = firstSequence + this.#varlong();
      const baseOffset = this.#offset(offsetEnd, index);
      [sequenceEnd, offsetEnd] = [lastSequence + 1, baseOffset];
      return { firstSequence, lastSequence, baseOffset };
    });
  }

  rest(): Uint8Array {
    return this.#bytes.subarray(this.#at);
  }

  demandEnd(): void {
    if (this.#at !== this.#bytes.length) throw damaged("bytes behind a state");
  }

  /** Of a list's items, each of which takes more than a byte. */
  #number(): number {
    const number = this.#varlong();
    if (number < 0 || number > this.#bytes.length) throw damaged("a list longer than its bytes");
    return number;
  }

  #varlong(): number {
    if (!this.#varints.varlong(this.#bytes, this.#at, this.#bytes.length)) throw damaged("a number cut off");
    this.#at = this.#varints.at;
    return this.#varints.value;
  }

  #uint32(): number {
    const at = this.#at;
    this.#at += UINT32_BYTES;
    if (this.#at > this.#bytes.length) throw damaged("a CRC cut off");
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset).getUint32(at);
  }

  #offset(before: number, index: number): number {
    if (index > 0) return before + this.#varlong();
    let offset = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 0x80) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damaged("an offset cut off");
      offset += (byte & 0x7f) * scale;
      if (byte < 0x80) return offset;
    }
    throw damaged("an offset too wide");
  }
}
